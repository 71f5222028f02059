"""What a network is asked to learn: how its targets are written, and what kind of task that makes with its loss."""

from typing import Any

import numpy as np

from vgglab.diagnosis.guessing import guess_loss
from vgglab.diagnosis.records import short
from vgglab.keras_tools.ending import LOSSES, last_activation, loss_name, output_columns

__all__ = ["describe_targets", "describe_task", "last_activation"]

CLASSES = "classes"
FORMS = {"one-hot": CLASSES, "several": "labels", "column": "binary"}
SPREAD_OUT = 4  # class numbers reach at most so many times as far as there are different ones
FIRST = 4096  # targets that may settle the form before all are looked at
UNKNOWN = {"form": "unknown", "columns": None, "classes": None}
FIGURES = ("least", "largest", "mean", "deviation")


def describe_targets(targets: Any) -> dict[str, Any]:
    """How targets are written, and in what range they are.

    A column of 0 and 1 is a `column`, though a sparse loss takes it as class numbers: `describe_task` knows the loss.

    Args:
        targets: array, tensor or table (N,) or (N, columns); with more axes, the last one is the columns.

    Returns:
        `form`, `columns`, `classes` and the figures of finite targets; `unknown` for what is no array of numbers.
    """
    values = as_numbers(targets)
    if values is None:
        return UNKNOWN | dict.fromkeys(FIGURES)
    rows = as_rows(values)
    form = form_of(rows)
    return {"form": form, "columns": rows.shape[1], "classes": classes_of(form, rows), **figures_of(rows)}


def describe_task(model: Any, targets: Any, whole: bool = True, activation: str | None = None) -> dict[str, Any]:
    """What a compiled model is to learn from such targets.

    Args:
        model: compiled; built or not.
        targets: as for `describe_targets`, or None where they can't be seen.
        whole: whether these are all targets; of a part of them, some classes may be missing.
        activation: the last one, where it is known and can't be seen.

    Returns:
        As `describe_targets`, and `kind` and `guess_loss`: the model's own loss of the best constant output, None where
        it can't be computed.
    """
    loss, values = loss_name(model), as_numbers(targets)
    told = describe_targets(targets)
    if values is not None:
        values = as_rows(values, loss)
        told |= {"form": form_for(loss, values), "columns": values.shape[1]}
        told["classes"] = classes_of(told["form"], values)
    kind = kind_of(told, loss, activation or last_activation(model), output_columns(model))
    if kind == "regression":
        told["classes"] = None
    elif kind == CLASSES and not (whole and told["classes"]):
        told["classes"] = max(told["classes"] or 0, output_columns(model) or 0) or None
    return {"kind": kind, **told, "guess_loss": guess_loss(model, values)}


def as_numbers(targets: Any) -> np.ndarray | None:
    """Targets as an array of numbers with at least one axis and one value; None for what is none."""
    if targets is None or isinstance(targets, dict | list | tuple):
        return None
    try:
        values = np.asarray(targets.detach().cpu() if hasattr(targets, "detach") else targets)
        values = values.astype("float64") if values.dtype.kind not in "iu" else values
    except (TypeError, ValueError, RuntimeError):
        return None
    return values if values.ndim and values.size else None


def as_rows(values: np.ndarray, loss: str = "") -> np.ndarray:
    """Targets as (rows, columns): one column where a loss takes class numbers, whatever their shape."""
    if loss.startswith("sparse") or values.ndim == 1:
        return values.reshape(-1, 1)
    return values.reshape(-1, values.shape[-1])


def form_of(rows: np.ndarray) -> str:
    """How targets (N, columns) are written, by themselves."""
    found = set(np.unique(rows[:FIRST]).tolist()[:3])
    if found <= {0, 1} and set(np.unique(rows).tolist()) <= {0, 1}:
        if rows.shape[1] == 1:
            return "column"
        return "one-hot" if (rows.sum(axis=1) == 1).all() else "several"
    if found <= {-1, 1} and set(np.unique(rows).tolist()) <= {-1, 1}:
        return "signs"
    return "numbers" if are_classes(rows) else "values"


def are_classes(rows: np.ndarray) -> bool:
    """Whether one column of whole numbers looks like class numbers: few, from about 0, each several times."""
    if rows.shape[1] != 1 or not are_whole(rows) or rows.min() < 0:
        return False
    different = len(np.unique(rows))
    return 2 * different <= len(rows) and rows.max() < SPREAD_OUT * different


def are_whole(rows: np.ndarray) -> bool:
    """Whether all targets are finite and whole."""
    return bool(np.isfinite(rows).all() and (rows == np.round(rows)).all())


def form_for(loss: str, rows: np.ndarray) -> str:
    """How targets are written, where the loss tells forms apart that look alike."""
    form = form_of(rows)
    if rows.shape[1] == 1 and LOSSES.get(loss) == CLASSES and are_whole(rows) and rows.min() >= 0:
        return "numbers" if form == "values" or loss.startswith("sparse") else form
    shares = form == "values" and LOSSES.get(loss) == CLASSES and rows.min() >= 0
    return "one-hot" if shares and np.allclose(rows.sum(axis=1), 1, atol=1e-3) else form


def classes_of(form: str, rows: np.ndarray) -> int | None:
    """Number of classes that targets of a form name; None where they name none."""
    if form == "numbers":
        return int(rows.max()) + 1
    if form in ("column", "signs") and rows.shape[1] == 1:
        return 2
    return rows.shape[1] if form in ("one-hot", "several", "signs") else None


def figures_of(values: np.ndarray) -> dict[str, float | None]:
    """Least, largest, mean and deviation of those values that are finite."""
    finite = values[np.isfinite(values)].astype("float64")
    if not finite.size:
        return dict.fromkeys(FIGURES)
    found = (finite.min(), finite.max(), finite.mean(), finite.std())
    return {name: short(float(value)) for name, value in zip(FIGURES, found, strict=True)}


def kind_of(told: dict[str, Any], loss: str, activation: str | None, outputs: int | None) -> str:
    """`classes`, `binary`, `labels`, `regression` or `unknown`: the targets' form first, then the loss's intention."""
    form, meant = told["form"], LOSSES.get(loss)
    if form == "signs":
        return "binary" if told["columns"] == 1 else "labels"
    if form in FORMS:
        return FORMS[form]
    if form == "values":
        return "regression"
    if form == "numbers":
        columns = activation == "softmax" or (outputs or 1) > 1
        return CLASSES if meant in (CLASSES, "binary") or columns or activation == "sigmoid" else "regression"
    if meant is None:
        meant = {"softmax": CLASSES, "sigmoid": "binary"}.get(activation or "", "unknown")
    return "labels" if meant == "binary" and (outputs or 1) > 1 else meant
