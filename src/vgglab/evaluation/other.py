"""How good a network is on the pictures of another folder: matched by class names, beside the run's own test."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.config.schema import DataConfig
from vgglab.config.shown import one_line, some_names
from vgglab.datasets.changes import picture_digest, recorded_files
from vgglab.datasets.layout import Pictures, find_pictures
from vgglab.datasets.picture_cache import Decoded
from vgglab.datasets.picture_source import images_of
from vgglab.datasets.split import told_by
from vgglab.datasets.telling import tell
from vgglab.errors import DataError
from vgglab.evaluation.displays import draw_confusion_matrix, save_figure
from vgglab.evaluation.metrics import confusion_counts, confusion_csv, evaluate_predictions, prediction_rows
from vgglab.evaluation.significance import difference_interval, wilson_interval
from vgglab.runs.files import write_csv, write_folder, write_json, write_text
from vgglab.runs.saved_model import Classifier

CHUNK = 256  # pictures hashed at a time
PREDICTION_FIELDS = ("label", "predicted", "confidence", "label_probability", "label_rank")


@dataclass(frozen=True)
class Tried:
    """What a network makes of the pictures of another folder.

    Attributes:
        metrics: what `metrics.json` holds: figures as of `evaluate_predictions`, and `data` (the folder), `layout` and
            `labels` (how it is read, where that was told), `lacking` (class that the network lacks -> pictures of it,
            which are left out), `missing` (its classes that are not there), `unreadable` and `seen` (pictures left
            out as they cannot be read, or as the network was trained or chosen on them) and `own` (see `beside`; None
            without a run).
        predictions: rows of `predictions.csv`, with the `path` or the `index` of a picture.
        counts: images by true class (rows) and predicted class (columns), shape (C, C).
    """

    metrics: dict[str, Any]
    predictions: list[dict[str, Any]]
    counts: np.ndarray


@dataclass(frozen=True)
class Fresh:
    """The pictures of a folder that some networks can be tried on.

    Attributes:
        given: the folder, and what was told of how to read it.
        pictures: all in it.
        rows: positions in `pictures` of those that can be read and are of a class that the networks have.
        decoded: these.
        fresh: which of them no network was trained or chosen on, bool, shape (len(rows),).
        labels: the networks' class numbers of the fresh ones.
    """

    given: DataConfig
    pictures: Pictures
    rows: np.ndarray
    decoded: Decoded
    fresh: np.ndarray
    labels: np.ndarray

    def ask(self, classifier: Classifier) -> np.ndarray:
        """Class probabilities of the fresh pictures, shape (N, classes)."""
        return classifier.predict(self.decoded.images)[self.fresh]


def find_fresh(
    classifier: Classifier,
    given: DataConfig,
    splits: Sequence[Mapping[str, Any]] = (),
    data_dir: Path | str | None = None,
) -> Fresh:
    """Find the pictures of a folder that networks can be tried on; the folder's parts do not matter.

    Args:
        classifier: with class names.
        given: the folder of labelled pictures, and what was told of how to read it.
        splits: records of the splits of the networks' runs: what any was trained or chosen on is left out.
        data_dir: where decoded pictures are kept.

    Raises:
        DataError: there is no such folder, or no picture in it that the networks can be tried on.
    """
    pictures = find_pictures(given)
    tell(pictures.notes)
    numbers = class_numbers(pictures, classifier.classes)
    rows = np.flatnonzero(numbers >= 0)
    decoded = images_of(pictures, rows, classifier.picture_side, given, data_dir, classifier.levels)
    rows = np.delete(rows, list(decoded.broken))
    fresh = ~seen_before(pictures, rows, decoded, splits)
    if not fresh.any():
        raise DataError(_nothing_left(pictures, len(rows), decoded))
    return Fresh(given, pictures, rows, decoded, fresh, numbers[rows][fresh])


def try_pictures(classifier: Classifier, found: Fresh, own: Mapping[str, Any] | None = None) -> Tried:
    """Let a network predict pictures of a folder.

    Args:
        classifier: with class names.
        found: the pictures.
        own: test figures of the network's run.
    """
    pictures, labels, probabilities = found.pictures, found.labels, found.ask(classifier)
    figures = evaluate_predictions(labels, probabilities, classifier.classes)
    predictions = prediction_rows(labels, probabilities, found.rows[found.fresh], classifier.classes)
    told = found.given.model_dump(include=found.given.model_fields_set - {"name"})
    metrics = {"schema": 1, "data": str(pictures.root), **told, **figures, **left_out(pictures, classifier.classes)}
    metrics |= {"unreadable": len(found.decoded.broken), "seen": int((~found.fresh).sum())}
    return Tried(
        metrics | {"own": beside(figures, own) if own else None},
        [{"path": one_line(pictures.files[row["index"]]), **row} for row in predictions],
        confusion_counts(labels, probabilities.argmax(axis=1), len(classifier.classes)),
    )


def class_numbers(pictures: Pictures, classes: list[str]) -> np.ndarray:
    """The network's class number of each file, -1 where it has no such class: int64 (N,).

    Raises:
        DataError: it has none of the folder's classes.
    """
    known = {name: number for number, name in enumerate(classes)}
    numbers = np.array([known.get(name, -1) for name in pictures.classes])[pictures.labels]
    if not len(numbers):
        raise DataError(f"{pictures.root}: its folders hold no pictures; add some")
    if (numbers < 0).all():
        there, wanted = some_names(pictures.classes), some_names(classes)
        raise DataError(
            f"{pictures.root}: none of its classes ({there}) is one of the network's ({wanted}); "
            "name the folders as its classes are named"
        )
    return numbers


def seen_before(
    pictures: Pictures, rows: np.ndarray, decoded: Decoded, splits: Sequence[Mapping[str, Any]]
) -> np.ndarray:
    """Which pictures are ones that any of some runs was trained on or chosen by, as their records tell: bool (N,)."""
    seen = np.zeros(len(rows), bool)
    for by, digests in (("files", partial(pictures.digests, rows)), ("pixels", partial(_pixel_digests, decoded))):
        known = set().union(*(_learned(split) for split in splits if told_by(split) == by))
        if known:
            seen |= [digest in known for digest in digests()]
    return seen


def _pixel_digests(decoded: Decoded) -> Iterator[str]:
    for start in range(0, len(decoded.images), CHUNK):
        yield from map(picture_digest, decoded.images[start : start + CHUNK])


def _learned(split: Mapping[str, Any]) -> set[str]:
    """Hashes of the pictures that a run was trained on or chosen by, as far as the record of its split has them."""
    files = recorded_files(split) or {}
    learned = {index for part in ("train", "validation") for index in split[part]} if files else set()
    return {digest for index, digest in enumerate(files.values()) if index in learned and digest}


def left_out(pictures: Pictures, classes: list[str]) -> dict[str, Any]:
    """`lacking`: class that the network lacks -> pictures of it; `missing`: classes of the network without any."""
    counts = dict(zip(pictures.classes, np.bincount(pictures.labels, minlength=len(pictures.classes)), strict=True))
    lacking = {name: int(count) for name, count in counts.items() if name not in classes}
    return {"lacking": lacking, "missing": [name for name in classes if not counts.get(name)]}


def beside(figures: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any] | None:
    """The run's own test on the classes that have pictures in the other folder, and whether the two differ.

    Returns:
        `n`, `accuracy`, `accuracy_interval`, `recall` (by class) of the own test; `loss` and `loss_interval` where all
        classes are there, else None; `difference` (other less own) with `difference_interval` at 95 %, and `differs`:
        whether it is more than chance explains. None where the own test has no image of these classes.
    """
    there = {row["class"] for row in figures["per_class"] if row["support"]}
    shared = [row for row in own["per_class"] if row["class"] in there and row["support"]]
    if not shared:
        return None
    n, right = sum(row["support"] for row in shared), round(sum(row["recall"] * row["support"] for row in shared))
    low, high = difference_interval((right, n), (round(figures["accuracy"] * figures["n"]), figures["n"]))
    whole = n == own["n"]
    return {
        "n": n,
        "accuracy": right / n,
        "accuracy_interval": list(wilson_interval(right, n)),
        "loss": own["loss"] if whole else None,
        "loss_interval": own["loss_interval"] if whole else None,
        "recall": {row["class"]: row["recall"] for row in shared},
        "difference": figures["accuracy"] - right / n,
        "difference_interval": [low, high],
        "differs": not low <= 0 <= high,
    }


def write_tried(folder: Path, tried: Tried, classes: list[str], title: str, replace: bool = False) -> None:
    """Write figures, predictions and the confusion matrix into a folder, all of them or none.

    Args:
        folder: new, or with `replace` an earlier one that is replaced.
        tried: what to write.
        classes: names of the network's classes.
        title: over the picture.
        replace: see `folder`.
    """

    def write(made: Path) -> None:
        which = "path" if "path" in tried.predictions[0] else "index"
        write_csv(made / "predictions.csv", (which, *PREDICTION_FIELDS), tried.predictions)
        write_text(made / "confusion_matrix.csv", confusion_csv(tried.counts, classes))
        save_figure(draw_confusion_matrix(tried.counts, classes, title), made / "confusion_matrix")
        write_json(made / "metrics.json", tried.metrics)

    write_folder(folder, write, replace)


def _nothing_left(pictures: Pictures, readable: int, decoded: Decoded) -> str:
    if readable:
        return (
            f"{pictures.root}: the network was trained or chosen on all {readable:,} pictures in it, which say nothing "
            "of how good it is; give others"
        )
    reason = next(iter(decoded.broken.values()))
    return (
        f"{pictures.root}: none of its {len(decoded.broken):,} pictures can be read, the first {reason}; replace them"
    )
