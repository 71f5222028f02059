"""Cross-validation: which pictures a fold judges, and which the run of that fold trains and validates on.

The pool is everything but a test part that is there of its own: that one waits for the end. Each picture of the pool is
judged in one fold alone, as the `test` part of that fold's run. Of the rest the share `validation` is held out: it
chooses the best epoch, so that the judged fold decides nothing. Every class is in every part in its share, and what
belongs to one group is in one part.
"""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from vgglab.config.schema import DataConfig
from vgglab.datasets.split import hold_out, sample_indices
from vgglab.errors import ConfigError, DataError


def fold_parts(
    labels: np.ndarray, classes: Sequence[str], config: DataConfig, groups: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Sorted positions of `train`, `validation` and `test` in the run of fold `config.fold`.

    Args:
        labels: class numbers of the pool, shape (N,).
        classes: names of the classes.
        config: `limit` cuts the pool, so that all that it keeps is judged once; `split_seed` moves the folds too.
        groups: a number of what each picture belongs to, shape (N,).

    Raises:
        ConfigError: it is not said which fold is judged, or `limit` is smaller than the number of classes.
        DataError: there are fewer than two classes, or one has fewer pictures or groups than that takes.
    """
    if config.fold is None:
        raise ConfigError(
            f"data.folds is {config.folds} and data.fold does not say which of them a run judges; give it, 1 to "
            f"{config.folds}, or do all with vgglab train --folds {config.folds} or vgglab.run_folds"
        )
    pool = np.arange(len(labels))
    if config.limit is not None:
        pool = sample_indices(labels, config.limit, config.split_seed)
    labels, groups = labels[pool], None if groups is None else groups[pool]
    _check_pool(labels, classes, config.folds, groups)
    rest, judged = list(_cuts(labels, config.folds, config.split_seed, groups))[config.fold - 1]
    kept, held_out = (
        hold_out(labels[rest], config.validation, config.split_seed)
        if groups is None
        else hold_out_groups(labels[rest], groups[rest], classes, config.validation, config.split_seed)
    )
    return {"train": pool[rest[kept]], "validation": pool[rest[held_out]], "test": pool[judged]}


def hold_out_groups(
    labels: np.ndarray, groups: np.ndarray, classes: Sequence[str], share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """As `split.hold_out`, with whole groups: near the share, as far as they allow, and every class on both sides.

    Args:
        labels: class numbers, shape (N,).
        groups: a number of what each picture belongs to, shape (N,).
        classes: names of the classes.
        share: share to hold out, between 0 and 1.
        seed: 0 to 2**32 - 1.

    Raises:
        DataError: the groups do not allow it.
    """
    smaller = min(share, 1 - share)
    most = min(round(1 / smaller), np.bincount(labels, minlength=len(classes)).min(), len(np.unique(groups)))
    cuts = list(_cuts(labels, int(most), seed, groups)) if most > 1 else []
    cuts = cuts if share == smaller else [(held, kept) for kept, held in cuts]
    whole = [cut for cut in cuts if all(len(np.unique(labels[side])) == len(classes) for side in cut)]
    if not whole:
        few = _groups_of_each(labels, classes, groups)
        raise DataError(
            f"data.groups: no {share:g} of the groups has every class on both sides; class {classes[few.argmin()]!r} "
            f"is in {few.min()} of them: expected at least 1 for each part, of other groups than its others"
        )
    return min(whole, key=lambda cut: abs(len(cut[1]) - share * len(labels)))


def _cuts(
    labels: np.ndarray, folds: int, seed: int, groups: np.ndarray | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rest and the fold, sorted positions, of each fold in turn."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of rare classes: what they need is checked, and told by name
        yield from kind(folds, shuffle=True, random_state=seed).split(labels, labels, groups)


def _check_pool(labels: np.ndarray, classes: Sequence[str], folds: int, groups: np.ndarray | None) -> None:
    if len(classes) < 2:
        raise DataError(f"there is a single class, {classes[0]!r}; expected at least two to tell apart")
    needed = max(folds, 4)  # in two folds: one to train on, one to validate on, two to judge
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < needed:
        name = classes[counts.argmin()]
        raise DataError(
            f"data.folds is {folds}: class {name!r} has {counts.min()} images to be judged in turn, expected at least "
            f"{needed}; ask for fewer folds, or add some"
        )
    if groups is not None and (few := _groups_of_each(labels, classes, groups)).min() < 3:
        name = classes[few.argmin()]
        raise DataError(
            f"data.groups: class {name!r} is in {few.min()} of the groups, expected at least 3, to train, to validate "
            "and to judge with; is it the right column?"
        )
    if groups is not None and len(np.unique(groups)) < folds:
        raise DataError(f"data.folds is {folds}, and there are {len(np.unique(groups))} groups; ask for fewer folds")


def _groups_of_each(labels: np.ndarray, classes: Sequence[str], groups: np.ndarray) -> np.ndarray:
    """In how many groups each class is: int64 (classes,)."""
    return np.array([len(np.unique(groups[labels == number])) for number in range(len(classes))])
