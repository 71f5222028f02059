"""Is a file the one that was published? Size and md5 tell."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from vgglab.errors import DataError


class Fingerprint(NamedTuple):
    """What a published file must match: its size in bytes and its md5."""

    size: int
    md5: str


def damage(path: Path, expected: Fingerprint) -> str | None:
    """What is wrong with a file, in a few words; None when it is the published one."""
    try:
        return _difference(path, expected)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"


def check_file(path: Path, expected: Fingerprint, advice: str) -> None:
    """Make sure that a file is the published one.

    Raises:
        DataError: it is not; the line names the file, what is wrong with it and `advice`.
    """
    if problem := damage(path, expected):
        raise DataError(f"{path} {problem}: {advice}")


def _difference(path: Path, expected: Fingerprint) -> str | None:
    size = path.stat().st_size
    if size < expected.size:
        return f"is cut short ({size:,} of {expected.size:,} bytes)"
    if size > expected.size:
        return f"is another file ({size:,} bytes, the published one has {expected.size:,})"
    if (found := _md5(path)) != expected.md5:
        return f"is altered (md5 {found}, the published one has {expected.md5})"
    return None


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
