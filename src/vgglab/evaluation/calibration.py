"""Whether a model is right as often as it is sure: the expected calibration error. Pure functions on NumPy arrays."""

import numpy as np

BINS = 10


def calibrate(correct: np.ndarray, confidence: np.ndarray) -> dict:
    """Confidence against accuracy in ten bins of equal width, and the expected calibration error.

    The error is the mean distance between a bin's accuracy and its mean confidence, weighted by its images:
    Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, equation 3.

    Arguments:
        correct: whether each prediction is right, shape (N,).
        confidence: probability of each predicted class, shape (N,); one that is not finite is left out.

    Returns:
        `error` (0 to 1; None without an image) and `bins`: `low` (exclusive) and `high` (inclusive) confidence,
        `count`, mean `confidence` and `accuracy` (None in an empty bin).

    Example:
        >>> calibrate(np.array([True, False]), np.array([0.95, 0.95]))["error"]
        0.45
    """
    known = np.isfinite(confidence)
    correct, confidence = np.asarray(correct, "float64")[known], np.asarray(confidence, "float64")[known]
    number = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    counts, rights, sums = (
        np.bincount(number, weights=weights, minlength=BINS) for weights in (np.ones(len(correct)), correct, confidence)
    )
    error = float(np.abs(rights - sums).sum() / len(correct)) if len(correct) else None
    return {
        "error": error,
        "bins": [_bin(row, *values) for row, *values in zip(range(BINS), counts, rights, sums, strict=True)],
    }


def _bin(row: int, count: float, right: float, confidence: float) -> dict:
    means = {"confidence": float(confidence / count), "accuracy": float(right / count)} if count else {}
    return {
        "low": row / BINS,
        "high": (row + 1) / BINS,
        "count": int(count),
        "confidence": None,
        "accuracy": None,
    } | means
