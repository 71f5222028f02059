"""Which pictures a folder holds: their classes, and the parts it is split into already."""

import hashlib
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vgglab.config.schema import DataConfig
from vgglab.config.shown import one_line
from vgglab.datasets.arrangement import arrange
from vgglab.datasets.changes import file_digest
from vgglab.datasets.corrections import corrected
from vgglab.datasets.entries import Entry, Packed, size_of, state_of
from vgglab.datasets.formats import readable_formats
from vgglab.datasets.labels import find_labelled
from vgglab.datasets.listing import Listed, files_below, in_order
from vgglab.datasets.names import Names
from vgglab.datasets.shards import find_shards, list_shards, names_column, packed_pictures
from vgglab.errors import DataError

VERSION = 2  # of how pictures are decoded, and kept: another one decodes everything anew


@dataclass(frozen=True)
class Pictures:
    """The picture files of a folder, nothing of them read.

    Attributes:
        root: the folder.
        classes: class names, sorted as Keras sorts them.
        files: paths below the folder, sorted.
        labels: class number of each file, of the smallest type that holds it, shape (N,).
        groups: int64 number of each file's group, shape (N,); None where none were asked for.
        parts: positions in `files` of each part that the folder has: all in `train` where it is not split.
        split: whether the folder, or a table of labels, has parts.
        notes: what is left out, or not read as it stands; a sentence each.
        packed: where the bytes of each file are; none where it is a file at its path.
    """

    root: Path
    classes: tuple[str, ...]
    files: Sequence[str]
    labels: np.ndarray
    parts: Mapping[str, np.ndarray]
    split: bool
    notes: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    packed: Sequence[Packed] = ()

    def entries(self, rows: Iterable[int] | None = None) -> Iterator[Entry]:
        """Where the bytes of the pictures at some positions are, or of all."""
        return map(self._entry, range(len(self.files)) if rows is None else rows)

    def digests(self, rows: Iterable[int]) -> list[str]:
        """A short hash of the name and the size of the pictures at some positions: nothing is read."""
        return [file_digest(self.files[row], size_of(self._entry(row))) for row in rows]

    def _entry(self, row: int) -> Entry:
        return self.packed[row] if self.packed else os.path.join(self.root, self.files[row])


def find_pictures(config: DataConfig) -> Pictures:
    """List the pictures of the folder `config.name`, with their classes and parts; what is hidden is left out.

    Every file counts, whatever its name ends in: whether it is a picture shows when it is read. Classes and parts are
    told by the folders (see `arrangement`), by the table `config.labels`, or by shards (see `shards`), which are a
    data set where there are no folders of pictures; of Parquet and Arrow by their column `config.labels`.

    Raises:
        DataError: there is no such folder, it has no classes, its parts do not fit together, or it can be read in two
            ways.
    """
    root = Path(config.name).expanduser().absolute()
    _check_is_folder(root)
    listed = _list(root, config)
    if config.without:
        listed = corrected(listed, Path(config.without).expanduser())
    names, parts = ({name: number for number, name in enumerate(known)} for known in (listed.classes, listed.parts))
    files, labels, places = Names(), array("I"), array("B")
    for file, name, part in listed.rows:
        files.append(file)
        labels.append(names.setdefault(name, len(names)))
        places.append(parts.setdefault(part, len(parts)))
    classes = tuple(sorted(names))
    numbers = np.argsort([names[name] for name in classes]).astype(np.min_scalar_type(len(classes)))
    positions = {part: np.flatnonzero(np.asarray(places) == number) for part, number in parts.items()}
    groups = _numbered([listed.groups[file] for file in files]) if listed.groups else None
    packed = listed.packed.named(files) if listed.packed else ()
    files = packed.names if packed else files  # the same, and held once
    return Pictures(root, classes, files, numbers[labels], positions, listed.split, listed.notes, groups, packed)


def picture_key(pictures: Pictures, rows: Iterable[int], how: tuple) -> str:
    """A hash of everything that the pixels of some pictures depend on, of files by size and times: nothing is read.

    Args:
        pictures: a data set.
        rows: positions in it.
        how: what else decides how they are decoded.
    """
    digest = hashlib.sha256(f"{VERSION} {' '.join(map(str, how))} {readable_formats()}".encode())
    for row, entry in zip(rows, pictures.entries(rows), strict=True):
        digest.update(os.fsencode(pictures.files[row]) + f" {state_of(entry)}\n".encode())
    return digest.hexdigest()


def _numbered(names: Sequence[str]) -> np.ndarray:
    """A number of each name, the same for the same; what has none is by itself: int64 (N,)."""
    numbers: dict[str | int, int] = {}
    return np.array([numbers.setdefault(name or row, len(numbers)) for row, name in enumerate(names)], dtype=np.int64)


def _check_is_folder(root: Path) -> None:
    advice = "give a folder that has one folder of pictures per class"
    if not root.exists():
        raise DataError(f"{root}: no such folder; {advice}")
    if not root.is_dir():
        raise DataError(f"{root}: is a file, not a folder; {advice}")


def _list(root: Path, config: DataConfig) -> Listed:
    shards = find_shards(root, flat=config.labels is not None) if config.layout == "auto" else []
    column = config.labels if config.labels and names_column(config.labels, shards) else None
    if config.labels and not column:
        packed = packed_pictures(root, shards)
        return find_labelled(root, Path(config.labels).expanduser(), config.groups, packed)
    if config.groups:
        raise DataError(f"--groups {config.groups}: is a column of a table, and --labels {column} one of the shards")
    return list_shards(root, shards, column) if shards else _list_files(root, config.layout)


def _list_files(root: Path, layout: str) -> Listed:
    """The files below `root`, in the classes and parts that its folders are; arguments and errors as of `arrange`."""
    arranged = arrange(root, layout)
    folders = in_order(
        (f"{folder.relative_to(root).as_posix()}/", name, part)
        for part, folders in arranged.parts.items()
        for name, folder in folders.items()
    )
    rows = (
        (place + file, name, part)
        for place, name, part in folders  # none lies in another, so that one follows the other
        for file in sorted(files_below(root / place), key=one_line)
    )
    return Listed(rows, arranged.split, arranged.notes, tuple(arranged.parts["train"]), tuple(arranged.parts))
