"""Data sets in few large files: tar shards as of WebDataset, Parquet or Arrow as of Hugging Face's `datasets`."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from sys import intern

from vgglab.config.shown import count_of, some_names
from vgglab.datasets.arrow_shards import ARROW, NO_LABELS, PARQUET, read_arrow
from vgglab.datasets.entries import Packed, Sample
from vgglab.datasets.formats import looks_like_picture
from vgglab.datasets.listing import Listed, files_below, in_order
from vgglab.datasets.part_names import UNLABELLED, speaks_of
from vgglab.datasets.shard_names import class_names, name_of
from vgglab.datasets.tar_shards import TAR, read_tar
from vgglab.errors import DataError

Reader = Callable[[Path, str, str | None], Iterator[Sample]]
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


def packed_pictures(root: Path, shards: Sequence[Path]) -> dict[str, Packed]:
    """Name -> where the bytes are, of every picture in some shards: for a table to say what they are."""
    return {sample.name: sample.entry for shard in shards for sample in _samples(root, shard, NO_LABELS)}


def pictures_in(path: str) -> Iterator[Packed] | None:
    """The pictures in a shard, or in a folder that is a data set of shards, labelled or not; None where it is neither.

    They are called by the path as it is given, and as in the data set.

    Raises:
        DataError: a shard is damaged, or there are shards of several kinds.
    """
    given = Path(path)
    shards = find_shards(given, flat=True) if given.is_dir() else [given] if _is_shard(given) else []
    called = {shard: shard.with_suffix("").as_posix() for shard in shards}
    found = (READERS[shard.suffix.lower()](shard, name, NO_LABELS) for shard, name in called.items())
    return (sample.entry for samples in found for sample in samples) if shards else None


def list_shards(root: Path, shards: Sequence[Path], column: str | None = None) -> Listed:
    """The pictures in the shards of a folder, with their classes and parts; what has no label is left out and told.

    Args:
        root: the folder.
        shards: in it.
        column: the one of labels; None for the one that is there.

    Raises:
        DataError: a shard is damaged, its parts or labels do not fit together, or there are none.
    """
    names, parts, notes = class_names(root), _parts(root, shards), []
    rows: list[tuple[str, str, str]] = []
    packed: dict[str, Packed] = {}
    for part, files in parts.items():
        unlabelled, before = [], len(rows)
        for sample in (sample for shard in files for sample in _samples(root, shard, column)):
            label = None if part == UNLABELLED else _class_of(sample, names)
            if label is None:
                unlabelled.append(sample.name)
            else:
                rows.append((sample.name, label, part))
                packed[sample.name] = sample.entry
        if unlabelled:
            notes.append(_left_out(root, part, unlabelled, whole=len(rows) == before))
    placed = dict.fromkeys(part for *_, part in rows)
    if "train" not in placed:
        raise DataError(f"{root}: no picture in {count_of(len(shards), 'shard')} has a label; {EXPECTED}")
    return Listed(in_order(rows), len(parts) > 1, tuple(notes), parts=tuple(placed), packed=packed)


def _samples(root: Path, shard: Path, column: str | None) -> Iterator[Sample]:
    called = shard.relative_to(root).with_suffix("").as_posix()
    yield from READERS[shard.suffix.lower()](shard, called, column)


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
    return None if label in (None, "") or (isinstance(label, int) and label < 0) else intern(str(label))


def _left_out(root: Path, part: str, names: Sequence[str], whole: bool) -> str:
    cut = f", and the {part} part is cut from the training pictures" if whole and part != UNLABELLED else ""
    return f"{root}: {count_of(len(names), 'picture')} without a label left out, such as {names[0]}{cut}"
