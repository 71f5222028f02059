"""Write src/vgglab/models/facts.csv and hub.csv: what `vgglab models` says of keras.applications and KerasHub.

python docs/scripts/models.py, with the extra hub
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from unittest.mock import patch

import keras

from vgglab.models.describe import count_flops, count_parameters
from vgglab.models.hub import known_presets
from vgglab.models.listing import FACTS, FIELDS, HUB_FACTS
from vgglab.models.pretrained import Application, application_names

MAPS = ("cspnet", "densenet", "efficientnet", "mobilenet", "resnet", "vgg", "xception")  # their backbones end in maps
ANY_SIZE = 224  # pixels: MobileNetV3 takes images of any size, and was trained on these


class Asked(Exception):
    """Keras asks for a file of weights."""


def facts(name: str) -> dict[str, str | int]:
    """What the network is without its head, for images of the size that it was published for."""
    builder = Application(name).builder
    with keras.StatelessScope(initialize_variables=False):
        side = builder(weights=None).input_shape[1] or ANY_SIZE
        model = builder(include_top=False, weights=None, input_shape=(side, side, 3))
        made = {"parameters": count_parameters(model)["total"], "flops": count_flops(model)}
    keras.utils.clear_session(free_memory=False)
    return {"name": name, "side": side, **made, "file": weights_file(name, side)}


def weights_file(name: str, side: int) -> str:
    """The name of the file that Keras fetches the network's ImageNet weights in, without a head."""

    def ask(fname: str, *_: object, **__: object) -> None:
        raise Asked(fname)

    with patch("keras.src.utils.file_utils.get_file", ask), keras.StatelessScope(initialize_variables=False):
        try:
            Application(name).builder(include_top=False, weights="imagenet", input_shape=(side, side, 3))
        except Asked as asked:
            return str(asked)
        finally:
            keras.utils.clear_session(free_memory=False)
    raise ValueError(f"{name}: Keras asked for no weights")


def presets() -> Iterator[dict[str, str | int]]:
    """The presets of KerasHub that give feature maps, by what KerasHub says of them."""
    for name, told in known_presets().items():
        side = re.search(r"(\d{3})x\1", told["metadata"]["description"])
        if told["metadata"]["path"] in MAPS:
            numbers = {"side": side[1] if side else "", "parameters": told["metadata"]["params"]}
            yield {"name": name, **numbers, "file": told["kaggle_handle"]}


def write(path: Path, rows: Iterable[dict[str, str | int]]) -> None:
    """Write a file with a row a network."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(buffer.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    write(HUB_FACTS, sorted(presets(), key=lambda row: row["name"]))
    write(FACTS, map(facts, application_names()))
