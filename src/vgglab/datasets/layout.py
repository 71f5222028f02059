"""Which pictures a folder holds: their classes, and the parts it is split into already."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from vgglab.errors import DataError

SPELLINGS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
PART_OF = {spelling: part for part, spellings in SPELLINGS.items() for spelling in spellings}
_EXPECTED_PARTS = "expected train, perhaps val and test, and nothing else: rename it or move it away"
LEFT_BEHIND = ("__MACOSX", "Thumbs.db", "desktop.ini")  # by other systems, which hide them


@dataclass(frozen=True)
class Pictures:
    """The picture files of a folder, nothing of them read.

    Attributes:
        root: the folder.
        classes: class names, sorted as Keras sorts them.
        files: paths below the folder, sorted.
        labels: int64 class number of each file, shape (N,).
        parts: positions in `files` of each part that the folder has: all in `train` where it is not split.
        split: whether the folder has folders for its parts.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[str, ...]
    labels: np.ndarray
    parts: Mapping[str, np.ndarray]
    split: bool


def find_pictures(path: str | PathLike[str]) -> Pictures:
    """List `path/<class>/*`, or `path/{train,val,test}/<class>/*` in any usual spelling; what is hidden is left out.

    Every file counts, whatever its name ends in: whether it is a picture shows when it is read.

    Raises:
        DataError: there is no such folder, it has no classes, or its parts do not fit together.
    """
    root = Path(path).expanduser().absolute()
    _check_is_folder(root)
    part_folders = _part_folders(root)
    folders = part_folders or {"train": ""}
    classes = tuple(_subfolders(root / folders["train"]))
    if not classes:
        raise DataError(_no_classes(root / folders["train"]))
    found = {part: _class_files(root, folder, classes) for part, folder in folders.items()}
    return _combine(root, classes, found, bool(part_folders))


def is_hidden(name: str) -> bool:
    """Whether a file or folder is none of the user's pictures."""
    return name.startswith(".") or name in LEFT_BEHIND


def _check_is_folder(root: Path) -> None:
    advice = "give a folder that has one folder of pictures per class"
    if not root.exists():
        raise DataError(f"{root}: no such folder; {advice}")
    if not root.is_dir():
        raise DataError(f"{root}: is a file, not a folder; {advice}")


def _part_folders(root: Path) -> dict[str, str]:
    """Part -> name of its folder; empty where the folders are classes."""
    names = _subfolders(root)
    parts = {name: PART_OF.get(name.lower()) for name in names}
    has_classes = any(_subfolders(root / name) for name, part in parts.items() if part == "train")
    if not has_classes and (not names or None in parts.values()):
        return {}
    folders: dict[str, str] = {}
    for name, part in parts.items():
        if part is None:
            raise DataError(f"{root}: has a folder for training and one named {name!r}; {_EXPECTED_PARTS}")
        if part in folders:
            raise DataError(f"{root}: {folders[part]!r} and {name!r} are both for {part}; {_EXPECTED_PARTS}")
        folders[part] = name
    if "train" not in folders:
        raise DataError(f"{root}: has no folder for training, only {_some(names)}; {_EXPECTED_PARTS}")
    return folders


def _class_files(root: Path, folder: str, classes: tuple[str, ...]) -> list[tuple[str, int]]:
    """(path below the root, class number) of every file of a part."""
    names = _subfolders(root / folder)
    if not names:
        raise DataError(_no_classes(root / folder))
    for name in names:
        if name not in classes:
            raise DataError(
                f"{root / folder / name}: training has no class {name!r}, only {_some(classes)}; "
                "rename the folder, or move it away"
            )
    return [(file, classes.index(name)) for name in names for file in _files_below(root, os.path.join(folder, name))]


def _combine(root: Path, classes: tuple[str, ...], found: dict[str, list[tuple[str, int]]], split: bool) -> Pictures:
    everything = sorted((file, label, part) for part, entries in found.items() for file, label in entries)
    files, labels, parts = zip(*everything, strict=True) if everything else ((), (), ())
    positions = {part: np.flatnonzero(np.array(parts) == part) for part in found}
    return Pictures(root, classes, files, np.array(labels, dtype=np.int64), positions, split)


def _files_below(root: Path, folder: str) -> list[str]:
    """Paths of the files in a class's folder and the folders in it, as Keras takes them."""
    found = []
    for place, folders, files in os.walk(root / folder):
        folders[:] = [name for name in folders if not is_hidden(name)]
        below = Path(place).relative_to(root)
        found += [(below / name).as_posix() for name in files if not is_hidden(name)]
    return found


def _subfolders(folder: Path) -> list[str]:
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not is_hidden(entry.name))


def _no_classes(folder: Path) -> str:
    files = sum(entry.is_file() and not is_hidden(entry.name) for entry in os.scandir(folder))
    return (
        f"{folder}: holds {files:,} files and no class folders; expected {folder.name}/<class>/<picture>: "
        "put the pictures of each class into a folder of its name"
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
