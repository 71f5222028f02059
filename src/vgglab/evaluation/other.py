"""How good a network is on the pictures of another folder: matched by class names, beside the run's own test."""

from collections.abc import Mapping
from dataclasses import dataclass
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
PREDICTION_FIELDS = ("path", "label", "predicted", "confidence", "label_probability", "label_rank")


@dataclass(frozen=True)
class Tried:
    """What a network makes of the pictures of another folder.

    Attributes:
        metrics: what `metrics.json` holds: figures as of `evaluate_predictions`, and `data` (the folder), `layout` and
            `labels` (how it is read, where that was told), `lacking` (class that the network lacks -> pictures of it,
            which are left out), `missing` (its classes that are not there), `unreadable` and `seen` (pictures left
            out as they cannot be read, or as the network was trained or chosen on them) and `own` (see `beside`; None
            without a run).
        predictions: rows of `predictions.csv`.
        counts: images by true class (rows) and predicted class (columns), shape (C, C).
    """

    metrics: dict[str, Any]
    predictions: list[dict[str, Any]]
    counts: np.ndarray


def try_pictures(
    classifier: Classifier,
    given: DataConfig,
    split: Mapping[str, Any] | None = None,
    own: Mapping[str, Any] | None = None,
    data_dir: Path | str | None = None,
) -> Tried:
    """Let a network predict every picture of a folder that it was not trained on; the folder's parts do not matter.

    Args:
        classifier: with class names.
        given: the folder of labelled pictures, and what was told of how to read it.
        split: record of the split of the network's run: what it was trained or chosen on is left out.
        own: test figures of the network's run.
        data_dir: where decoded pictures are kept.

    Raises:
        DataError: there is no such folder, or no picture in it that the network can be tried on.
    """
    pictures = find_pictures(given)
    tell(pictures.notes)
    numbers = class_numbers(pictures, classifier.classes)
    rows = np.flatnonzero(numbers >= 0)
    decoded = images_of(pictures, rows, classifier.picture_side, given, data_dir, classifier.levels)
    rows = np.delete(rows, list(decoded.broken))
    fresh = ~seen_before(pictures, rows, decoded, split)
    if not fresh.any():
        raise DataError(_nothing_left(pictures, len(rows), decoded))
    labels, probabilities = numbers[rows][fresh], classifier.predict(decoded.images)[fresh]
    figures = evaluate_predictions(labels, probabilities, classifier.classes)
    predictions = prediction_rows(labels, probabilities, rows[fresh], classifier.classes)
    told = given.model_dump(include=given.model_fields_set - {"name"})
    metrics = {"schema": 1, "data": str(pictures.root), **told, **figures, **left_out(pictures, classifier.classes)}
    metrics |= {"unreadable": len(decoded.broken), "seen": int((~fresh).sum())}
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


def seen_before(pictures: Pictures, rows: np.ndarray, decoded: Decoded, split: Mapping[str, Any] | None) -> np.ndarray:
    """Which pictures are ones that a run was trained on or chosen by, as its record tells them: bool (N,)."""
    files = recorded_files(split or {}) or {}
    learned = {index for part in ("train", "validation") for index in split[part]} if files else set()
    known = {digest for index, digest in enumerate(files.values()) if index in learned} - {None}
    count = len(decoded.images)
    if not known:
        return np.zeros(count, bool)
    if told_by(split) == "files":
        return np.array([digest in known for digest in pictures.digests(rows)], bool)
    chunks = (decoded.images[start : start + CHUNK] for start in range(0, count, CHUNK))
    return np.array([picture_digest(picture) in known for chunk in chunks for picture in chunk], bool)


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
        write_csv(made / "predictions.csv", PREDICTION_FIELDS, tried.predictions)
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
