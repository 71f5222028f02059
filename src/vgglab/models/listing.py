"""What networks can be named, in facts that are at hand: no network is built, and no backend loaded."""

import csv
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vgglab.config.schema import BUILTIN, BUILTIN_WIDTH
from vgglab.config.yaml_text import nearest
from vgglab.errors import UsageError
from vgglab.models.builtin import builtin_path

FACTS = Path(__file__).with_name("facts.csv")  # written by docs/scripts/models.py
FIELDS = ("name", "side", "parameters", "flops", "file")
SCRATCH, APPLICATIONS = "vgglab", "keras.applications"
VGG16 = {"side": 32, "parameters": 33_638_218, "flops": 664_223_744}  # for ten classes, as by default


@dataclass(frozen=True)
class Listed:
    """A network that can be named.

    Attributes:
        name: what to say to `--model` (of vgglab's own) or `--backbone`.
        source: `vgglab` or `keras.applications`.
        side: pixels of the images that it was published for.
        parameters: number of its weights; of a backbone without a head.
        flops: of one image of that size, forward; of a backbone without a head.
        weights: `none`, `imagenet`, or `imagenet, builtin`: what `--weights` can name.
        at_hand: those of them that need no network.
        file: that holds the ImageNet weights, and where Keras keeps it; "" for none.
    """

    name: str
    source: str
    side: int
    parameters: int
    flops: int
    weights: tuple[str, ...] = ()
    at_hand: tuple[str, ...] = ()
    file: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as JSON takes them."""
        return asdict(self)


def list_models() -> list[Listed]:
    """Every network that can be named, ours first."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        return [Listed("vgg16", SCRATCH, **VGG16), *map(_application, csv.DictReader(file))]


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
            f"{each.side}x{each.side}",
            f"{each.parameters:,}",
            f"{each.flops / 1e6:,.0f}",
            ", ".join(each.weights) or "none",
            ", ".join(each.at_hand),
        ]
        for each in listed
    ]


def model_text(one: Listed) -> str:
    """One network in lines for a person to read."""
    option = "--model" if one.source == SCRATCH else "--backbone"
    head = "for ten classes" if one.source == SCRATCH else "without a head"
    lines = [
        f"{one.name} of {one.source}: vgglab train {option} {one.name}",
        f"  {one.parameters:,} parameters, {one.flops / 1e6:,.0f} MFLOPs an image of {one.side}x{one.side}, {head}",
    ]
    if "imagenet" in one.weights:
        there = "at hand" if "imagenet" in one.at_hand else "not at hand, Keras fetches it"
        lines.append(f"  --weights imagenet: {one.file}, {there}")
    if "builtin" in one.weights:
        lines.append(f"  --weights builtin: shipped, at --width {BUILTIN_WIDTH}")
    return "\n".join(lines)
