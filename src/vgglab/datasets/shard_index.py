"""Which pictures are in a tar file, listed once and kept: a million of them take the better part of a minute."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from vgglab.datasets.entries import file_state
from vgglab.datasets.kept import Entry, Store, mark_used, size_of
from vgglab.keras_tools.programs import cache_home

VERSION = 1  # of what is told of a picture, and of which files are pictures: another one lists every tar anew


class Place(NamedTuple):
    """A picture in a tar: its name, its label (see `entries.Sample`), and where it is, in bytes."""

    name: str
    label: int | str | None
    offset: int
    size: int


class IndexStore(Store):
    """What is in tar files: a file an entry, a line of what it is of and one of all pictures, column by column."""

    kind = "shards"

    def __init__(self, limit: int | None = None):
        super().__init__(cache_home() / "shards", limit)

    def lock(self, key: str) -> Path:
        """The file that a process holds while it makes an entry."""
        return self.folder / f".{key}.lock"

    def find(self) -> Iterator[Entry]:
        """What is kept, in any order."""
        for path in self.folder.glob("[!.]*.json"):
            with suppress(OSError, ValueError, KeyError):  # another process has just taken it away
                with path.open(encoding="utf-8") as file:
                    told = json.loads(file.readline())
                about = f"{told['pictures']:,} pictures in {told['shard']}"
                yield Entry(path.stem, (path,), self.lock(path.stem), size_of(path), path.stat().st_mtime, about)

    def left_overs(self) -> Iterator[Entry]:
        """What is just being made, and what killed processes left."""
        for path in self.folder.glob(".*.part"):
            with suppress(OSError):
                key = path.stem.removeprefix(".")
                yield Entry(key, (path,), self.lock(key), size_of(path))


def indexed(shard: Path, list_places: Callable[[], Iterable[Place]]) -> Iterable[Place]:
    """The pictures in a tar file, from the cache where it is as it was; what cannot be kept is listed all the same.

    Args:
        shard: the file.
        list_places: lists them.
    """
    told = {"version": VERSION, "shard": str(shard.absolute()), "state": list(file_state(shard))}
    store, digest = IndexStore(), hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    path = store.folder / f"{re.sub(r'[^-+.=a-zA-Z0-9_]', '-', shard.stem)[:80]}-{digest}.json"
    if (kept := _read(path, told)) is not None:
        return kept
    places = list(list_places())
    if told["state"] == list(file_state(shard)):  # else it was written meanwhile
        with suppress(OSError):
            _keep(store, path, told, places)
    return places


def _read(path: Path, told: dict[str, Any]) -> Iterable[Place] | None:
    """The pictures of an entry; None where it is not there, damaged or of another file."""
    try:
        with path.open(encoding="utf-8") as file:
            first, columns = json.loads(file.readline()), json.loads(file.readline())
        whole = first == told | {"pictures": len(columns[0])} and len(set(map(len, columns))) == 1
        places = starmap(Place, zip(*columns, strict=True))
    except (OSError, ValueError, TypeError, LookupError):
        return None
    mark_used(path)
    return places if whole else None


def _keep(store: Store, path: Path, told: dict[str, Any], places: list[Place]) -> None:
    store.folder.mkdir(parents=True, exist_ok=True)
    lines = json.dumps(told | {"pictures": len(places)}), json.dumps([*zip(*places, strict=True)] or [[]] * 4)
    with FileLock(store.folder / f".{path.stem}.lock"):
        part = path.with_name(f".{path.stem}.part")
        store.make_room(sum(map(len, lines)), path.stem)
        part.write_text("\n".join(lines), encoding="utf-8")
        os.replace(part, path)
