"""What has come to this machine for a cluster's runs, as `vgglab cache` lists and clears it."""

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from os import PathLike
from pathlib import Path

from vgglab.datasets.kept import Entry, Store, size_of
from vgglab.datasets.places import data_home

FOLDER = "travelled"  # in the data folder
KEY = r"[0-9a-f]{16}"  # the folder of a copy: of the hash of what is in it


class TravelledStore(Store):
    """Data sets and weights that have travelled: a folder an entry; there is no limit, as studies need what they sent.

    Args:
        data_dir: the data folder; None for VGGLAB_DATA, then a cache folder of the user.
    """

    kind = "travelled"

    def __init__(self, data_dir: str | PathLike[str] | None = None):
        super().__init__(data_home(data_dir) / FOLDER, math.inf)

    def place(self, key: str) -> Path:
        """The folder of an entry."""
        return self.folder / key

    def lock(self, key: str) -> Path:
        """The file that a process holds while it makes an entry."""
        return self.folder / f".{key}.lock"

    def find(self) -> Iterator[Entry]:
        """What is there whole, in any order."""
        yield from (self._entry(path, path.name, about) for path, about in self._folders() if about)

    def left_overs(self) -> Iterator[Entry]:
        """What is just being made, and what killed processes left."""
        yield from (self._entry(path, path.name, "") for path, about in self._folders() if not about)
        for path in self.folder.glob(".*"):
            if (taken := re.fullmatch(rf"\.({KEY})-\w+", path.name)) and path.is_dir():
                yield self._entry(path, taken[1], "")

    def _folders(self) -> Iterator[tuple[Path, str]]:
        """The entries' folders, and what is whole in each; nothing while it is being made."""
        for path in self.folder.glob("[!.]*"):
            if re.fullmatch(KEY, path.name) and path.is_dir():
                with suppress(OSError):  # another process has just taken it away
                    yield path, next((each.name for each in path.iterdir() if not each.name.startswith(".")), "")

    def _entry(self, path: Path, key: str, about: str) -> Entry:
        return Entry(key, (path,), self.lock(key), size_of(path), path.stat().st_mtime, about)
