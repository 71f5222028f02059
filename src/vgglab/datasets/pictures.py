"""Pictures by their paths, one after the other: files as they are named, and whatever lies in folders."""

import os
from collections.abc import Iterable, Iterator
from os import PathLike

import numpy as np

from vgglab.datasets.decode import try_decode
from vgglab.datasets.entries import Entry
from vgglab.datasets.levels import Levels
from vgglab.datasets.listing import is_hidden
from vgglab.datasets.shards import pictures_in

Found = tuple[Entry, str | None]  # a picture, and what is wrong with it where that is known without reading it


def find_pictures(paths: Iterable[str | PathLike[str]]) -> Iterator[Found]:
    """As `find_files`, and the pictures in shards: in those that are named, and in folders that are data sets of them.

    Raises:
        DataError: a shard is damaged, or a folder has shards of several kinds.
    """
    for path in map(os.fspath, paths):
        packed = pictures_in(path)
        yield from find_files([path]) if packed is None else ((entry, None) for entry in packed)


def find_files(paths: Iterable[str | PathLike[str]]) -> Iterator[tuple[str, str | None]]:
    """The files at the given paths and in the folders among them, in order; folders are listed as they are reached.

    Hidden files are left out, but for those that are named themselves. Every other file counts, whatever its name
    ends in. A folder that holds none, or cannot be read, comes with what is wrong with it.
    """
    for path in map(os.fspath, paths):
        if not os.path.isdir(path):
            yield path, None
            continue
        empty = True
        for found in _files_below(path):
            empty = False
            yield found
        if empty:
            yield path, "holds no pictures"


def read_picture(found: Found, size: int, levels: Levels | None = None) -> tuple[str, np.ndarray | str]:
    """What it is called, and it as uint8 (size, size, 3), its grey levels stretched, or what is wrong with it."""
    entry, problem = found
    return str(entry), problem or try_decode(entry, size, levels)


def _files_below(folder: str) -> Iterator[tuple[str, str | None]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield folder, f"cannot be read ({error.strerror})"
        return
    for entry in entries:
        if is_hidden(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path)
        elif not entry.is_dir():
            yield entry.path, None
