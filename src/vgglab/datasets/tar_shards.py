"""Pictures in tar files, by the WebDataset convention: `key.jpg`, and beside it `key.cls`, `key.json` or `key.txt`.

Nothing is unpacked: a picture is read from where it lies in the tar.
"""

import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from vgglab.config.shown import some_names
from vgglab.datasets.entries import Packed, Sample, Shard, file_state
from vgglab.datasets.formats import ENDS
from vgglab.datasets.label_table import CLASS_HEADS
from vgglab.datasets.listing import is_hidden
from vgglab.datasets.shard_index import Place, indexed
from vgglab.errors import DataError

TAR = ".tar"
LABELS = ("cls", "json", "txt")  # the first of them that a picture has is taken: a txt may be a caption beside a json
_KEY = re.compile(r"((?:.*/)?[^./][^./]*)\.([^/]+)")  # up to the first point of the name


@dataclass(frozen=True, slots=True)
class InTar(Packed):
    """A picture in a tar file: the file, where in it, in bytes, and what the picture is called."""

    shard: str
    offset: int
    size: int
    name: str

    def __str__(self) -> str:
        return self.name

    def read(self) -> bytes:
        """See `Packed`."""
        with open(self.shard, "rb") as file:
            file.seek(self.offset)
            return file.read(self.size)

    def length(self) -> int:
        """See `Packed`; it is known from the tar."""
        return self.size

    def state(self) -> tuple[int, ...]:
        """See `Packed`."""
        return self.offset, self.size, *file_state(self.shard)


class Member(NamedTuple):
    """A file in a tar: its name, and where it is, in bytes."""

    name: str
    offset: int
    size: int


def read_tar(shard: Path, called: str, column: str | None = None) -> Shard:
    """The pictures in a tar file.

    Args:
        shard: the file.
        called: what the names of its pictures begin with.
        column: as for `read_arrow`; a tar has none.

    Raises:
        DataError: once they are asked for: it is no tar, cut short, compressed, or holds a file twice; the line
            names the file.
    """
    return Shard(partial(InTar, str(shard)), _samples(shard, called))


def _samples(shard: Path, called: str) -> Iterator[Sample]:
    try:
        for name, label, offset, size in indexed(shard, partial(_list_places, shard)):
            yield Sample(f"{called}/{name}", label, offset, size)
    except (tarfile.TarError, EOFError) as error:
        raise DataError(
            f"{shard}: is no whole, uncompressed tar ({error}); copy it again, or unpack it where it is compressed"
        ) from None
    except OSError as error:
        raise DataError(f"{shard}: cannot be read ({error.strerror or error}); copy it again") from None


def _list_places(shard: Path) -> Iterator[Place]:
    with shard.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
        for files in map(_by_end, _members(shard, tar).values()):
            if picture := next((files[end[1:]] for end in ENDS if end[1:] in files), None):
                yield Place(picture.name, _label(shard, file, files), picture.offset, picture.size)


def _members(shard: Path, tar: tarfile.TarFile) -> Mapping[str, dict[str, Member]]:
    """Key -> the end of a name, in small letters -> the file."""
    samples: dict[str, dict[str, Member]] = defaultdict(dict)
    while (member := tar.next()) is not None:
        tar.members = []  # else it keeps them all
        name = member.name.removeprefix("./")
        parts = _KEY.fullmatch(name)
        if not member.isreg() or not parts or any(map(is_hidden, name.split("/"))):
            continue
        key, end = parts[1], parts[2].lower()
        if end in samples[key]:
            raise DataError(f"{shard}: holds {name} twice; expected each key once in a shard, write it anew")
        samples[key][end] = Member(name, member.offset_data, member.size)
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):  # tarfile takes whatever is there for the end
        raise tarfile.ReadError("it has no end")
    return samples


def _by_end(files: Mapping[str, Member]) -> dict[str, Member]:
    """The last end of a name -> the file; `jpg` comes before `of_a_bee.jpg`."""
    found: dict[str, Member] = {}
    for end in sorted(files, key=lambda end: end.count(".")):
        found.setdefault(end.rpartition(".")[2], files[end])
    return found


def _label(shard: Path, file: BinaryIO, files: Mapping[str, Member]) -> int | str | None:
    """What a picture is labelled, a class number or name; None where nothing says so."""
    for end in LABELS:
        if end in files:
            file.seek(files[end].offset)
            text = file.read(files[end].size).decode("utf-8", "replace").strip()
            found = _from_json(shard, files[end].name, text) if end == "json" else text
            if found not in (None, ""):
                return int(found) if isinstance(found, str) and re.fullmatch(r"-?\d+", found) else found
    return None


def _from_json(shard: Path, name: str, text: str) -> int | str | None:
    try:
        told = json.loads(text)
    except ValueError:
        raise DataError(f"{shard}: {name} is no JSON; write it anew") from None
    if not isinstance(told, dict):
        return told if isinstance(told, int | str) else None
    heads = [head for head in told if head.lower() in CLASS_HEADS and isinstance(told[head], int | str)]
    if len(heads) > 1:
        raise DataError(f"{shard}: {name} has {some_names(heads)}: which is the label? Keep one of them, or add a .cls")
    return told[heads[0]] if heads else None
