"""Pictures decoded once, kept as one memory-mapped array: training reads from it and memory stays flat."""

import json
import mmap
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
from filelock import FileLock

from vgglab.datasets.counting import counting
from vgglab.datasets.decode import try_decode, try_levels
from vgglab.datasets.entries import Entry
from vgglab.datasets.kept import mark_used
from vgglab.datasets.layout import Pictures, picture_key
from vgglab.datasets.levels import Levels, pooled
from vgglab.datasets.parallel import map_parallel
from vgglab.datasets.picture_store import ENTRY, IMAGES, PictureStore, lock_of, picture_folders
from vgglab.datasets.streamed import StreamedImages
from vgglab.errors import DataError


class MappedImages(np.memmap):
    """Memory-mapped images; each access lets go of the pages that earlier ones brought into memory.

    Without that, a process that reads them all would seem to hold them all.
    """

    def __getitem__(self, index):
        """Images by position, range or array of positions (which gives a copy)."""
        if self._mmap is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._mmap.madvise(mmap.MADV_DONTNEED)
        found = super().__getitem__(index)
        return np.asarray(found) if getattr(found, "_mmap", None) is None else found


class NoRoom(DataError):
    """The disk has no room for decoded pictures."""


@dataclass(frozen=True)
class Decoded:
    """Pictures at one size.

    Attributes:
        images: uint8 (N, size, size, 3), memory-mapped, without those that could not be read; or a `StreamedImages`.
        broken: position among the pictures asked for -> what is wrong with it.
        levels: the grey levels that were stretched; None where none were.
    """

    images: np.ndarray | StreamedImages
    broken: dict[int, str]
    levels: Levels | None = None


def decoded_pictures(
    pictures: Pictures,
    rows: Sequence[int],
    size: int,
    data_dir: str | PathLike[str] | None = None,
    measured: int = 0,
    levels: Levels | None = None,
) -> Decoded:
    """The pictures at `rows`, in this order, from the cache; decoded into it where it lacks them or they changed.

    Args:
        pictures: a data set.
        rows: positions in it.
        size: side in pixels that they are decoded at.
        data_dir: the data folder, for `data_home`; the cache is its folder `pictures`.
        measured: how many of `rows`, from the first on, say by which range of grey levels all are stretched; 0: none.
        levels: the range, where it is known, as a network's that was trained on others.

    Raises:
        NoRoom: there is no room for the cache.
        DataError: it cannot be written.
    """
    home = _cache_home(data_dir)
    known = levels and {bits: tuple(levels[bits]) for bits in sorted(levels)}
    key = picture_key(pictures, rows, (size, measured, known))
    entry = home / f"{re.sub(r'[^-+.=a-zA-Z0-9_]', '-', pictures.root.name)}-{size}-{key[:16]}"
    shape = (len(rows), size, size, 3)
    if (ready := _open_entry(entry, key, shape)) is not None:
        return ready
    with FileLock(lock_of(entry)):
        if (ready := _open_entry(entry, key, shape)) is None:  # no other process made it, while this one waited
            PictureStore(home).make_room(int(np.prod(shape)), entry.name)
            _check_room(home, int(np.prod(shape)))
            used = levels_of(pictures.entries(rows[:measured]), size) if measured else known
            _make_entry(entry, key, shape, pictures.entries(rows), used)
            ready = _open_entry(entry, key, shape)
    return ready


def _cache_home(data_dir: str | PathLike[str] | None) -> Path:
    """The first place that can be written."""
    folders = picture_folders(data_dir)
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise DataError(f"no place to keep decoded pictures: cannot write to {folders[0]}; name another in VGGLAB_DATA")


def _open_entry(entry: Path, key: str, shape: tuple[int, ...]) -> Decoded | None:
    """What an entry holds; None where it is missing, damaged or of something else."""
    try:
        told = json.loads((entry / ENTRY).read_text(encoding="utf-8"))
        broken = {int(position): reason for position, reason in told["broken"].items()}
        levels = told["levels"] and {bits: (low, high) for bits, (low, high) in told["levels"].items()}
        count = shape[0] - len(broken)
        images = np.load(entry / IMAGES, mmap_mode="r") if count else np.empty((0, *shape[1:]), np.uint8)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None
    if told["key"] != key or images.shape != (count, *shape[1:]) or images.dtype != np.uint8:
        return None
    mark_used(entry)
    return Decoded(images.view(MappedImages) if count else images, broken, levels)


def _make_entry(entry: Path, key: str, shape: tuple[int, ...], found: Iterable[Entry], levels: Levels | None) -> None:
    """Decode into a folder under another name, then rename it; the caller holds the lock."""
    for left in entry.parent.glob(f".{entry.name}-*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=entry.parent, prefix=f".{entry.name}-") as workshop:
        made = Path(workshop) / entry.name
        made.mkdir()
        results = map_parallel(partial(try_decode, size=shape[1], levels=levels), found)
        broken = _write_images(made / IMAGES, shape, _with_progress(results, entry, shape))
        told = {"key": key, "broken": broken, "levels": levels}
        (made / ENTRY).write_text(json.dumps(told), encoding="utf-8")
        shutil.rmtree(entry, ignore_errors=True)  # it would have been taken, were it not damaged
        made.rename(entry)


def levels_of(found: Iterable[Entry], size: int) -> Levels:
    """The range of the grey levels that some pictures use; what is no picture has none."""
    looked = map_parallel(partial(try_levels, size=size), found)
    return pooled(used for used in looked if not isinstance(used, str))


def _write_images(path: Path, shape: tuple[int, ...], results: Iterable[np.ndarray | str]) -> dict[int, str]:
    """Write the images one after the other; what is no image is left out and told."""
    broken = {}
    with path.open("wb") as file:
        _write_header(file, shape)
        for position, result in enumerate(results):
            if isinstance(result, str):
                broken[position] = result
            else:
                file.write(np.ascontiguousarray(result))
        file.seek(0)
        _write_header(file, (shape[0] - len(broken), *shape[1:]))  # numpy pads headers: it is as long as the first
        file.flush()
        os.fsync(file.fileno())
    return broken


def _write_header(file, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _check_room(home: Path, needed: int) -> None:
    free = shutil.disk_usage(home).free
    if needed > free:
        raise NoRoom(
            f"{home}: the decoded pictures need {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; make room, "
            "name another folder in VGGLAB_DATA, leave --stream off out, or choose a smaller --image-size or --limit"
        )


def _with_progress(results: Iterable, entry: Path, shape: tuple[int, ...]) -> Iterator:
    """The results, with a bar on a terminal."""
    with counting(f"Decoding {entry.name.rpartition('-')[0]}", shape[0]) as count:
        for result in results:
            yield result
            count(1)
