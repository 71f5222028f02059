"""Names of folders elsewhere, as `s3://bucket/runs`, and the folder here that mirrors each of them."""

import re
from pathlib import Path

from vgglab.errors import UsageError
from vgglab.keras_tools.programs import cache_home

URL = re.compile(r"([A-Za-z][\w+.-]+):/+(.*)")  # a scheme of one letter is a drive
ROOTED = ("file", "local")  # whose paths begin with a slash
FOLDER = "remote"


def url_of(path: Path | str) -> str | None:
    """The URL that somebody names, without a slash at its end; None for a path of this machine.

    A `Path` made of a URL has lost one of its slashes: it is known all the same.

    Raises:
        UsageError: it names no folder of its own.
    """
    found = URL.fullmatch(path.as_posix() if isinstance(path, Path) else path)
    if found is None:
        return None
    parts = [part for part in found[2].split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise UsageError(f"{path}: expected the URL of a folder, such as s3://bucket/runs")
    return _joined(found[1].lower(), "/".join(parts))


def mirror_of(url: str) -> Path:
    """The folder here that mirrors the one at a URL; a folder below that one has its mirror below this one."""
    scheme, _, rest = url.partition(":")
    return mirrors() / scheme / rest.strip("/")


def origin_of(folder: Path) -> str | None:
    """The URL of the folder that one here mirrors; None where it mirrors none."""
    folder, home = folder.absolute(), mirrors()
    if not folder.is_relative_to(home) or len(folder.relative_to(home).parts) < 2:
        return None
    scheme, *parts = folder.relative_to(home).parts
    return _joined(scheme, "/".join(parts))


def shown(folder: Path | str) -> str:
    """A folder as a person named it: by its URL where it is a mirror."""
    return origin_of(Path(folder)) or str(folder)


def here(path: Path | str, option: str) -> Path:
    """The path of something to write, which is one of this machine.

    Args:
        path: of a file or a folder.
        option: by which it was named.

    Raises:
        UsageError: it is a URL.
    """
    if url := url_of(path):
        raise UsageError(f"{option} {url}: this is written on this machine; name a path here, and copy it there")
    return Path(path)


def _joined(scheme: str, rest: str) -> str:
    return f"{scheme}://{'/' if scheme in ROOTED else ''}{rest}"


def mirrors() -> Path:
    """The folder of all mirrors."""
    return cache_home().expanduser().absolute() / FOLDER
