"""A data set on its way to the machines that train on it: what travels, and the one copy that each of them keeps."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from filelock import FileLock

from vgglab.config.schema import DATASETS, DataConfig
from vgglab.datasets.archives import Archive
from vgglab.datasets.cifar import CIFAR10, CIFAR100
from vgglab.datasets.listing import files_below
from vgglab.datasets.places import data_home, find_folder, unpacked
from vgglab.errors import DataError
from vgglab.experiments.run_data import TABLES, carried
from vgglab.runs.files import write_folder

ARCHIVES = {"cifar10": CIFAR10, "cifar100": CIFAR100}
FOLDER = "travelled"  # in the data folder: the copies of folders of pictures
PART = 64 * 2**20  # bytes that travel at a time
Files = list[tuple[str, np.ndarray]]  # names below the data set's folder, and the bytes of each file


@dataclass(frozen=True)
class Ticket:
    """What a machine is told of a data set before anything travels.

    Attributes:
        published: name of a published set, which is known by its name; None for a folder of pictures.
        place: the folder where the study was started.
        tables: what lies elsewhere there and belongs to it.
        listing: hash of all their names, sizes and times: a machine that sees the same there needs no copy.
        key: hash of all that is in them.
        bytes: how many there are.
    """

    published: str | None
    place: str
    tables: tuple[str, ...] = ()
    listing: str = ""
    key: str = ""
    bytes: int = 0


class Freight:
    """The files of a data set, where the study was started.

    Args:
        data: the data of a run; not that of a built-in set.

    Raises:
        DataError: there is no such data.
    """

    def __init__(self, data: DataConfig):
        self.published = data.name if data.name in DATASETS else None
        self.place = find_folder(ARCHIVES[data.name]) if self.published else Path(data.name).expanduser().absolute()
        self.files = _files(self.place, data) if not self.published else _archive_files(self.place, data.name)

    @cached_property
    def ticket(self) -> Ticket:
        """What is told of it first; of a folder every file is read for that, once."""
        if self.published:
            return Ticket(self.published, str(self.place), bytes=self._bytes)
        digest = hashlib.sha256()
        for name, path in self.files.items():
            with path.open("rb") as file:
                digest.update(os.fsencode(name) + b"\0" + hashlib.file_digest(file, "sha256").digest())
        tables = tuple(str(path) for path in self.files.values() if not path.is_relative_to(self.place))
        return Ticket(None, str(self.place), tables, listing(self.place, tables), digest.hexdigest(), self._bytes)

    @property
    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self.files.values())

    def parts(self) -> Iterator[Files]:
        """Its files, some at a time."""
        part, held = [], 0
        for name, path in self.files.items():
            part.append((name, np.fromfile(path, np.uint8)))
            held += part[-1][1].nbytes
            if held >= PART:
                yield part
                part, held = [], 0
        yield part


def freight_of(data: DataConfig) -> Freight | None:
    """What has to be where a run trains; None for a set that is built in."""
    return None if data.name == "digits" else Freight(data)


def listing(place: Path, tables: Iterable[str] = ()) -> str:
    """A hash of the names, sizes and times of a folder's files and of tables; empty where one is missing."""
    digest = hashlib.sha256()
    try:
        for path in [*map(place.joinpath, sorted(files_below(place))), *map(Path, tables)]:
            status = path.stat()
            digest.update(os.fsencode(path) + f" {status.st_size} {status.st_mtime_ns}\n".encode())
    except OSError:
        return ""
    return digest.hexdigest()


def at_hand(ticket: Ticket) -> Path | None:
    """On the machine of a run: the folder that a data set is in; None where it has to travel."""
    if ticket.published:
        return unpacked(ARCHIVES[ticket.published], data_home())
    place, copy = Path(ticket.place), _copy(ticket)
    if listing(place, ticket.tables) == ticket.listing:
        return place
    return copy if copy.is_dir() else None


def receive(ticket: Ticket, parts: Callable[[], Iterable[Files]]) -> Path:
    """On the machine of a run: make the copy, whole or not at all, unless another run of the machine was faster.

    Raises:
        DataError: there is no room for it.
    """
    copy = _copy(ticket)
    copy.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(copy.parent / f".{copy.parent.name}-{ticket.key[:16] or copy.name}.lock"):
        found = at_hand(ticket)
        if found is None:
            free = shutil.disk_usage(copy.parent).free
            if free < ticket.bytes:
                needed = f"{ticket.bytes / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
                raise DataError(f"{copy.parent}: the data set needs {needed}; make room, or set VGGLAB_DATA there")
            write_folder(copy, lambda folder: _write(folder, parts()))
        return found or copy


def _write(folder: Path, parts: Iterable[Files]) -> None:
    for part in parts:
        for name, content in part:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            content.tofile(folder / name)


def _copy(ticket: Ticket) -> Path:
    """Where a machine keeps its copy; of a folder below its key, as the folder's name is that of the data set."""
    if ticket.published:
        return data_home() / ARCHIVES[ticket.published].folder
    return data_home() / FOLDER / ticket.key[:16] / Path(ticket.place).name


def _archive_files(place: Path, name: str) -> dict[str, Path]:
    archive: Archive = ARCHIVES[name]
    return {file: place / file for file in archive.files}


def _files(place: Path, data: DataConfig) -> dict[str, Path]:
    """Name in the copy -> path here; a table from elsewhere travels along."""
    files = {name: place / name for name in sorted(files_below(place))}
    for field in TABLES:
        table = (named := getattr(data, field)) and Path(named).expanduser().absolute()
        if table and table.is_file() and not table.is_relative_to(place):  # else it is a column in the shards
            files[carried(field)] = table
    return files
