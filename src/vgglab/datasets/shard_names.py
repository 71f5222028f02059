"""Names of the classes whose numbers are the labels in shards: from a file beside these."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from vgglab.errors import DataError

LISTS = ("classes.txt", "classnames.txt", "class_names.txt")  # a name a line
INFO, CARD = "dataset_info.json", "README.md"  # of Hugging Face's datasets; the card begins with YAML


def class_names(root: Path) -> tuple[str, ...]:
    """The name of class 0, of class 1, and so on; none where no file tells them, or one tells several lists.

    Raises:
        DataError: such a file cannot be read; the line names it.
    """
    for path in (place / name for place in (root, root / "train") for name in (*LISTS, INFO, CARD)):
        if path.is_file() and (names := _read(path)):
            return names
    return ()


def name_of(label: int | str | None, names: Sequence[str], where: str) -> int | str | None:
    """The name of a class that is told by its number; any other label, and -1 for none, as it is.

    Args:
        label: in a shard.
        names: of the classes; none where they are not known.
        where: for what is said.

    Raises:
        DataError: there is no such class.
    """
    if not names or not isinstance(label, int) or label < 0:
        return label
    if label >= len(names):
        known = f"{len(names)} classes have names; expected 0 to {len(names) - 1}"
        raise DataError(f"{where}: has the label {label}, and {known}: write it anew, or name the others too")
    return names[label]


def _read(path: Path) -> tuple[str, ...]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.name in LISTS:
            return tuple(line.strip() for line in text.strip().splitlines())
        told = json.loads(text) if path.name == INFO else _front_matter(text).get("dataset_info")
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: names no classes, it cannot be read ({reason}); mend it, or move it away") from None
    found = set(_class_labels(told))
    return found.pop() if len(found) == 1 else ()


def _front_matter(text: str) -> dict[str, Any]:
    _, *parts = text.split("---\n", 2)
    told = yaml.safe_load(parts[0]) if text.startswith("---\n") and len(parts) == 2 else None
    return told if isinstance(told, dict) else {}


def _class_labels(told: Any) -> Iterator[tuple[str, ...]]:
    """The names of every ClassLabel, as JSON or as a card's YAML has them, at any depth."""
    if isinstance(told, list):
        for each in told:
            yield from _class_labels(each)
    elif isinstance(told, dict):
        names = told.get("names") if told.get("_type") == "ClassLabel" else None
        if names or (names := isinstance(told.get("class_label"), dict) and told["class_label"].get("names")):
            yield tuple(map(str, names.values() if isinstance(names, dict) else names))
        else:
            for each in told.values():
                yield from _class_labels(each)
