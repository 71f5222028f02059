"""What guessing costs: the loss of the best output that is the same for every input."""

import warnings
from typing import Any

import numpy as np

from vgglab.diagnosis.data import drawn
from vgglab.diagnosis.records import short
from vgglab.keras_tools.ending import LOSSES, loss_name, loss_options, only_loss, output_columns

ROWS = 4096  # targets that it is computed on
LEAST = 1e-7  # share of a class; Keras's cross-entropies go no further either
QUANTILES = (0.05, 0.25, 0.5, 0.75)


def guess_loss(model: Any, rows: np.ndarray | None) -> float | None:
    """The model's own loss of the best constant output, which is sought among those that are best for Keras's losses.

    Args:
        model: compiled.
        rows: targets (N, columns), of which at most ROWS are used; None for none.

    Returns:
        The loss, or None where the model has none, or several, or one that can't be computed from that alone.
    """
    loss = only_loss(model)
    if rows is None or loss is None or not np.isfinite(rows).all():
        return None
    rows = drawn(rows, ROWS)
    try:
        with warnings.catch_warnings(action="ignore"):  # Keras's, of shapes that do not fit: the rules say it
            found = [_loss_of(loss, rows, constant) for constant in _constants(model, rows)]
    except Exception:  # a loss of one's own may want anything
        return None
    finite = [value for value in found if np.isfinite(value)]
    return short(min(finite)) if finite else None


def _constants(model: Any, rows: np.ndarray) -> list[np.ndarray]:
    """Outputs to guess: shares of classes, or means, quantiles and a few plain ones; logits where the loss wants them.

    Raises:
        ValueError: class numbers are wanted, and these are none.
    """
    name, options = loss_name(model), loss_options(model)
    if name.startswith("sparse"):
        counts = np.bincount(rows[:, 0].astype(int), minlength=output_columns(model) or 0)
        shares = counts / counts.sum()
        return [np.log(shares + LEAST) if options.get("from_logits") else shares]
    means = rows.mean(axis=0)
    smoothing = options.get("label_smoothing") or 0.0
    even = 1 / len(means) if LOSSES.get(name) == "classes" else 0.5
    smooth = np.clip(means * (1 - smoothing) + smoothing * even, LEAST, 1 - LEAST)
    if options.get("from_logits"):
        return [np.log(smooth) if LOSSES.get(name) == "classes" else np.log(smooth / (1 - smooth))]
    plain = [np.full(len(means), value) for value in (-1.0, 0.0, 1.0)]
    return [means, smooth, *np.quantile(rows, QUANTILES, axis=0), *plain]


def _loss_of(loss: Any, rows: np.ndarray, constant: np.ndarray) -> float:
    from keras import losses, ops

    loss = losses.get(loss)
    sparse = "sparse" in str(getattr(loss, "__name__", type(loss).__name__)).lower()
    outputs = np.broadcast_to(constant, (len(rows), len(constant))).astype("float32")
    targets = rows[:, 0].astype("int32") if sparse else rows.astype("float32")
    found = loss(ops.convert_to_tensor(targets), ops.convert_to_tensor(outputs))
    return float(np.mean(ops.convert_to_numpy(found)))
