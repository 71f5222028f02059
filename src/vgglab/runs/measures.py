"""The four measures of an epoch under the names that others give them: Keras's logs, columns of tables."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from vgglab.runs.record import MEASURES

# Keras names an accuracy by its metric; those of the best k classes, or of one of several outputs, are others.
ACCURACIES = ("accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy")
PARTS = {"": ("", "train", "training"), "val_": ("val", "valid", "validation")}
LARGEST_SHARE = 1 + 1e-5  # means of single precision may end above 1


def named_measures(names: Iterable[str]) -> dict[str, str]:
    """Measure -> the first of `names` that stands for it: `acc` or `Train Accuracy` for `accuracy`.

    Example:
        >>> named_measures(["epoch", "train_loss", "Valid Loss", "val_acc"])
        {'loss': 'train_loss', 'val_loss': 'Valid Loss', 'val_accuracy': 'val_acc'}
    """
    given = {re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_"): name for name in reversed(list(names))}
    found = {measure: next((given[name] for name in _names(measure) if name in given), None) for measure in MEASURES}
    return {measure: name for measure, name in found.items() if name is not None}


def measures_of(logs: Mapping[str, Any]) -> dict[str, float | None]:
    """The measures in an epoch's logs; None for what is no number, and for an accuracy that is no share.

    Args:
        logs: as Keras gives them to a callback.
    """
    return {measure: _number(measure, logs[name]) for measure, name in named_measures(logs).items()}


def _names(measure: str) -> list[str]:
    """What a measure is called, the most usual first."""
    part, kind = ("val_", measure[4:]) if measure.startswith("val_") else ("", measure)
    kinds = ACCURACIES if kind == "accuracy" else (kind,)
    return [f"{prefix}_{each}" if prefix else each for prefix in PARTS[part] for each in kinds]


def _number(measure: str, value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    off = not math.isfinite(number) or (measure.endswith("accuracy") and not 0 <= number <= LARGEST_SHARE)
    return None if off else number
