"""The folders of decoded pictures: what they hold, and what is an entry there and what is somebody else's."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from os import PathLike
from pathlib import Path

import numpy as np
from platformdirs import user_cache_dir

from vgglab.datasets.kept import Entry, Store, size_of
from vgglab.datasets.places import data_home

IMAGES, ENTRY = "images.npy", "entry.json"


def picture_folders(data_dir: str | PathLike[str] | None = None) -> tuple[Path, ...]:
    """Where decoded pictures may be, in the order in which these are tried: the first that can be written is taken."""
    homes = (data_home(data_dir), Path(user_cache_dir("vgglab")), Path(tempfile.gettempdir()) / "vgglab")
    return tuple(dict.fromkeys(home / "pictures" for home in homes))


def lock_of(entry: Path) -> Path:
    """The file that a process holds while it makes an entry."""
    return entry.with_name(f".{entry.name}.lock")


class PictureStore(Store):
    """Decoded pictures: a folder an entry, as `picture_cache` makes them.

    People may keep pictures of their own in a folder `pictures`: what has other files in it is left alone.
    """

    kind = "pictures"

    def find(self) -> Iterator[Entry]:
        """What is kept, in any order."""
        for path in self.folder.glob("[!.]*"):
            with suppress(OSError):  # it is no folder, or another process has just taken it away
                if (names := set(os.listdir(path))) and names <= {IMAGES, ENTRY}:
                    yield Entry(path.name, (path,), lock_of(path), size_of(path), path.stat().st_mtime, _about(path))

    def left_overs(self) -> Iterator[Entry]:
        """What is just being made, and what killed processes left."""
        for path in self.folder.glob(".*"):
            made = re.fullmatch(r"\.(.+)-\w+", path.name)
            if made and path.is_dir() and all(set(files) <= {IMAGES, ENTRY} for _, _, files in os.walk(path)):
                with suppress(OSError):
                    yield Entry(made[1], (path,), lock_of(path.with_name(made[1])), size_of(path))


def _about(path: Path) -> str:
    try:
        with (path / IMAGES).open("rb") as file:
            np.lib.format.read_magic(file)
            (count, size, *_), _, _ = np.lib.format.read_array_header_1_0(file)
    except (OSError, ValueError):
        return "damaged"
    return f"{count:,} pictures, {size} x {size}"
