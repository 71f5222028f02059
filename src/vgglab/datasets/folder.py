"""A data set of the user's own pictures: a folder with one folder per class, split or to be split."""

from collections.abc import Mapping
from os import PathLike

import numpy as np

from vgglab.config.schema import DataConfig
from vgglab.config.shown import count_of, one_line
from vgglab.datasets.dataset import DataSet, Part, Skipped, are_kept
from vgglab.datasets.folds import fold_parts, hold_out_groups
from vgglab.datasets.formats import NEEDS_EXTRA
from vgglab.datasets.layout import Pictures, find_pictures
from vgglab.datasets.levels import NO_RANGE, Levels
from vgglab.datasets.names import Names
from vgglab.datasets.picture_source import images_of
from vgglab.datasets.split import TEST_SEED, hold_out, sample_indices
from vgglab.datasets.telling import tell
from vgglab.errors import DataError

PARTS = ("train", "validation", "test")


def read_folder(config: DataConfig, size: int, data_dir: str | PathLike[str] | None = None) -> DataSet:
    """The data set in the folder `config.name`, its pictures decoded once to `size` x `size` pixels.

    The images stay on the disk and are mapped into memory; or they are a `StreamedImages`, see `images_of`.
    `Part.indices` are positions in the sorted list of the folder's files. Unreadable files are left out and listed in
    `DataSet.skipped`; with `limit`, only those it keeps are looked at.

    Raises:
        ConfigError: `limit` is smaller than the number of classes.
        DataError: the folder is not there, cannot be split, or has too few pictures that can be read; with
            `config.strict`, one cannot be read.
    """
    pictures = find_pictures(config)
    planned = plan_parts(pictures, config)
    rows = np.concatenate([planned[part] for part in PARTS])
    cuts = np.cumsum([len(planned[part]) for part in PARTS])[:-1]
    planned = dict(zip(PARTS, np.split(rows, cuts), strict=True))  # in the memory of `rows`: once is enough
    measured = len(planned["train"]) if config.stretch else 0
    decoded = images_of(pictures, rows, size, config, data_dir, measured=measured)
    broken = {int(rows[position]): reason for position, reason in decoded.broken.items()}
    kept = leave_out(pictures, planned, broken, config.strict)
    ends = np.cumsum([len(kept[part]) for part in PARTS])
    images = np.split(decoded.images, ends[:-1]) if are_kept(decoded.images) else decoded.images.cut(ends[:-1])
    skipped = tuple(
        Skipped(pictures.files[row], part, broken[row]) for part in PARTS for row in planned[part] if row in broken
    )
    _tell(pictures, skipped, decoded.levels)
    return DataSet(
        pictures.root.name,
        pictures.classes,
        *(
            Part(pixels, pictures.labels[kept[part]].astype(np.int64), kept[part])
            for part, pixels in zip(PARTS, images, strict=True)
        ),
        skipped,
        levels=decoded.levels,
        files=pictures.files if all(map(str.isprintable, pictures.files)) else Names(map(one_line, pictures.files)),
        digests=pictures.digests,
    )


def plan_parts(pictures: Pictures, config: DataConfig) -> dict[str, np.ndarray]:
    """Positions of the pictures of each part, sorted; nothing is read.

    Parts that the folder has stay as they are. Where it has no test part, the share `config.test` of its training
    pictures becomes one, the same whatever the seed of the split; where it has no validation part, the share
    `config.validation` of what is then left. Every class is in every part that is cut, and of groups no part has a
    piece. With `config.folds` all but the test part that the folder has is cut anew, see `datasets.folds`.

    Raises:
        ConfigError: `limit` is smaller than the number of classes, or it is not said which fold is judged.
        DataError: there are fewer than two classes, or one has too few pictures or groups.
    """
    if config.folds:
        return _plan_fold(pictures, config)
    check_splittable(pictures)
    parts, groups = dict(pictures.parts), pictures.groups
    for part, share, seed in (("test", config.test, TEST_SEED), ("validation", config.validation, config.split_seed)):
        if part not in parts:
            train, to_cut = parts["train"], len(PARTS) - len(parts)
            labels = pictures.labels[train]
            kept, held_out = (
                hold_out(labels, share, seed, leave=to_cut)
                if groups is None
                else hold_out_groups(labels, groups[train], pictures.classes, share, seed)
            )
            parts[part], parts["train"] = train[held_out], train[kept]
    if config.limit is not None:
        parts = {part: _sample(pictures, rows, config) for part, rows in parts.items()}
    return {part: parts[part] for part in PARTS}


def _plan_fold(pictures: Pictures, config: DataConfig) -> dict[str, np.ndarray]:
    pool = np.sort(np.concatenate([rows for part, rows in pictures.parts.items() if part != "test"]))
    groups = None if pictures.groups is None else pictures.groups[pool]
    parts = fold_parts(pictures.labels[pool], pictures.classes, config, groups)
    return {part: pool[rows] for part, rows in parts.items()}


def leave_out(
    pictures: Pictures, planned: Mapping[str, np.ndarray], broken: Mapping[int, str], strict: bool = False
) -> dict[str, np.ndarray]:
    """The planned parts without what cannot be read.

    Args:
        pictures: the folder.
        planned: positions of the pictures of each part.
        broken: position of each file that cannot be read -> what is wrong with it.
        strict: refuse any.

    Raises:
        DataError: too little is left, or `strict` and something is broken; the line names a file or a class.
    """
    if not broken:
        return dict(planned)
    kept = {part: rows[~np.isin(rows, list(broken))] for part, rows in planned.items()}
    first = min(broken)
    example = f"{pictures.files[first]} {broken[first]}"
    if strict:
        more = f" (and {len(broken) - 1:,} more)" if len(broken) > 1 else ""
        raise DataError(f"{pictures.root}: {example}{more}; replace or remove it, or leave --strict out")
    if not any(map(len, kept.values())):
        raise DataError(f"{pictures.root}: none of its {len(broken):,} files can be read, {example}; replace them")
    left = class_counts(pictures, kept["train"])
    if left.min() == 0:
        name = pictures.classes[left.argmin()]
        raise DataError(
            f"{pictures.root}: no training picture of class {name!r} can be read; replace them, or move its folder away"
        )
    for part in (part for part, rows in kept.items() if len(rows) == 0):
        raise DataError(f"{pictures.root}: no {part} picture can be read, {example}; replace them")
    return kept


def check_splittable(pictures: Pictures) -> None:
    """Make sure that there are two classes at least, and enough pictures of each for the parts to be cut.

    Raises:
        DataError: there are not; the line names the class.
    """
    if len(pictures.classes) < 2:
        raise DataError(
            f"{pictures.root}: has a single class, {pictures.classes[0]!r}; expected at least two folders of "
            "pictures: add one, or give the folder that holds the class folders"
        )
    needed, counts = pictures_needed(pictures), class_counts(pictures, pictures.parts["train"])
    if counts.min() < needed:
        few, name = counts.min(), pictures.classes[counts.argmin()]
        amount = {0: "no pictures", 1: "a single picture"}.get(few, f"{few} pictures")
        raise DataError(
            f"{pictures.root}: class {name!r} has {amount} to train on and to hold out; "
            f"expected at least {needed}: add some, or move its folder away"
        )
    for part in ("validation", "test"):
        if part in pictures.parts and len(pictures.parts[part]) == 0:
            raise DataError(f"{pictures.root}: the folder of the {part} part holds no pictures; add some or remove it")


def pictures_needed(pictures: Pictures) -> int:
    """The fewest training pictures a class must have: one for each part to be cut, and one (at least two)."""
    return max(2, 1 + len(PARTS) - len(pictures.parts))


def class_counts(pictures: Pictures, rows: np.ndarray) -> np.ndarray:
    """Pictures of each class among `rows`: int64 (classes,)."""
    return np.bincount(pictures.labels[rows], minlength=len(pictures.classes))


def _sample(pictures: Pictures, rows: np.ndarray, config: DataConfig) -> np.ndarray:
    return rows[sample_indices(pictures.labels[rows], config.limit, config.split_seed)]


def _tell(pictures: Pictures, skipped: tuple[Skipped, ...], levels: Levels | None) -> None:
    """A line on stderr for each thing that is left out, or not taken as it stands."""
    lines = list(pictures.notes)
    if skipped:
        count = f"{count_of(len(skipped), 'file')} of {len(pictures.files):,}"
        shown = max(skipped, key=lambda file: file.reason in (NEEDS_EXTRA, NO_RANGE))  # what can be helped, if any
        lines.append(
            f"{pictures.root}: left out {count} that cannot be read, such as {shown.path}, which {shown.reason}"
        )
    lines += [
        f"{pictures.root}: grey levels {low:,.6g} to {high:,.6g} of {bits}-bit pictures are stretched to 0 to 255"
        for bits, (low, high) in (levels or {}).items()
    ]
    tell(lines)
