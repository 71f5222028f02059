"""How sure an answer is: by how often the network was right, in its test, when it gave such a probability."""

from collections.abc import Sequence
from typing import Any, NamedTuple

ENOUGH = 10  # test images that an answer is judged by; where there are fewer of its probability, its neighbours count
SURE, FAIR = 0.9, 0.7


class Certainty(NamedTuple):
    """How sure an answer is.

    Attributes:
        level: `sure`, `fair` or `unsure`.
        right: share of such answers that were right in the test; None where that is not known.
        images: how many those were.
    """

    level: str
    right: float | None
    images: int


def judge(probability: float, bins: Sequence[dict[str, Any]]) -> Certainty:
    """How sure an answer is.

    Args:
        probability: of the most probable class, 0 to 1.
        bins: of a run's calibration (see `evaluation.calibration`); empty where there is none: then the probability
            itself is taken for what it says.
    """
    if not sum(row["count"] for row in bins):
        return Certainty(_level(probability), None, 0)
    place = next(number for number, row in enumerate(bins) if probability <= row["high"] or number == len(bins) - 1)
    for reach in range(len(bins)):
        near = bins[max(0, place - reach) : place + reach + 1]
        images = sum(row["count"] for row in near)
        if images >= ENOUGH:
            break
    right = sum(row["count"] * row["accuracy"] for row in near if row["count"]) / images
    return Certainty(_level(right), right, images)


def _level(share: float) -> str:
    return "sure" if share >= SURE else "fair" if share >= FAIR else "unsure"
