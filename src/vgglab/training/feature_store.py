"""A folder of arrays: an entry is whole and as it was written, or it is made anew."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from platformdirs import user_cache_dir

from vgglab.datasets.kept import Entry, Store, mark_used, size_of
from vgglab.errors import DataError
from vgglab.runs.files import write_json

Fill = Callable[[np.ndarray], None]


class FeatureStore(Store):
    """Arrays by key in a folder; the ones used longest ago go when there are too many bytes.

    Args:
        folder: made when first needed; None for VGGLAB_CACHE, else a cache folder of the user.
        limit: bytes in all; None for VGGLAB_CACHE_LIMIT (in gigabytes), else 20 GB.
    """

    kind = "features"

    def __init__(self, folder: Path | None = None, limit: int | None = None):
        chosen = folder or os.environ.get("VGGLAB_CACHE") or Path(user_cache_dir("vgglab")) / "features"
        super().__init__(Path(chosen), limit)

    def get(self, key: str, shape: tuple[int, ...], fill: Fill, about: str = "") -> np.ndarray:
        """The float32 array of a key, read-only and memory-mapped; made by `fill` where it is not kept or is damaged.

        A second process that wants the same entry waits for the first. An array that is larger than the limit
        is made in a nameless file that goes with the process.

        Raises:
            DataError: the folder cannot be written, or the disk is full.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._lock(key)):
                if self._is_whole(key, shape):
                    mark_used(self._record(key))
                else:
                    size = _bytes(shape)
                    if size > self.limit:
                        return self._make_nameless(key, shape, fill)
                    self.make_room(size, key)
                    self._make(key, shape, fill, about)
                return np.load(self._array(key), mmap_mode="r")
        except OSError as error:
            raise DataError(
                f"{self.folder}: cannot keep what the frozen layers give ({error.strerror}); "
                "make room, name another folder in VGGLAB_CACHE, or train with --no-cache"
            ) from None

    def find(self) -> Iterator[Entry]:
        """What is kept, in any order."""
        for key in {path.stem for pattern in ("[!.]*.npy", "[!.]*.json") for path in self.folder.glob(pattern)}:
            record, array = self._record(key), self._array(key)
            with suppress(OSError):  # another process has just taken it away
                status = (record if record.exists() else array).stat()
                about = _read(record).get("about", "damaged")
                yield Entry(key, (record, array), self._lock(key), size_of(array), status.st_mtime, about)

    def left_overs(self) -> Iterator[Entry]:
        """What is just being made, and what killed processes left."""
        for path in self.folder.glob(".*"):
            with suppress(OSError):
                if made := re.match(r"\.(?:\d+-)?([^.]+)\.(?:npy|json)", path.name):  # with a number: by write_json
                    yield Entry(made[1], (path,), self._lock(made[1]), size_of(path))

    def _lock(self, key: str) -> Path:
        return self.folder / f"{key}.lock"

    def _array(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _record(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _is_whole(self, key: str, shape: tuple[int, ...]) -> bool:
        array, record = self._array(key), _read(self._record(key))
        return array.exists() and record.get("shape") == list(shape) and record.get("sha256") == _digest(array)

    def _make(self, key: str, shape: tuple[int, ...], fill: Fill, about: str) -> None:
        with self._temporary(key, shape) as temporary:
            array = np.load(temporary, mmap_mode="r+")
            fill(array)
            array.flush()
            self._record(key).unlink(missing_ok=True)  # never a record beside an array that it does not tell of
            os.replace(temporary, self._array(key))
        record = {"schema": 1, "shape": list(shape), "sha256": _digest(self._array(key)), "about": about}
        write_json(self._record(key), record)

    def _make_nameless(self, key: str, shape: tuple[int, ...], fill: Fill) -> np.ndarray:
        with self._temporary(key, shape) as temporary:
            array = np.load(temporary, mmap_mode="r+")
            fill(array)
        return array

    @contextmanager
    def _temporary(self, key: str, shape: tuple[int, ...]) -> Iterator[Path]:
        """A file for an array of this shape with all its bytes reserved; gone at the end unless it was renamed."""
        handle, name = tempfile.mkstemp(prefix=f".{key}.npy-", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                header = {"descr": "<f4", "fortran_order": False, "shape": tuple(shape)}
                np.lib.format.write_array_header_1_0(file, header)
                if reserve := getattr(os, "posix_fallocate", None):  # else a full disk kills the process on writing
                    file.flush()
                    reserve(file.fileno(), file.tell(), max(1, _bytes(shape)))
                else:
                    file.truncate(file.tell() + _bytes(shape))
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


def _bytes(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64)) * 4


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """A record; nothing where it is missing or damaged."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return tree if isinstance(tree, dict) else {}
