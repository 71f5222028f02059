"""What a run reads, on its way to the machines that train: what travels, and the one copy that each of them keeps."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from filelock import FileLock

from vgglab.datasets.archives import Archive
from vgglab.datasets.cifar import CIFAR10, CIFAR100
from vgglab.datasets.kept import mark_used
from vgglab.datasets.listing import files_below
from vgglab.datasets.places import data_home, find_folder, unpacked
from vgglab.errors import DataError
from vgglab.experiments.grid.travelled import TravelledStore
from vgglab.experiments.outside import Outside
from vgglab.runs.files import write_folder

ARCHIVES = {"cifar10": CIFAR10, "cifar100": CIFAR100}
PART = 64 * 2**20  # bytes that travel at a time
Files = list[tuple[str, np.ndarray]]  # names below the copy, and the bytes of each file


@dataclass(frozen=True)
class Ticket:
    """What a machine is told of a freight before anything travels.

    Attributes:
        published: name of a published data set, which is known by its name; None for other things.
        place: the folder, or the file, where the study was started.
        beside: what lies elsewhere there and belongs to it.
        file: name of the file in a copy, where it is one; empty for a folder.
        listing: hash of all their names, sizes and times: a machine that sees the same there needs no copy.
        key: hash of all that is in them.
        bytes: how many there are.
    """

    published: str | None
    place: str
    beside: tuple[str, ...] = ()
    file: str = ""
    listing: str = ""
    key: str = ""
    bytes: int = 0


class Freight:
    """The files of something that a run reads, where the study was started.

    Args:
        what: as `outside` tells of it.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
        check: called again and again while files are read; what it raises ends that.

    Raises:
        DataError: there is no such data.
    """

    def __init__(self, what: Outside, data_dir: Path | str | None = None, check: Callable[[], None] = lambda: None):
        self.published = what.place if what.place in ARCHIVES else None
        self.place = find_folder(ARCHIVES[self.published], data_dir) if self.published else Path(what.place)
        self.beside, self.check = what.beside, check
        self.files = _archive_files(self.place, self.published) if self.published else _files(self.place, what.beside)

    @cached_property
    def ticket(self) -> Ticket:
        """What is told of it first; but for a published set every file is read for that, once."""
        if self.published:
            return Ticket(self.published, str(self.place), bytes=self._bytes)
        digest = hashlib.sha256()
        for name, path in self.files.items():
            digest.update(os.fsencode(name) + b"\0" + self._hash(path))
        beside = tuple(str(path) for _, path in self.beside)
        file = self.place.name if self.place.is_file() else ""
        told = listing(self.place, beside)
        return Ticket(None, str(self.place), beside, file, told, digest.hexdigest(), self._bytes)

    def _hash(self, path: Path) -> bytes:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while content := file.read(PART):
                self.check()
                digest.update(content)
        return digest.digest()

    @property
    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self.files.values())

    def parts(self) -> Iterator[Files]:
        """Its files, some at a time."""
        part, held = [], 0
        for name, path in self.files.items():
            self.check()
            part.append((name, np.fromfile(path, np.uint8)))
            held += part[-1][1].nbytes
            if held >= PART:
                yield part
                part, held = [], 0
        yield part


def listing(place: Path, beside: Iterable[str] = ()) -> str:
    """A hash of the names, sizes and times of a file, or a folder's, and of others; empty where one is missing."""
    digest = hashlib.sha256()
    try:
        for path in [*_all_of(place), *map(Path, beside)]:
            status = path.stat()
            digest.update(os.fsencode(path) + f" {status.st_size} {status.st_mtime_ns}\n".encode())
    except OSError:
        return ""
    return digest.hexdigest()


def at_hand(ticket: Ticket) -> Path | None:
    """On the machine of a run: the folder, or the file; None where it has to travel."""
    if ticket.published:
        return unpacked(ARCHIVES[ticket.published], data_home())
    place, copy = Path(ticket.place), copy_of(ticket)
    if listing(place, ticket.beside) == ticket.listing:
        return place
    if not copy.is_dir():
        return None
    mark_used(copy.parent)
    return copy / ticket.file


def receive(ticket: Ticket, parts: Callable[[], Iterable[Files]]) -> Path:
    """On the machine of a run: make the copy, whole or not at all, unless another run of the machine was faster.

    Raises:
        DataError: there is no room for it.
    """
    copy, lock = copy_of(ticket), _lock_of(ticket)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        copy.parent.mkdir(exist_ok=True)
        found = at_hand(ticket)
        if found is None:
            free = shutil.disk_usage(copy.parent).free
            if free < ticket.bytes:
                needed = f"{ticket.bytes / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
                raise DataError(f"{copy.parent}: {copy.name} needs {needed}; make room, or set VGGLAB_DATA there")
            write_folder(copy, lambda folder: _write(folder, parts()))
        return found or copy / ticket.file


def _write(folder: Path, parts: Iterable[Files]) -> None:
    for part in parts:
        for name, content in part:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            content.tofile(folder / name)


def copy_of(ticket: Ticket) -> Path:
    """The folder of a machine's copy; below its key, as a data set has its folder's name."""
    if ticket.published:
        return data_home() / ARCHIVES[ticket.published].folder
    return TravelledStore().place(ticket.key[:16]) / Path(ticket.place).name


def _lock_of(ticket: Ticket) -> Path:
    if ticket.published:
        return data_home() / f".{ARCHIVES[ticket.published].folder}.lock"
    return TravelledStore().lock(ticket.key[:16])


def _archive_files(place: Path, name: str) -> dict[str, Path]:
    archive: Archive = ARCHIVES[name]
    return {file: place / file for file in archive.files}


def _files(place: Path, beside: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """Name in the copy -> path here; what lies elsewhere and belongs to it travels along."""
    folder = place.parent if place.is_file() else place
    return {path.relative_to(folder).as_posix(): path for path in _all_of(place)} | dict(beside)


def _all_of(place: Path) -> list[Path]:
    return [place] if place.is_file() else [place / name for name in sorted(files_below(place))]
