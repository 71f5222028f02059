"""What a network answers on a probe, whatever its task: range, certainty, accuracy, share of the variance explained."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from vgglab.diagnosis.probe import describe_predictions, probabilities
from vgglab.diagnosis.records import short


@dataclass(frozen=True)
class Answer:
    """How a network's outputs are to be read.

    Attributes:
        kind: `classes`, `binary`, `labels`, `regression` or `unknown`.
        form: how targets are written.
        logits: whether the loss takes outputs that are no probabilities yet.
    """

    kind: str
    form: str
    logits: bool

    @property
    def threshold(self) -> float:
        """Above it, an output of its own says yes."""
        return 0.0 if self.logits or self.form == "signs" else 0.5


def describe_outputs(outputs: np.ndarray) -> dict[str, float | None]:
    """Range of the outputs (N, ..., columns), and their deviation between inputs, of the column where it is largest."""
    values = np.asarray(outputs, "float64")
    with np.errstate(all="ignore"):
        between = np.sqrt(values.reshape(len(values), -1, values.shape[-1]).var(axis=0).mean(axis=0)).max()
        found = (values.min(), values.max(), values.mean(), values.std(), between)
    names = ("least", "largest", "mean", "deviation", "between")
    return {name: short(float(value)) for name, value in zip(names, found, strict=True)}


def describe_answers(outputs: np.ndarray, answer: Answer) -> dict[str, Any]:
    """What the outputs say, in terms of the task: `outputs`, and of classes how many, how surely, how differently."""
    told: dict[str, Any] = {"outputs": describe_outputs(outputs)}
    if answer.kind not in ("classes", "binary", "labels"):
        return told
    rows = np.asarray(outputs, "float64").reshape(-1, outputs.shape[-1])
    if not np.isfinite(rows).all():
        return told | describe_predictions(rows)
    if answer.kind == "classes" and rows.shape[1] > 1:
        spread = (outputs if outputs.ndim == 2 else as_probabilities(outputs)).std(axis=0).max()
        return told | describe_predictions(rows) | ({} if outputs.ndim == 2 else {"spread": short(float(spread))})
    shares = as_shares(rows, answer)
    told["spread"] = float(f"{shares.std(axis=0).max():.3g}")
    told["largest_probability"] = short(float(shares.max()))
    if shares.shape[1] == 1:
        both = np.clip(np.hstack([1 - shares, shares]), 1e-12, 1)
        told["classes_predicted"] = len(np.unique(rows > answer.threshold))
        told["entropy"] = round(float(-(both * np.log(both)).sum(axis=1).mean()), 5)
    return told


def as_probabilities(outputs: np.ndarray) -> np.ndarray:
    """Outputs (N, ..., classes) as probabilities of the same shape."""
    return probabilities(outputs.reshape(-1, outputs.shape[-1]).astype("float64")).reshape(outputs.shape)


def as_shares(rows: np.ndarray, answer: Answer) -> np.ndarray:
    """Outputs that each say yes or no by themselves, as probabilities of yes (N, columns)."""
    if answer.logits:
        return 1 / (1 + np.exp(-np.clip(rows, -60, 60)))
    return np.clip((rows + 1) / 2 if answer.form == "signs" else rows, 0, 1)


def accuracy_of(outputs: np.ndarray, targets: np.ndarray, answer: Answer) -> float | None:
    """Share of right answers; None for a task without, and where targets do not fit the outputs."""
    if answer.kind not in ("classes", "binary", "labels") or not np.isfinite(outputs).all():
        return None
    rows = np.asarray(outputs).reshape(-1, outputs.shape[-1])
    if answer.kind == "classes" or (answer.kind == "binary" and rows.shape[1] > 1):
        one_hot = answer.form == "one-hot"
        truth = targets.reshape(-1, targets.shape[-1]).argmax(axis=1) if one_hot else targets.reshape(-1)
        given = rows.argmax(axis=1) if rows.shape[1] > 1 else np.round(rows[:, 0])
    else:
        truth, given = targets.reshape(-1) > 0, rows.reshape(-1) > answer.threshold
    return round(float(np.mean(given == truth)), 4) if given.shape == truth.shape else None


def explained_share(outputs: np.ndarray, targets: np.ndarray) -> float | None:
    """Share of the targets' variance that the outputs explain; None where the two do not fit, or nothing varies."""
    if outputs.size != targets.size or len(targets) < 2:
        return None
    truth = np.asarray(targets, "float64").reshape(len(targets), -1)
    left = ((truth - np.asarray(outputs, "float64").reshape(truth.shape)) ** 2).sum()
    whole = ((truth - truth.mean(axis=0)) ** 2).sum()
    return short(float(1 - left / whole)) if whole > 0 else None
