"""Cut labels into parts, the same on every machine, and tell later whether data is still the same."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from vgglab.config.schema import DATASETS
from vgglab.datasets.changes import (
    DIGEST_BYTES,
    as_text,
    files_text,
    json_lines,
    picture_digest,
    recorded_files,
    tell_changes,
)
from vgglab.datasets.dataset import DataSet, Part, are_kept
from vgglab.errors import ConfigError, DataError

SCHEMA = 1
TEST_SEED = 0  # where we cut a test part, it never moves: `split_seed` only moves the validation part
CHUNK = 256  # images hashed at a time: a part may be larger than the memory


def split_indices(labels: np.ndarray, validation: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions to train on and positions to hold out, each class in its share.

    Args:
        labels: class numbers, shape (N,).
        validation: share to hold out, between 0 and 1.
        seed: 0 to 2**32 - 1.

    Returns:
        Two sorted int64 arrays that share nothing and together cover 0 to N - 1.

    Raises:
        DataError: a class has fewer than two images.
        ConfigError: the share is not between 0 and 1, or leaves a part with fewer images than classes.
    """
    from sklearn.model_selection import train_test_split

    _check_split_size(labels, validation)
    positions = np.arange(len(labels), dtype=np.int64)
    train, held_out = train_test_split(positions, test_size=validation, stratify=labels, random_state=seed)
    return np.sort(train), np.sort(held_out)


def sample_indices(labels: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """`limit` sorted positions, each class in its share and at least once; a larger limit only adds.

    Args:
        labels: class numbers, shape (N,).
        limit: positions to keep; N or more keeps them all.
        seed: 0 to 2**32 - 1.

    Raises:
        ConfigError: `limit` is smaller than the number of classes.
    """
    classes, counts = np.unique(labels, return_counts=True)
    if limit < len(classes):
        raise ConfigError(f"limit is {limit}: it must be at least {len(classes)}, one image for each class")
    # RandomState, unlike numpy's newer generators, promises the same numbers in every version.
    shuffled = np.random.RandomState(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    turn = np.concatenate([np.arange(count) / count for count in counts])  # 0: first of its class
    return np.sort(by_class[np.argsort(turn, kind="stable")[:limit]])


def hold_out(labels: np.ndarray, share: float, seed: int, leave: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """As `split_indices`, however small the classes are: each gives its rounded share, at least one, and keeps some.

    Args:
        labels: class numbers, shape (N,); more than `leave` of each class.
        share: share to hold out, between 0 and 1.
        seed: 0 to 2**32 - 1.
        leave: how many of each class are kept at least.

    Returns:
        Two sorted int64 arrays, to keep and to hold out, that share nothing and together cover 0 to N - 1.
    """
    _, counts = np.unique(labels, return_counts=True)
    quota = np.clip(np.floor(counts * share + 0.5), 1, counts - leave)
    shuffled = np.random.RandomState(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    turn = np.concatenate([np.arange(count) for count in counts])
    chosen = turn < np.repeat(quota, counts)
    return np.sort(by_class[~chosen]), np.sort(by_class[chosen])


def take(source: Part, positions: np.ndarray | None, limit: int | None, seed: int) -> Part:
    """The part of `source` at `positions` (None: all of it), cut to `limit` images (None: not cut)."""
    if positions is None:
        positions = np.arange(len(source))
    if limit is not None:
        positions = positions[sample_indices(source.labels[positions], limit, seed)]
    return Part(source.images[positions], source.labels[positions], source.indices[positions])


def split_text(dataset: DataSet) -> Iterator[str]:
    """`split.json` in small pieces: which images are in which part, with a hash of positions, labels and pixels.

    Of a folder also `files`: every file with a short hash of its pixels (see `changes.files_text`), 40 bytes each. Of
    pictures that are decoded anew each time names and sizes of the files stand for the pixels: `by` is then `files`.
    """
    yield f'{{\n "schema": {SCHEMA},\n "data": {json.dumps(dataset.name)}'
    for name, part in _parts(dataset):
        yield f',\n "{name}": ['
        yield from json_lines(part.indices, np.ndarray.tolist, 2)
        yield "\n ]"
    by = "pixels" if are_kept(dataset.train.images) else "files"
    sha256, digests = _digest(dataset, by)
    yield f',\n "sha256": "{sha256}"'
    if by == "files":
        yield f',\n "by": "{by}"'
    if dataset.files:
        yield ',\n "files": '
        yield from files_text(dataset.files, digests)
    yield "\n}\n"


def check_split(dataset: DataSet, record: Mapping[str, Any]) -> None:
    """Make sure that `dataset` holds the images, labels and split that `record` (a `split.json`) tells of.

    A folder may have another name than the run's.

    Raises:
        DataError: something differs; the line says what, of a folder which files.
    """
    if record.get("schema") != SCHEMA:
        raise DataError(f"the split record has schema {record.get('schema')!r}, not {SCHEMA}: update vgglab")
    if record.get("data") != dataset.name and (record.get("data") in DATASETS or not dataset.files):
        raise DataError(f"the run used {record.get('data')}, not {dataset.name}: load {record.get('data')}")
    other = [name for name, part in _parts(dataset) if not np.array_equal(record.get(name), part.indices)]
    if not other and record.get("sha256") == _digest(dataset, told_by(record))[0]:
        return
    if dataset.files:
        _check_files(dataset, record)
    if other:
        raise DataError(
            f"the {other[0]} part of {dataset.name} holds other images than the run's: "
            "load it with the validation share, split_seed and limit of the run's config"
        )
    raise DataError(
        f"{dataset.name} has other pixels or labels here than in the run: "
        "check the setting of coarse labels, the table of labels and the files in the data folder"
    )


def _check_files(dataset: DataSet, record: Mapping[str, Any]) -> None:
    """Make sure that a folder has the files that a run was trained on.

    Raises:
        DataError: it has not, or the record is too old to tell.
    """
    then = recorded_files(record)
    if then is None:
        changed = "some were added, removed, moved or replaced, and a run this old does not tell which"
    else:
        digests = map(as_text, _digest(dataset, told_by(record))[1])
        changed = tell_changes(then, dict(zip(dataset.files, digests, strict=True)))
    if changed:
        raise DataError(
            f"{dataset.name} holds other pictures than the run was trained on: {changed}; "
            "put them back as they were, or name a folder that has them with --data"
        )


def _parts(dataset: DataSet) -> list[tuple[str, Part]]:
    return [("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test)]


def told_by(record: Mapping[str, Any]) -> str:
    """What tells pictures apart in a record: `pixels`, or names and sizes of `files`."""
    return record.get("by", "pixels")


def _digest(dataset: DataSet, by: str) -> tuple[str, np.ndarray]:
    """A hash of everything, and of a folder one of every file, bytes (files,), empty where it is not read."""
    digest, each = hashlib.sha256(), np.zeros(len(dataset.files), f"S{2 * DIGEST_BYTES}")
    for name, part in _parts(dataset):
        digest.update(f"{name} {part.images.shape}".encode())
        for numbers, kind in ((part.indices, "<i8"), (part.labels, "<i8")):
            digest.update(np.ascontiguousarray(numbers, dtype=kind))
        for start in range(0, len(part), CHUNK):
            indices = part.indices[start : start + CHUNK].tolist()
            if by == "files":
                found = dataset.digests(indices)
                digest.update("".join(found).encode())
            else:
                pixels = np.ascontiguousarray(part.images[start : start + CHUNK], dtype="u1")
                digest.update(pixels)
                found = map(picture_digest, pixels)
            if dataset.files:
                each[indices] = np.frombuffer("".join(found).encode(), each.dtype)
    return digest.hexdigest(), each


def _check_split_size(labels: np.ndarray, validation: float) -> None:
    if not 0 < validation < 1:
        raise ConfigError(f"validation is {validation}: it must be a share between 0 and 1, such as 0.2")
    classes, counts = np.unique(labels, return_counts=True)
    if len(counts) == 0:
        raise DataError("there are no images to split: check the data folder")
    if counts.min() < 2:
        rare = classes[counts.argmin()]
        raise DataError(f"class {rare} has a single image: each class needs at least 2 to be split")
    held_out = int(np.ceil(validation * len(labels)))
    if min(held_out, len(labels) - held_out) < len(classes):
        raise ConfigError(
            f"validation is {validation}: of {len(labels)} images it holds out {held_out}, "
            f"and both parts need at least {len(classes)}, one for each class"
        )
