"""Names that a folder can have, made from what a run is told."""

import re
from pathlib import Path
from typing import Any

from vgglab.config.resolve import make_config
from vgglab.config.schema import RunConfig, flatten, option_name

READABLE = 120  # characters of a name that is made up, before what is added to it, such as -2


def readable_name(config: RunConfig) -> str:
    """Data set, network, optimizer, and whatever else is not at its default."""
    backbone = config.backbone.name or config.backbone.weights
    parts = [data_label(config.data.name), clean_name(backbone) if backbone else network_label(config.model.name)]
    values, default = flatten(config), flatten(_plainest(config))
    for dotted, value in values.items():
        if dotted == "train.optimizer" or (dotted != "log" and value != default.get(dotted)):
            parts.append(_readable_part(option_name(dotted).replace("_", "-"), value))
    return _joined(parts)


def network_label(name: str) -> str:
    """A network in a folder's name: of a file `nets/my_models.py:make`, `my_models-make`."""
    path, colon, function = name.rpartition(":")
    known = path.removesuffix(".py") if colon else name.removesuffix(".keras")
    return clean_name("-".join(part for part in (Path(known).name, colon and function) if part))


def data_label(name: str) -> str:
    """A data set in a folder's name: its own name, or that of the folder of pictures."""
    return clean_name(Path(name).expanduser().absolute().name)


def clean_name(text: str) -> str:
    """`text` with what a folder's name should not have replaced."""
    return re.sub(r"[^\w.+=-]+", "-", text).strip("-.") or "unnamed"


def _plainest(config: RunConfig) -> RunConfig:
    """Everything at its default but data set, network and optimizer."""
    tree = {"name": config.name, "data": {"name": config.data.name}, "model": {"name": config.model.name}}
    tree["train"] = {"optimizer": config.train.optimizer}
    return make_config({**tree, "backbone": {"name": config.backbone.name, "weights": config.backbone.weights}})


def _joined(parts: list[str]) -> str:
    """As many parts as a folder's name has room for, and how many are left out."""
    kept = parts
    while len(name := "-".join(kept)) > READABLE:
        kept = kept[:-1]
    return name if kept is parts else f"{name}-and-{len(parts) - len(kept)}-more"


def _readable_part(option: str, value: Any) -> str:
    if option in ("labels", "without"):
        return f"{option}-{clean_name(Path(value).name)}"
    if isinstance(value, bool):
        return option if value else f"no-{option}"
    if isinstance(value, list):
        return f"{option}-{'x'.join(str(item) for item in value if not isinstance(item, dict)) or len(value)}"
    return clean_name(value) if option == "optimizer" else f"{option}-{clean_name(str(value))}"
