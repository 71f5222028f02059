"""Checks of the data: its scale, and whether validation is of the same kind as training and apart from it."""

import math
from typing import Any

import numpy as np
from keras import tree

from vgglab.diagnosis.findings.evidence import Finding, finding, measured
from vgglab.watching.examples import Examples
from vgglab.watching.subject import NotApplicable, Row, Subject


def in_scale(subject: Subject, about: list[Finding]) -> Row:
    """Inputs where the first layer sees them, and targets, are of a size of about one, and finite."""
    holes = [name for name, tree_of in _parts(subject.training) if not _finite(tree_of)]
    if holes:
        wrong = finding("values_not_finite", "error", {}, parts=", ".join(holes))
        return Row("scale", "failed", "holes", {"parts": ", ".join(holes)}, (wrong, *about))
    seen = subject.evidence.start.get("input") or {}
    if not seen and not about:
        raise NotApplicable("no_numbers")
    task = subject.task
    values = {"least": seen.get("least"), "largest": seen.get("largest"), "layer": seen.get("layer")}
    values |= {"low": task["least"], "high": task["largest"]}
    return Row("scale", "failed" if about else "passed", "scale", values, tuple(about))


def _parts(examples: Examples) -> list[tuple[str, Any]]:
    return [("x", examples.inputs), *([] if examples.targets is None else [("y", examples.targets)])]


def _finite(arrays: Any) -> bool:
    return all(array.dtype.kind != "f" or bool(np.isfinite(array).all()) for array in tree.flatten(arrays))


def parts_alike(subject: Subject, about: list[Finding]) -> Row:
    """Validation data has the shape, scale and classes of training data, and none of its examples."""
    training, validation = subject.training, subject.validation
    if validation is None:
        raise NotApplicable("no_validation")
    found = [*_unlike_in_shape(training, validation), *about]
    found += _unlike_in_range(subject, training, validation)
    values = {"count": len(validation), "share": subject.evidence.data.get("duplicates")}
    said = "parts_unlike" if found else "parts" if values["share"] is not None else "parts_unseen"
    return Row("parts", "failed" if found else "passed", said, values, tuple(found))


def _unlike_in_shape(training: Examples, validation: Examples) -> list[Finding]:
    shapes = [
        [(tuple(array.shape[1:]), array.dtype.kind) for _, part in _parts(examples) for array in tree.flatten(part)]
        for examples in (training, validation)
    ]
    if [shape for shape, _ in shapes[0]] == [shape for shape, _ in shapes[1]]:
        return []
    words = [", ".join(str(shape) for shape, _ in these) for these in shapes]
    values = {"training": words[0], "validation": words[1]}
    return [finding("validation_unlike_training", "error", {}, case="shapes", **values)]


def _unlike_in_range(subject: Subject, training: Examples, validation: Examples) -> list[Finding]:
    """Classes in validation that training has not."""
    if subject.task["kind"] != "classes" or training.target is None or validation.target is None:
        return []
    seen, asked = (set(np.unique(each.target).tolist()) for each in (training, validation))
    if len(training) < training_count(training) or asked <= seen:
        return []
    strange = sorted(asked - seen)
    values = {"classes": ", ".join(f"{each:g}" for each in strange[:3]), "count": len(strange)}
    figures = {"classes_unseen": measured(len(strange), 0, 0)}
    return [finding("validation_unlike_training", "error", figures, case="classes", **values)]


def training_count(examples: Examples) -> float:
    """Examples in all; infinite where that is not known."""
    return math.inf if examples.count is None else examples.count


def cost_told(subject: Subject, about: list[Finding]) -> Row:
    """What an epoch will take, and how much memory a step: measured, not judged."""
    training, model = subject.training, subject.model
    seconds = subject.step_seconds or (None if subject.first_fails else subject.first.seconds)
    values: dict[str, Any] = {"batch": training.batch, "steps": training.steps, "flops": subject.flops}
    if seconds is not None:
        values["step"] = seconds * training.batch / len(subject.rows)
        values["epoch"] = values["step"] * training.steps if training.steps else None
    trained = sum(_bytes(each) for each in subject.network.trainable)
    memory = {
        "parameters": sum(_bytes(each) for each in model.variables),
        "gradients": trained,
        "slots": subject.slot_bytes,
        "activations": sum(call.bytes for call in subject.sketch[0]) / 2 * training.batch,
    }
    values |= {f"memory_{name}": amount for name, amount in memory.items()}
    values["memory"] = sum(amount or 0 for amount in memory.values())
    said = "cost" if values.get("epoch") else "cost_step" if seconds is not None else "memory"
    return Row("cost", "told", said, values)


def _bytes(variable: Any) -> int:
    return math.prod(variable.shape) * np.dtype(_plain(variable.dtype)).itemsize


def _plain(kind: str) -> str:
    return "float16" if kind == "bfloat16" else kind
