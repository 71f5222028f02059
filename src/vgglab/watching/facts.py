"""What the rules want to know before the first step: line 0 of the signals, of a model that is checked."""

import math
from typing import Any

import numpy as np

from vgglab.diagnosis.data import counts, data_signals, duplicate_share, stray_share
from vgglab.diagnosis.probe import Prober, describe_predictions
from vgglab.diagnosis.task import figures_of
from vgglab.watching.describe import class_numbers, describe_columns, describe_network, is_one, is_table
from vgglab.watching.examples import LOOKED, Examples

MOST_BYTES = 2**31  # of inputs that are all looked through for duplicates


def facts_of(subject: Any) -> dict[str, Any]:
    """Line 0: task, model, data, columns, and what the first layer and the outputs show."""
    line = {"epoch": 0, "model": _model_of(subject), "data": _data_of(subject, subject.task)}
    line |= {"task": subject.task} if subject.watched else {}  # own runs learn classes
    seen = _seen_by(subject, subject.task["kind"])
    if "input" in seen and is_table(subject.training.input):
        line["columns"] = describe_columns(subject.training.input[subject.training.spread(LOOKED)])
    return line | seen


def _model_of(subject: Any) -> dict[str, Any] | None:
    try:
        return describe_network(subject.model, (subject.values, subject.fixed), subject.last_layer)
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


def _data_of(subject: Any, task: dict[str, Any]) -> dict[str, Any]:
    """What inputs and labels of both parts show."""
    training, validation, classes = subject.training, subject.validation, task["classes"]
    parts = {"training": training} | ({"validation": validation} if validation is not None else {})
    names = {part: class_numbers(found.target, task["form"]) for part, found in parts.items()}
    pictures = all(found.input is not None and found.input.ndim == 4 for found in parts.values())
    named = task["kind"] == "classes" and classes and all(found is not None for found in names.values())
    if len(parts) == 2 and pictures and named:
        data = data_signals(*((parts[part].input, names[part]) for part in parts), classes)
    else:
        data = {"images": {"validation": 0} | {part: len(found) for part, found in parts.items()}}
        if named:
            data["counts"] = {part: counts(found, classes) for part, found in names.items()}
            data["stray_labels"] = {part: stray_share(found, classes) for part, found in names.items()}
        if len(parts) == 2 and (share := shared(training, validation)) is not None:
            data["duplicates"] = share
    if len(parts) == 2 and all(is_one(found.input) for found in parts.values()):
        data["validation_scale"] = {
            part: figures_of(found.input[found.spread(LOOKED)]) for part, found in parts.items()
        }
    return data


def shared(training: Examples, validation: Examples) -> float | None:
    """Share of the validation examples that are, bit for bit, among those for training."""
    known, asked = training.input, validation.input
    if known is None or asked is None:
        return None
    if known.nbytes + asked.nbytes > MOST_BYTES:
        known, asked = known[:LOOKED], asked[:LOOKED]
    return duplicate_share(known, asked.astype(known.dtype))


def uniform_loss(task: dict[str, Any], loss: str) -> float:
    """Cross-entropy of equal shares, which a new network begins with; 0 for other losses."""
    if "crossentropy" not in loss:
        return 0.0
    return math.log(task["classes"] or 1) if task["kind"] == "classes" else math.log(2)
