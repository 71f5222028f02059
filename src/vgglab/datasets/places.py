"""Where a published archive's files are on this machine: the data folder, Keras's cache, or a download."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_dir

from vgglab.datasets.archives import Archive, unpack
from vgglab.datasets.download import download
from vgglab.errors import DataError


def data_home(data_dir: str | PathLike[str] | None = None) -> Path:
    """The data folder: `data_dir`, else the one in VGGLAB_DATA, else a cache folder of the user."""
    chosen = data_dir or os.environ.get("VGGLAB_DATA") or user_cache_dir("vgglab")
    return Path(chosen).expanduser().absolute()


def find_folder(archive: Archive, data_dir: str | PathLike[str] | None = None) -> Path:
    """The folder with the archive's files, unpacked or downloaded into the data folder where needed.

    In this order: the data folder, Keras's cache, the mirrors. A second process waits for the first.

    Raises:
        DataError: not found and not to be had; the line names the file to fetch and where to put it.
    """
    home = data_home(data_dir)
    with _disk_errors(home):
        return unpacked(archive, home) or _prepare(archive, home)


def _prepare(archive: Archive, home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f".{archive.name}.lock"):
        if ready := unpacked(archive, home):  # by another process, while this one waited
            return ready
        packed = _packed(archive, home) or download(archive.name, archive.fingerprint, home)
        return unpack(packed, archive, home)


def unpacked(archive: Archive, home: Path) -> Path | None:
    """The first folder with the archive's files that is there; damaged or not is for its reader to say."""
    if all((home / name).is_file() for name in archive.files):
        return home
    folders = [home / archive.folder]
    for cache in _keras_caches():
        # Keras 2 unpacks into the cache itself, Keras 3 into folders of its own: ..._extracted, ...-target.
        folders += [cache / archive.folder / archive.folder, cache / archive.folder]
        folders += sorted(cache.glob(f"{archive.folder}[_-]*/{archive.folder}"))
    return next((folder for folder in folders if folder.is_dir()), None)


def _packed(archive: Archive, home: Path) -> Path | None:
    names = (archive.name, f"{archive.folder}.tar.gz", f"{archive.folder}-target_archive")
    files = [home / archive.name, *(cache / name for cache in _keras_caches() for name in names)]
    return next((file for file in files if file.is_file()), None)


def _keras_caches() -> list[Path]:
    """Keras's data folders; it falls back on the temporary folder where its home is not writable."""
    home = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    return [Path(home) / "datasets", Path(tempfile.gettempdir()) / ".keras" / "datasets"]


@contextmanager
def _disk_errors(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot use {home} ({error.strerror or error}): make room and allow writing there, or name "
            "another folder in VGGLAB_DATA; what was downloaded so far is kept"
        ) from error
