"""Which files of a folder of pictures are no longer those that a run was trained on."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from vgglab.datasets.part_names import speaks_of

LINES = 256  # of JSON that are written at a time
FEW = 3  # files of a kind that are named
DIGEST_BYTES = 6  # of a picture's hash: of 200,000 pictures two have the same by chance once in 14,000 folders

Files = Mapping[str, str | None]  # path below the folder -> hash of its pixels; None where it was not read


def picture_digest(pixels: np.ndarray) -> str:
    """A short hash of one decoded picture, uint8 (H, W, 3)."""
    return hashlib.blake2b(np.ascontiguousarray(pixels), digest_size=DIGEST_BYTES).hexdigest()


def file_digest(path: str, size: int) -> str:
    """A short hash of a picture that is not read: of its name, of the folder it is in, and of how many bytes it has."""
    named = "/".join(path.split("/")[-2:])  # several classes may each have a 001.jpg
    return hashlib.blake2b(os.fsencode(f"{named} {size}"), digest_size=DIGEST_BYTES).hexdigest()


def as_text(digest: bytes) -> str | None:
    """A hash as records have it: None for the empty one, of a picture that was not read."""
    return digest.decode() or None


def json_lines(indices: np.ndarray, tell: Callable[[np.ndarray], Any], indent: int) -> Iterator[str]:
    """The inside of a list or an object as `json.dumps(..., indent=1)` writes it, a few hundred lines at a time.

    Args:
        indices: positions, shape (N,).
        tell: what stands there for a few of them, as a list or a dict.
        indent: spaces before each line.
    """
    line = "\n" + " " * indent
    for start in range(0, len(indices), LINES):
        text = json.dumps(tell(indices[start : start + LINES]), separators=(f",{line}", ": "))
        yield f"{',' if start else ''}{line}{text[1:-1]}"


def files_text(files: Sequence[str], digests: np.ndarray) -> Iterator[str]:
    """Files as `split.json` has them, in pieces: folder -> name -> hash, which takes less room than whole paths.

    Args:
        files: paths below the folder, sorted.
        digests: of each a hash, bytes, empty where it was not read, shape (N,).
    """

    def tell(rows: np.ndarray) -> dict[str, str | None]:
        told = zip(rows.tolist(), digests[rows].tolist(), strict=True)
        return {files[row].rpartition("/")[2]: as_text(digest) for row, digest in told}

    folders: dict[str, int] = {}
    found = (folders.setdefault(path.rpartition("/")[0], len(folders)) for path in files)
    places = np.fromiter(found, np.int32, len(files))
    cuts = np.cumsum(np.bincount(places))[:-1]
    each = zip(folders, np.split(np.argsort(places, kind="stable"), cuts), strict=True)
    yield "{"
    for number, (folder, rows) in enumerate(each):
        yield f"{',' if number else ''}\n  {json.dumps(folder)}: {{"
        yield from json_lines(rows, tell, 3)
        yield "\n  }"
    yield "\n }"


def recorded_files(record: Mapping[str, Any]) -> dict[str, str | None] | None:
    """The files that a split's record tells of, sorted by path; None where it tells of none, as early ones."""
    if not record.get("files"):
        return None
    found = {
        f"{folder}/{name}".removeprefix("/"): digest
        for folder, names in record["files"].items()
        for name, digest in names.items()
    }
    return dict(sorted(found.items()))


def tell_changes(then: Files, now: Files) -> str:
    """What became of the files since `then`, the first few of each kind named; empty where they are the same.

    A file that was not read on one side, by reason of a limit or as it is damaged, is changed only where all the
    others are still there: another file more or less moves what a limit keeps.
    """
    gone, new = sorted(then.keys() - now.keys()), sorted(now.keys() - then.keys())
    moves = _moves(gone, new, then, now)
    complete = not gone and not new
    both = [path for path in then if path in now and then[path] != now[path]]
    changed = [path for path in both if complete or None not in (then[path], now[path])]
    if len(changed) == len(then) > FEW:
        return f"all {len(then):,} pictures have other pixels; if none was replaced, is Pillow another version?"
    elsewhere = [move for move in moves.items() if _class_of(move[0]) != _class_of(move[1])]
    renamed = [move for move in moves.items() if _class_of(move[0]) == _class_of(move[1])]
    kinds = (
        ("is gone", "are gone", [path for path in gone if path not in moves]),
        ("is new", "are new", [path for path in new if path not in moves.values()]),
        ("is changed", "are changed", changed),
        ("is in another class", "are in another class", [f"{old}, now {new}" for old, new in elsewhere]),
        ("has another name", "have another name", [f"{old}, now {new}" for old, new in renamed]),
    )
    return ", ".join(_told(*kind) for kind in kinds if kind[2])


def _moves(gone: Iterable[str], new: Iterable[str], then: Files, now: Files) -> dict[str, str]:
    """Path then -> path now, of files that hold the same picture."""
    waiting: dict[str, list[str]] = {}
    for path in new:
        waiting.setdefault(now[path] or path.rpartition("/")[2], []).append(path)
    moves = {}
    for path in gone:
        if places := waiting.get(then[path] or path.rpartition("/")[2]):
            moves[path] = places.pop(0)
    return moves


def _class_of(path: str) -> str:
    """The class that a file's folder says it is of, below the folder of a part or not; empty beside a table."""
    return next((name for name in path.split("/")[:-1] if not speaks_of(name)), "")


def _told(one: str, several: str, files: Sequence[str]) -> str:
    named = "; ".join(files[:FEW]) + ("; ..." if len(files) > FEW else "")
    return f"1 file {one} ({named})" if len(files) == 1 else f"{len(files):,} files {several} ({named})"
