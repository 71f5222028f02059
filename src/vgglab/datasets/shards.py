"""Data sets in few large files: tar shards as of WebDataset, Parquet or Arrow as of Hugging Face's `datasets`."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from pathlib import Path

from vgglab.config.shown import count_of, one_line, some_names
from vgglab.datasets.arrow_shards import ARROW, NO_LABELS, PARQUET, read_arrow
from vgglab.datasets.entries import Opener, Packed, Sample, Shard
from vgglab.datasets.formats import looks_like_picture
from vgglab.datasets.listing import Listed, files_below
from vgglab.datasets.names import Names
from vgglab.datasets.packed import PackedPictures
from vgglab.datasets.part_names import UNLABELLED, speaks_of
from vgglab.datasets.shard_names import class_names, name_of
from vgglab.datasets.tar_shards import TAR, read_tar
from vgglab.errors import DataError

Found = tuple[Path, Opener, Sample]  # a picture in a shard of a folder
Reader = Callable[[Path, str, str | None], Shard]
READERS: dict[str, Reader] = {TAR: read_tar, PARQUET: read_arrow, ARROW: read_arrow}
LEFT_BEHIND = "cache-"  # by `datasets`, beside its Arrow files
EXPECTED = "expected key.jpg with key.cls, key.json or key.txt in a tar, a column label in Parquet"


def find_shards(root: Path, flat: bool = False) -> list[Path]:
    """The shards below a folder, sorted; none where pictures lie in folders below it, which are the data set then.

    Args:
        root: the folder.
        flat: whether pictures that lie in it itself are a data set too, as with a table of labels.

    Raises:
        DataError: there are shards of several kinds.
    """
    found = []
    for file in map(root.joinpath, files_below(root)):
        if (flat or file.parent != root) and looks_like_picture(file.name):
            return []
        if _is_shard(file):
            found.append(file)
    if len(kinds := sorted({file.suffix.lower() for file in found})) > 1:
        raise DataError(f"{root}: has files that end in {' and in '.join(kinds)}; keep the shards of one kind there")
    return sorted(found)


def names_column(labels: str, shards: Sequence[Path]) -> bool:
    """Whether `labels` names a column of shards: such have columns, and there is no file of that name."""
    columns = any(READERS[shard.suffix.lower()] is read_arrow for shard in shards)
    return columns and not Path(labels).suffix and not Path(labels).expanduser().exists()


def packed_pictures(root: Path, shards: Sequence[Path]) -> PackedPictures:
    """Every picture in some shards, in order: for a table to say what they are."""
    packed = PackedPictures()
    for _, opener, sample in _in_order(root, shards, NO_LABELS):
        packed.append(sample, opener)
    return packed


def pictures_in(path: str) -> Iterator[Packed] | None:
    """The pictures in a shard, or in a folder that is a data set of shards, labelled or not; None where it is neither.

    They are called by the path as it is given, and as in the data set.

    Raises:
        DataError: a shard is damaged, or there are shards of several kinds.
    """
    given = Path(path)
    shards = find_shards(given, flat=True) if given.is_dir() else [given] if _is_shard(given) else []
    called = {shard: shard.with_suffix("").as_posix() for shard in shards}
    opened = (_open(shard, name, NO_LABELS) for shard, name in called.items())
    found = (opener(first, second, name) for opener, samples in opened for name, _, first, second in samples)
    return found if shards else None


def list_shards(root: Path, shards: Sequence[Path], column: str | None = None) -> Listed:
    """The pictures in the shards of a folder, with their classes and parts; what has no label is left out and told.

    Args:
        root: the folder.
        shards: in it.
        column: the one of labels; None for the one that is there.

    Raises:
        DataError: a shard is damaged, its parts or labels do not fit together, or there are none.
    """
    names, parts, packed = class_names(root), _parts(root, shards), PackedPictures()
    part_of = {shard: number for number, files in enumerate(parts.values()) for shard in files}
    nowhere = [*parts].index(UNLABELLED) if UNLABELLED in parts else None
    classes: dict[str, int] = {}
    unlabelled, numbers, places = [Names() for _ in parts], array("I"), array("B")
    for shard, opener, sample in _in_order(root, shards, column):
        label = None if part_of[shard] == nowhere else _class_of(sample, names)
        if label is None:
            unlabelled[part_of[shard]].append(sample.name)
        else:
            packed.append(sample, opener)
            numbers.append(classes.setdefault(label, len(classes)))
            places.append(part_of[shard])
    placed = [part for number, part in enumerate(parts) if number in places]
    if "train" not in placed:
        raise DataError(f"{root}: no picture in {count_of(len(shards), 'shard')} has a label; {EXPECTED}")
    left = [_left_out(root, part, out, part not in placed) for part, out in zip(parts, unlabelled, strict=True) if out]
    rows = zip(packed.names, map([*classes].__getitem__, numbers), map([*parts].__getitem__, places), strict=True)
    return Listed(rows, len(parts) > 1, tuple(left), parts=placed, packed=packed)


def _in_order(root: Path, shards: Sequence[Path], column: str | None) -> Iterator[Found]:
    """The pictures in the shards of a folder, as `listing.in_order` has them; of a few shards at a time."""
    for together in _together(root, shards):
        yield from merge(*(_sorted(root, shard, column) for shard in together), key=lambda found: _turn(found[2]))


def _sorted(root: Path, shard: Path, column: str | None) -> Iterator[Found]:
    opener, samples = _open(shard, _called(root, shard), column)
    yield from ((shard, opener, sample) for sample in sorted(samples, key=_turn))


def _turn(sample: Sample) -> str:
    return one_line(sample.name)


def _together(root: Path, shards: Sequence[Path]) -> list[list[Path]]:
    """Shards in the order of their pictures' names; those together whose pictures' names may come in between."""
    groups: dict[str, list[Path]] = {}
    for name, shard in sorted((one_line(f"{_called(root, shard)}/"), shard) for shard in shards):
        first = next(reversed(groups), name)
        groups.setdefault(first if name.startswith(first) else name, []).append(shard)
    return list(groups.values())


def _open(shard: Path, called: str, column: str | None) -> Shard:
    return READERS[shard.suffix.lower()](shard, called, column)


def _called(root: Path, shard: Path) -> str:
    """What the names of a shard's pictures begin with."""
    return shard.relative_to(root).with_suffix("").as_posix()


def _is_shard(file: Path) -> bool:
    return file.suffix.lower() in READERS and not file.name.startswith(LEFT_BEHIND)


def _parts(root: Path, shards: Sequence[Path]) -> dict[str, list[Path]]:
    """Part -> its shards, told by their names and their folders' names; one part alone is no split."""
    spoken: dict[str | None, list[Path]] = {}
    for shard in shards:
        spoken.setdefault(speaks_of(" ".join(shard.relative_to(root).with_suffix("").parts)), []).append(shard)
    if len(spoken) == 1:
        return {"train": list(shards)}
    if None in spoken or "train" not in spoken:
        other = spoken.get(None, shards)
        raise DataError(
            f"{root}: has shards named {some_names([shard.name for shard in other])}; expected names that begin with "
            "train, and perhaps val and test, for all of them or for none: rename them, or move the others away"
        )
    return spoken


def _class_of(sample: Sample, names: Sequence[str]) -> str | None:
    """The class of a picture, by the names of the classes where it has a number; None where it has no label."""
    label = name_of(sample.label, names, sample.name)
    return None if label in (None, "") or (isinstance(label, int) and label < 0) else str(label)


def _left_out(root: Path, part: str, names: Sequence[str], whole: bool) -> str:
    cut = f", and the {part} part is cut from the training pictures" if whole and part != UNLABELLED else ""
    return f"{root}: {count_of(len(names), 'picture')} without a label left out, such as {names[0]}{cut}"
