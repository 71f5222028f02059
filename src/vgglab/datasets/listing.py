"""Files and folders as they lie on the disk, without what is none of the user's."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vgglab.config.shown import one_line
from vgglab.datasets.packed import PackedPictures

LEFT_BEHIND = ("__MACOSX", "Thumbs.db", "desktop.ini")  # by other systems, which hide them

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Listed:
    """The files of a data set.

    Attributes:
        rows: of each picture its path below the data set's folder (what it is called and shown as), its class, and
            its part; `in_order`, and to be gone through once: the files of a folder are found meanwhile.
        split: whether there are parts.
        notes: what is left out, or not read as it stands; a sentence each.
        classes: class names, those without a file among them.
        parts: likewise.
        groups: file -> what it belongs to, empty for nothing; none where no groups were asked for.
        packed: where their bytes are, of these or of more, in the same order; none where each is a file at its path.
    """

    rows: Iterable[Row]
    split: bool
    notes: tuple[str, ...] = ()
    classes: Sequence[str] = ()
    parts: Sequence[str] = ("train",)
    groups: Mapping[str, str] = field(default_factory=dict)
    packed: PackedPictures = field(default_factory=PackedPictures)


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows by their files as they are shown: the order that a record of the split has too."""
    return sorted(rows, key=lambda row: one_line(row[0]))


def is_hidden(name: str) -> bool:
    """Whether a file or folder is none of the user's pictures."""
    return name.startswith(".") or name in LEFT_BEHIND


def subfolders(folder: Path) -> list[str]:
    """Names of the folders in a folder, sorted as Keras sorts them."""
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not is_hidden(entry.name))


def files_in(folder: Path) -> list[str]:
    """Names of the files that lie in a folder itself."""
    return [entry.name for entry in os.scandir(folder) if not entry.is_dir() and not is_hidden(entry.name)]


def files_below(folder: Path) -> Iterator[str]:
    """Every file in a folder and in those in it, but hidden ones: paths from the folder on, with slashes.

    What is no file is among them. They are texts, as a `Path` of each of a million takes longer than finding them.
    """
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not is_hidden(name)]
        before = place[len(str(folder)) :].replace(os.sep, "/").lstrip("/")
        start = f"{before}/" if before else ""
        yield from (start + name for name in files if not is_hidden(name))
