"""A published archive and how it is unpacked: whole or not at all."""

import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vgglab.datasets.checksums import Fingerprint, check_file
from vgglab.errors import DataError


@dataclass(frozen=True)
class Archive:
    """A published tar.gz file.

    Attributes:
        name: file name of the archive.
        fingerprint: size and md5 of the archive.
        folder: the one folder inside it.
        files: the files needed from that folder, with their sizes and md5s.
    """

    name: str
    fingerprint: Fingerprint
    folder: str
    files: Mapping[str, Fingerprint]


def unpack(packed: Path, archive: Archive, home: Path) -> Path:
    """Unpack the needed files of `packed` into `home`; the folder appears under its name once complete.

    Raises:
        DataError: the archive is not the published one.
        OSError: `home` is full or not writable; nothing half done is left behind.
    """
    check_file(packed, archive.fingerprint, "delete it and run again, or put the official file there")
    with tempfile.TemporaryDirectory(dir=home, prefix=f".{archive.folder}-") as workshop:
        try:
            with tarfile.open(packed, "r:gz") as tar:
                for name in archive.files:
                    tar.extract(f"{archive.folder}/{name}", workshop, filter="data")
        except (tarfile.TarError, EOFError, KeyError, zlib.error) as error:
            raise DataError(f"{packed} cannot be unpacked ({error}): put the official file there") from error
        return (Path(workshop) / archive.folder).rename(home / archive.folder)
