"""Where the bytes of a picture are: in a file of its own, or somewhere within a larger one."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from os import PathLike
from typing import NamedTuple


class Packed(ABC):
    """A picture within a larger file. Its text (`str`) is what people are shown; it can be sent to other processes."""

    __slots__ = ()

    @abstractmethod
    def read(self) -> bytes:
        """What a file of the picture would hold.

        Raises:
            OSError: the larger file is gone, or ends before the picture does.
        """

    def length(self) -> int:
        """How many bytes that are; where that is known without reading them, a kind of its own says so."""
        return len(self.read())

    @abstractmethod
    def state(self) -> tuple[int, ...]:
        """Numbers that are others when the picture may have changed, without reading it; none where it is gone."""


Entry = str | PathLike[str] | Packed
Opener = Callable[[int, int, str], Packed]  # given where in its shard a picture is, and its name


class Sample(NamedTuple):
    """A picture in a shard: what it is called, its class (a number, a name, or None where nothing says), where it is.

    What the two numbers say is the kind of shard's: the offset and the size, or the group of rows and the row.
    """

    name: str
    label: int | str | None
    first: int
    second: int


class Shard(NamedTuple):
    """What is in a shard: what opens a picture of it, and all of them, in its order."""

    opener: Opener
    samples: Iterator[Sample]


def read_entry(entry: Entry) -> bytes:
    """The bytes of a picture, as they are in a file.

    Raises:
        OSError: they cannot be read.
    """
    if isinstance(entry, Packed):
        return entry.read()
    with open(entry, "rb") as file:
        return file.read()


def size_of(entry: Entry) -> int:
    """How many bytes a picture has; -1 where it is gone."""
    try:
        return entry.length() if isinstance(entry, Packed) else os.stat(entry).st_size
    except OSError:
        return -1


def state_of(entry: Entry) -> tuple[int, ...]:
    """Numbers that are others when a picture may have changed, without reading it; none where it is gone."""
    return entry.state() if isinstance(entry, Packed) else file_state(entry)


def file_state(path: str | PathLike[str]) -> tuple[int, ...]:
    """Size and times of a file, in bytes and nanoseconds; none where there is no such file."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
