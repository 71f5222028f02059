"""What is kept so that it is done once: entries in a folder, within a limit; the ones used longest ago go first."""

import os
import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from vgglab.errors import ConfigError

DEFAULT_LIMIT = 20  # gigabytes
GIGABYTE = 10**9


@dataclass(frozen=True)
class Entry:
    """One thing that is kept, or what a killed process left of it.

    Attributes:
        key: its name.
        paths: the files or the folder that it consists of, in the order in which they go.
        lock: the file that a process holds while it makes the entry.
        bytes: its size.
        used: when it was last made or opened, in seconds since 1970.
        about: what a person is told of it.
    """

    key: str
    paths: tuple[Path, ...]
    lock: Path
    bytes: int
    used: float = 0.0
    about: str = ""

    def as_row(self) -> dict[str, Any]:
        """The entry for a table or JSON."""
        used = datetime.fromtimestamp(self.used).astimezone().isoformat("T", "seconds")
        return {"key": self.key, "megabytes": round(self.bytes / 10**6, 1), "last used": used, "about": self.about}

    def take_away(self) -> bool:
        """Remove it, unless a process is just making it or the system does not let go of it.

        Returns:
            Whether it is gone; Windows keeps files that are open.
        """
        try:
            with FileLock(self.lock, timeout=0):
                if not self.may_go():
                    return False
                for path in self.paths:
                    _remove(path)
        except OSError:
            return False
        return True

    def may_go(self) -> bool:
        """Whether nothing would be lost with it that cannot be made again."""
        return True


class Store(ABC):
    """A folder of entries, with a limit.

    Args:
        folder: need not be there.
        limit: bytes in all; None for VGGLAB_CACHE_LIMIT (in gigabytes), else 20 GB.
    """

    kind: str

    def __init__(self, folder: Path, limit: float | None = None):
        self.folder = folder
        self.limit = limit_from_environment() if limit is None else limit

    @abstractmethod
    def find(self) -> Iterator[Entry]:
        """What is kept, in any order."""

    @abstractmethod
    def left_overs(self) -> Iterator[Entry]:
        """What is just being made, and what killed processes left: their locks tell them apart."""

    def entries(self) -> list[Entry]:
        """What is kept, the latest used first."""
        return sorted(self.find(), key=lambda entry: -entry.used)

    def make_room(self, wanted: int, key: str) -> None:
        """Take away what was used longest ago until `wanted` more bytes, for `key`, are within the limit."""
        others = [entry for entry in (*self.left_overs(), *reversed(self.entries())) if entry.key != key]
        total = wanted + sum(entry.bytes for entry in others)
        for entry in others:
            if total > self.limit and entry.take_away():
                total -= entry.bytes

    def clear(self) -> int:
        """Take everything away that no process is just making.

        Returns:
            The bytes that were freed.
        """
        gone = [entry for entry in (*self.entries(), *self.left_overs()) if entry.take_away()]
        for lock in self.folder.glob("*.lock"):
            with suppress(OSError), FileLock(lock, timeout=0):
                if lock.stat().st_size == 0:  # else it is somebody else's
                    lock.unlink()
        return sum(entry.bytes for entry in gone)


def mark_used(path: Path) -> None:
    """Note that an entry was opened just now; where the folder is read-only, nobody does."""
    with suppress(OSError):
        os.utime(path)


def size_of(path: Path) -> int:
    """The bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())


def _remove(path: Path) -> None:
    """Under another name first, so that nobody takes what is left for the whole."""
    hidden = path if path.name.startswith(".") else path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):
        path.rename(hidden)
        shutil.rmtree(hidden) if hidden.is_dir() else hidden.unlink()


def limit_from_environment() -> int:
    """VGGLAB_CACHE_LIMIT, else 20 GB; in bytes.

    Raises:
        ConfigError: it is no number.
    """
    text = os.environ.get("VGGLAB_CACHE_LIMIT", str(DEFAULT_LIMIT))
    try:
        return round(float(text) * GIGABYTE)
    except (ValueError, OverflowError):
        raise ConfigError(f"VGGLAB_CACHE_LIMIT is {text!r}; expected gigabytes, such as {DEFAULT_LIMIT}") from None
