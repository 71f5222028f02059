"""Files that appear whole or not at all: written under a temporary name, then renamed."""

import csv
import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

LEFT = re.compile(r"\.(\d+)-(?:([0-9a-f]{8})-)?(.+)")  # a temporary name; early versions did not name the machine

State = dict[str, tuple[int, ...]]  # name of a file below a folder, with slashes -> what tells whether it is the same


def write_atomic(path: Path, write: Callable[[Path], Any]) -> None:
    """Have `write` fill a temporary file beside `path`, then rename it; on any error nothing is left behind.

    The temporary name keeps the suffixes, as writers choose their format by them.
    """
    temporary = _temporary(path)
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_folder(path: Path, write: Callable[[Path], Any], replace: bool = False) -> None:
    """Have `write` fill a temporary folder beside `path`, then rename it; on any error nothing is left behind.

    What processes that have ended left beside it is taken away.

    Args:
        path: of the new folder; its parent is there.
        write: given the temporary folder.
        replace: a folder of that name is replaced.

    Raises:
        FileExistsError: there is something of that name, and `replace` is not set.
    """
    temporary, old = _temporary(path), _temporary(path, "old-")
    if path.exists() and not replace:
        raise FileExistsError(path)
    _take_away(path.parent.glob(".*"))
    try:
        temporary.mkdir(exist_ok=True)
        write(temporary)
        if path.exists() and replace:
            path.rename(old)
        temporary.rename(path)
    except OSError as error:
        if path.exists() and not replace:  # another process was faster
            raise FileExistsError(path) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def sweep(folder: Path, ended: Collection[str] = ()) -> None:
    """Take away what processes that have ended left half-written in a folder and below.

    A process id says something on its own machine alone, and there only that no process has it now: what another
    machine writes is left, as over NFS, and so is what a process of that number may write.

    Args:
        folder: the folder.
        ended: names of files that nobody else writes at the moment, whatever their process, as a lock is held.
    """
    _take_away(list(folder.rglob(".*")), ended)


def has_ended(process: int) -> bool:
    """Whether no process of this machine has that id; False where that cannot be asked."""
    if os.name != "posix":  # elsewhere asking ends it
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


@cache
def machine() -> str:
    """Eight letters for this machine, or this container, whose process ids are its own."""
    try:
        space = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        space = 0
    return hashlib.blake2b(f"{platform.node()} {space}".encode(), digest_size=4).hexdigest()


def write_text(path: Path, text: str) -> None:
    """Text as UTF-8, atomically."""
    write_pieces(path, (text,))


def write_pieces(path: Path, pieces: Iterable[str]) -> None:
    """Text as UTF-8, atomically, of which a piece at a time is in memory."""

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines(pieces)

    write_atomic(path, write)


def has_text(path: Path, pieces: Iterable[str]) -> bool:
    """Whether a file is there and holds just that text, of which a piece at a time is in memory."""
    try:
        with path.open(encoding="utf-8") as file:
            return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)
    except (OSError, UnicodeDecodeError):
        return False


def write_json(path: Path, tree: Any) -> None:
    """JSON, atomically; strict, so that any reader takes it (no NaN). Its text is never in memory as a whole."""
    write_pieces(path, chain(json.JSONEncoder(indent=1, allow_nan=False).iterencode(tree), ("\n",)))


def write_csv(path: Path, fields: Iterable[str], rows: Iterable[dict[str, Any]]) -> None:
    """CSV with a header, atomically; None becomes an empty cell. Its text is never in memory as a whole."""

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(fields), lineterminator="\n", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    write_atomic(path, write)


def link(source: Path, target: Path) -> None:
    """A second name for a file, or a copy where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def temporary_name(name: str, mark: str = "") -> str:
    """The name under which this process makes something of that name."""
    return f".{os.getpid()}-{machine()}-{mark}{name}"


def state_of(folder: Path) -> State:
    """The files of a folder and below, without what is hidden: locks, and files that are being written."""
    found: State = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        with suppress(FileNotFoundError):  # it was taken away meanwhile
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                found[name.as_posix()] = file_state(path)
    return found


def file_state(path: Path) -> tuple[int, ...]:
    """What tells whether a file is still the same."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _temporary(path: Path, mark: str = "") -> Path:
    """The path beside `path` under which this process makes it."""
    return path.with_name(temporary_name(path.name, mark))


def _take_away(paths: Iterable[Path], ended: Collection[str] = ()) -> None:
    """Remove those of some files and folders that ended processes were making; `ended` as of `sweep`."""
    for path in paths:
        left = LEFT.fullmatch(path.name)
        if left and (left[3] in ended or (left[2] == machine() and has_ended(int(left[1])))):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
