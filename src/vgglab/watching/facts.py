"""What the rules want to know before the first step: line 0 of the signals, of a model that is checked."""

import math
from typing import Any

import numpy as np

from vgglab.diagnosis.data import counts, data_signals, duplicate_share, stray_share
from vgglab.diagnosis.probe import Prober, describe_model, describe_predictions
from vgglab.diagnosis.records import short
from vgglab.diagnosis.task import last_activation
from vgglab.watching.examples import LOOKED, Examples

MOST_BYTES = 2**31  # of inputs that are all looked through for duplicates


def facts_of(subject: Any) -> dict[str, Any]:
    """Line 0: task, model, data, columns, and what the first layer and the outputs show."""
    line = {"epoch": 0, "model": _model_of(subject), "data": _data_of(subject, subject.task)}
    line |= {"task": subject.task} if subject.watched else {}  # own runs learn classes
    if (array := subject.training.input) is not None and array.ndim == 2 and array.dtype.kind in "fiu":
        line["columns"] = _columns(array)
    return line | _seen_by(subject, subject.task["kind"])


def _model_of(subject: Any) -> dict[str, Any] | None:
    try:
        return describe_model(subject.model) | {"activation": last_activation(subject.model)}
    except Exception:  # a model without a graph, or of several outputs
        return None


def _seen_by(subject: Any, kind: str) -> dict[str, Any]:
    """What the first layer with weights takes, what layers give, and the outputs."""
    try:
        prober = Prober(subject.model, subject.network.parts)
        signals, outputs = prober.run(subject.fed[0], (subject.values, subject.settled))
    except Exception:  # the checks of the network say so
        return {}
    told = kind == "classes" and isinstance(outputs, np.ndarray) and outputs.ndim == 2
    return signals | (describe_predictions(outputs) if told else {})


def _columns(table: np.ndarray) -> dict[str, Any]:
    """How the columns of a table (N, columns) differ in scale."""
    table = np.asarray(table[:LOOKED], "float64")
    deviations = table.std(axis=0)
    moving = deviations[deviations > 0]
    return {
        "count": table.shape[1],
        "least": short(table.min()),
        "largest": short(table.max()),
        "least_deviation": short(moving.min()) if moving.size else None,
        "largest_deviation": short(moving.max()) if moving.size else None,
        "constant": int((deviations == 0).sum()),
    }


def _data_of(subject: Any, task: dict[str, Any]) -> dict[str, Any]:
    """What inputs and labels of both parts show."""
    training, validation, classes = subject.training, subject.validation, task["classes"]
    parts = {"training": training} | ({"validation": validation} if validation is not None else {})
    names = {part: class_numbers(found, task) for part, found in parts.items()}
    pictures = all(found.input is not None and found.input.ndim == 4 for found in parts.values())
    named = bool(classes) and all(found is not None for found in names.values())
    if len(parts) == 2 and pictures and named:
        data = data_signals(*((parts[part].input, names[part]) for part in parts), classes)
    else:
        data = {"images": {part: len(found) for part, found in parts.items()}}
        if named:
            data["counts"] = {part: counts(found, classes) for part, found in names.items()}
            data["stray_labels"] = {part: stray_share(found, classes) for part, found in names.items()}
        if len(parts) == 2 and (share := shared(training, validation)) is not None:
            data["duplicates"] = share
    scales = {part: _scale(found) for part, found in parts.items()}
    if len(parts) == 2 and all(scales.values()):
        data["validation_scale"] = scales
    return data


def class_numbers(examples: Examples, task: dict[str, Any]) -> np.ndarray | None:
    """The classes of some examples (N,), as far as their targets name one each."""
    target = examples.target
    if target is None or task["kind"] != "classes" or task["form"] not in ("numbers", "one-hot", "column"):
        return None
    found = target.argmax(axis=-1) if task["form"] == "one-hot" else target
    return found.astype(int).reshape(-1) if found.size == len(target) else None


def shared(training: Examples, validation: Examples) -> float | None:
    """Share of the validation examples that are, bit for bit, among those for training."""
    known, asked = training.input, validation.input
    if known is None or asked is None:
        return None
    if known.nbytes + asked.nbytes > MOST_BYTES:
        known, asked = known[:LOOKED], asked[:LOOKED]
    return duplicate_share(known, asked.astype(known.dtype))


def _scale(examples: Examples) -> dict[str, float | None] | None:
    """Range, mean and deviation of all values of an only input of real numbers."""
    if examples.input is None or examples.input.dtype.kind not in "fiu":
        return None
    values = np.asarray(examples.input[examples.spread(LOOKED)], "float64")
    if not np.isfinite(values).all():
        return None
    found = {"least": values.min(), "largest": values.max(), "mean": values.mean(), "deviation": values.std()}
    return {name: short(float(value)) for name, value in found.items()}


def uniform_loss(task: dict[str, Any], loss: str) -> float:
    """Cross-entropy of equal shares, which a new network begins with; 0 for other losses."""
    if "crossentropy" not in loss:
        return 0.0
    return math.log(task["classes"] or 1) if task["kind"] == "classes" else math.log(2)
