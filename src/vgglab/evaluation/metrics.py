"""Numbers from predictions: loss, accuracy, per-class scores, confusions. Pure functions on NumPy arrays.

Throughout, N is the number of images and C the number of classes. A probability that is not finite (a
diverged model) never wins against a finite one; a row without a finite one counts as class 0, as argmax does.
"""

import csv
import io
import math
from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from vgglab.errors import DataError
from vgglab.evaluation.calibration import calibrate
from vgglab.evaluation.significance import Z_95, wilson_interval

_KERAS_EPSILON = 1e-7
_MOST_CONFUSED = 10
_CONFIDENCE_DIGITS = 6
_SCORES = ("precision", "recall", "f1")


def evaluate_predictions(labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]) -> dict:
    """Score predictions against the true labels; every number in the result is valid JSON.

    Arguments:
        labels: true class numbers, shape (N,).
        probabilities: predicted probabilities, shape (N, C).
        classes: the C class names.

    Returns:
        `n`, `loss` and `loss_interval` (nats an image; None when a probability is not finite),
        `accuracy` and `accuracy_interval` (0 to 1), `non_finite` (images with a probability that is not
        finite), `macro` (over the classes that have images) and `per_class` (precision, recall, f1; 0 where
        undefined), `most_confused` (at
        most ten pairs of `true` and `predicted`, with `count` and its `share` of the true class) and
        `calibration` (see `calibrate`).
        Intervals are [low, high] at 95 %: Wilson's for accuracy, for loss the normal approximation of its logarithm
        (delta method; Casella and Berger, Statistical Inference, 2nd ed., 5.5.4), which stays above 0.

    Raises:
        DataError: when there is no image, the shapes disagree or a label names no class.

    Example:
        >>> probabilities = np.array([[0.9, 0.1], [0.8, 0.2]])
        >>> evaluate_predictions(np.array([0, 1]), probabilities, ["cat", "dog"])["accuracy"]
        0.5
    """
    labels, probabilities = _check_predictions(labels, probabilities, len(classes))
    predicted = _comparable(probabilities).argmax(axis=1)
    correct, n = int((predicted == labels).sum()), len(labels)
    loss, loss_interval = _mean_loss(labels, probabilities)
    per_class = _score_classes(labels, predicted, classes)
    return {
        "n": n,
        "loss": loss,
        "loss_interval": loss_interval,
        "accuracy": correct / n,
        "accuracy_interval": list(wilson_interval(correct, n)),
        "non_finite": int((~np.isfinite(probabilities)).any(axis=1).sum()),
        "macro": {key: float(np.mean([row[key] for row in per_class if row["support"]])) for key in _SCORES},
        "per_class": per_class,
        "most_confused": _most_confused(confusion_counts(labels, predicted, len(classes)), classes),
        "calibration": calibrate(predicted == labels, probabilities[np.arange(n), predicted]),
    }


def confusion_counts(labels: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Count images by true class (rows) and predicted class (columns): int64, shape (C, C)."""
    return confusion_matrix(labels, predicted, labels=np.arange(n_classes)).astype(np.int64)


def prediction_rows(
    labels: np.ndarray, probabilities: np.ndarray, indices: np.ndarray, classes: Sequence[str]
) -> Iterator[dict]:
    """Rows of `predictions.csv`, one an image, each made when it is asked for.

    Arguments:
        labels: true class numbers, shape (N,).
        probabilities: predicted probabilities, shape (N, C).
        indices: position of each image in the published data set, shape (N,).
        classes: the C class names.

    Returns:
        `index`, `label` and `predicted` (names), `confidence` (probability of the predicted class),
        `label_probability` and `label_rank` (1: the prediction is right). A probability that is
        not finite is None.

    Raises:
        DataError: as `evaluate_predictions`, or when there are not as many indices as labels.
    """
    labels, probabilities = _check_predictions(labels, probabilities, len(classes))
    if len(indices) != len(labels):
        raise DataError(f"{len(indices)} indices for {len(labels)} labels: give one index an image")
    order = _rank_classes(probabilities)
    winners = order[:, 0]
    ranks = np.argmax(order == labels[:, None], axis=1) + 1
    return (
        {
            "index": int(index),
            "label": classes[label],
            "predicted": classes[winner],
            "confidence": _round_probability(row[winner]),
            "label_probability": _round_probability(row[label]),
            "label_rank": int(rank),
        }
        for index, label, winner, row, rank in zip(indices, labels, winners, probabilities, ranks, strict=True)
    )


def confusion_csv(counts: np.ndarray, classes: Sequence[str]) -> str:
    r"""Write a confusion matrix as CSV text: names head rows and columns, the corner `true \ predicted`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([r"true \ predicted", *classes])
    writer.writerows([name, *row] for name, row in zip(classes, np.asarray(counts).tolist(), strict=True))
    return text.getvalue()


def _check_predictions(labels: np.ndarray, probabilities: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or len(labels) == 0:
        raise DataError(f"labels have shape {labels.shape}: expected (N,) with at least one image")
    if probabilities.shape != (len(labels), n_classes):
        expected = f"expected {(len(labels), n_classes)}, images by classes"
        raise DataError(f"probabilities have shape {probabilities.shape}: {expected}")
    if labels.min() < 0 or labels.max() >= n_classes:
        raise DataError(f"labels go from {labels.min()} to {labels.max()}: expected 0 to {n_classes - 1}")
    return labels, probabilities


def _rank_classes(probabilities: np.ndarray) -> np.ndarray:
    """Class numbers, most probable first (equal ones in class order), shape (N, C)."""
    return np.argsort(-_comparable(probabilities), axis=1, kind="stable")


def _comparable(probabilities: np.ndarray) -> np.ndarray:
    """The same, those that are not finite below all others."""
    return np.where(np.isfinite(probabilities), probabilities, -np.inf)


def _mean_loss(labels: np.ndarray, probabilities: np.ndarray) -> tuple[float | None, list[float] | None]:
    """Mean cross-entropy with its interval, clipped as Keras's `sparse_categorical_crossentropy` does."""
    if not np.isfinite(probabilities).all():
        return None, None
    of_label = probabilities[np.arange(len(labels)), labels]
    losses = -np.log(np.clip(of_label, _KERAS_EPSILON, 1 - _KERAS_EPSILON))
    mean = float(losses.mean())
    if len(losses) == 1:  # one image has no spread
        return mean, None
    factor = math.exp(Z_95 * float(losses.std(ddof=1)) / math.sqrt(len(losses)) / mean)
    return mean, [mean / factor, mean * factor]


def _score_classes(labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> list[dict]:
    numbers = np.arange(len(classes))
    scores = precision_recall_fscore_support(labels, predicted, labels=numbers, zero_division=0)
    return [
        {"class": name, **dict(zip(_SCORES, map(float, three), strict=True)), "support": int(support)}
        for name, *three, support in zip(classes, *scores, strict=True)
    ]


def _most_confused(counts: np.ndarray, classes: Sequence[str]) -> list[dict]:
    """The most frequent mistakes, most frequent first (equal ones in class order)."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_CONFUSED]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [
        {
            "true": classes[true],
            "predicted": classes[predicted],
            "count": int(wrong[true, predicted]),
            "share": float(wrong[true, predicted] / counts[true].sum()),
        }
        for true, predicted in pairs
        if wrong[true, predicted] > 0
    ]


def _round_probability(value: float) -> float | None:
    return round(float(value), _CONFIDENCE_DIGITS) if math.isfinite(value) else None
