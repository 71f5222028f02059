"""A folder of arrays with a size limit: an entry is whole and as it was written, or it is made anew."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from platformdirs import user_cache_dir

from vgglab.errors import ConfigError, DataError
from vgglab.runs.files import write_json

DEFAULT_LIMIT = 20  # gigabytes
GIGABYTE = 10**9

Fill = Callable[[np.ndarray], None]


@dataclass(frozen=True)
class Entry:
    """One kept array.

    Attributes:
        key: what it was computed from, as a hash.
        bytes: size of its file.
        used: when it was last read or written, in seconds since 1970.
        about: what a person is told of it.
    """

    key: str
    bytes: int
    used: float
    about: str

    def as_row(self) -> dict[str, Any]:
        """The entry for a table or JSON."""
        used = datetime.fromtimestamp(self.used).astimezone().isoformat("T", "seconds")
        return {"key": self.key, "megabytes": round(self.bytes / 10**6, 1), "last used": used, "about": self.about}


class FeatureStore:
    """Arrays by key in a folder; the ones used longest ago go when there are too many bytes.

    Args:
        folder: made when first needed; None for VGGLAB_CACHE, else a cache folder of the user.
        limit: bytes in all; None for VGGLAB_CACHE_LIMIT (in gigabytes), else 20 GB.
    """

    def __init__(self, folder: Path | None = None, limit: int | None = None):
        self.folder = Path(folder or os.environ.get("VGGLAB_CACHE") or Path(user_cache_dir("vgglab")) / "features")
        self.limit = _limit_from_environment() if limit is None else limit

    def get(self, key: str, shape: tuple[int, ...], fill: Fill, about: str = "") -> np.ndarray:
        """The float32 array of a key, read-only and memory-mapped; made by `fill` where it is not kept or is damaged.

        A second process that wants the same entry waits for the first. An array that is larger than the limit
        is made in a nameless file that goes with the process.

        Raises:
            DataError: the folder cannot be written, or the disk is full.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / f"{key}.lock"):
                if self._is_whole(key, shape):
                    os.utime(self._record(key))
                else:
                    size = _bytes(shape)
                    if size > self.limit:
                        return self._make_nameless(key, shape, fill)
                    self._make_room(size)
                    self._make(key, shape, fill, about)
                return np.load(self._array(key), mmap_mode="r")
        except OSError as error:
            raise DataError(
                f"{self.folder}: cannot keep what the frozen layers give ({error.strerror}); "
                "make room, name another folder in VGGLAB_CACHE, or train with --no-cache"
            ) from None

    def entries(self) -> list[Entry]:
        """What is kept, the latest used first."""
        found = []
        for path in self.folder.glob("*.json"):
            array = self._array(path.stem)
            if array.exists():
                about = _read(path).get("about", "")
                found.append(Entry(path.stem, array.stat().st_size, path.stat().st_mtime, about))
        return sorted(found, key=lambda entry: -entry.used)

    def clear(self) -> int:
        """Take everything away.

        Returns:
            The bytes that were freed.
        """
        freed = sum(path.stat().st_size for path in self.folder.glob("*.npy"))
        for pattern in ("*.json", "*.npy", "*.lock"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)
        return freed

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
        """A file for an array of this shape with all its bytes reserved; gone at the end unless it was renamed.

        Who has the key's lock may write over it: the process that left it was killed.
        """
        path = self.folder / f".making-{key}.npy"
        try:
            with path.open("wb") as file:
                header = {"descr": "<f4", "fortran_order": False, "shape": tuple(shape)}
                np.lib.format.write_array_header_1_0(file, header)
                if reserve := getattr(os, "posix_fallocate", None):  # else a full disk kills the process on writing
                    file.flush()
                    reserve(file.fileno(), file.tell(), max(1, _bytes(shape)))
                else:
                    file.truncate(file.tell() + _bytes(shape))
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _make_room(self, wanted: int) -> None:
        kept = self.entries()
        total = sum(entry.bytes for entry in kept) + wanted
        while total > self.limit and kept:
            oldest = kept.pop()
            self._record(oldest.key).unlink(missing_ok=True)
            self._array(oldest.key).unlink(missing_ok=True)
            total -= oldest.bytes


def _limit_from_environment() -> int:
    text = os.environ.get("VGGLAB_CACHE_LIMIT", str(DEFAULT_LIMIT))
    try:
        return round(float(text) * GIGABYTE)
    except ValueError:
        raise ConfigError(f"VGGLAB_CACHE_LIMIT is {text!r}; expected gigabytes, such as {DEFAULT_LIMIT}") from None


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
