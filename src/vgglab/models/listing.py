"""What networks can be named, in facts that are at hand: no network is built, and no backend loaded."""

import csv
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vgglab.config.schema import BUILTIN, BUILTIN_WIDTH, HUB_PREFIX
from vgglab.config.yaml_text import nearest
from vgglab.errors import UsageError
from vgglab.models.builtin import builtin_path

FACTS, HUB_FACTS = (Path(__file__).with_name(name) for name in ("facts.csv", "hub.csv"))  # by docs/scripts/models.py
FIELDS = ("name", "side", "parameters", "flops", "file")
SCRATCH, APPLICATIONS, HUB = "vgglab", "keras.applications", "KerasHub"
VGG16 = {"side": 32, "parameters": 33_638_218, "flops": 664_223_744}  # for ten classes, as by default


@dataclass(frozen=True)
class Listed:
    """A network that can be named.

    Attributes:
        name: what to say to `--model` (of vgglab's own) or `--backbone`.
        source: `vgglab`, `keras.applications` or `KerasHub`.
        side: pixels of the images that it was published for; None where that is not known.
        parameters: number of its weights; of a backbone without a head.
        flops: of one image of that size, forward; of a backbone without a head; None where that is not known.
        weights: what `--weights` can name: `imagenet`, `builtin`, `preset`; nothing for a network from scratch.
        at_hand: those of them that need no network.
        file: where the weights of ImageNet or of the preset are kept once they are fetched; "" for none.
    """

    name: str
    source: str
    side: int | None
    parameters: int
    flops: int | None
    weights: tuple[str, ...] = ()
    at_hand: tuple[str, ...] = ()
    file: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as JSON takes them."""
        return asdict(self)


def list_models() -> list[Listed]:
    """Every network that can be named, ours first."""
    return [
        Listed("vgg16", SCRATCH, **VGG16),
        *map(_application, _rows(FACTS)),
        *map(_preset, _rows(HUB_FACTS)),
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def find_model(name: str) -> Listed:
    """The network of a name, in capitals or not; of two of one name that of keras.applications where it is `VGG16`.

    Raises:
        UsageError: there is none; the nearest is named.
    """
    listed = list_models()
    for alike in (lambda known: known == name, lambda known: known.lower() == name.lower()):
        if found := next((each for each in listed if alike(each.name)), None):
            return found
    names = [each.name for each in listed]
    raise UsageError(f"unknown network {name!r}; vgglab models lists them{nearest(name, names)}")


def _application(row: dict[str, str]) -> Listed:
    path = weights_folder() / row["file"]
    shipped = row["name"] in BUILTIN and builtin_path(row["name"]).is_file()
    at_hand = (*(["imagenet"] if path.is_file() else []), *(["builtin"] if shipped else []))
    weights = ("imagenet", "builtin") if shipped else ("imagenet",)
    numbers = {field: int(row[field]) for field in ("side", "parameters", "flops")}
    return Listed(row["name"], APPLICATIONS, **numbers, weights=weights, at_hand=at_hand, file=str(path))


def _preset(row: dict[str, str]) -> Listed:
    """A preset of KerasHub; Kaggle's client keeps its files under the parts of its handle."""
    folder = hub_folder() / row["file"].removeprefix("kaggle://")
    at_hand = ("preset",) if (folder / "model.weights.h5").is_file() else ()
    side = int(row["side"]) if row["side"] else None
    name, parameters = f"{HUB_PREFIX}{row['name']}", int(row["parameters"])
    return Listed(name, HUB, side, parameters, None, ("preset",), at_hand, str(folder))


def hub_folder() -> Path:
    """Where Kaggle's client keeps what it has fetched."""
    home = os.environ.get("KAGGLEHUB_CACHE")
    return (Path(home) if home else Path.home() / ".cache" / "kagglehub") / "models"


def weights_folder() -> Path:
    """Where Keras keeps the weights that it has fetched."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def models_table(listed: list[Listed]) -> tuple[list[str], list[list[str]]]:
    """Header and cells for a person to read."""
    header = ["name", "of", "images", "parameters", "MFLOPs/image", "weights", "at hand"]
    return header, [
        [
            each.name,
            each.source,
            f"{each.side}x{each.side}" if each.side else "",
            f"{each.parameters:,}",
            f"{each.flops / 1e6:,.0f}" if each.flops else "",
            ", ".join(each.weights) or "none",
            ", ".join(each.at_hand),
        ]
        for each in listed
    ]


def model_text(one: Listed) -> str:
    """One network in lines for a person to read."""
    option = "--model" if one.source == SCRATCH else "--backbone"
    cost = f", {one.flops / 1e6:,.0f} MFLOPs an image of {one.side}x{one.side}" if one.flops else ""
    head = "for ten classes" if one.source == SCRATCH else "without a head"
    lines = [
        f"{one.name} of {one.source}: vgglab train {option} {one.name}",
        f"  {one.parameters:,} parameters{cost}, {head}",
    ]
    for name in {"imagenet", "preset"} & set(one.weights):
        there = "at hand" if name in one.at_hand else "not at hand, it is fetched"
        lines.append(f"  --weights {name}: {one.file}, {there}")
    if "builtin" in one.weights:
        lines.append(f"  --weights builtin: shipped, at --width {BUILTIN_WIDTH}")
    return "\n".join(lines)
