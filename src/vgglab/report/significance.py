"""Whether two networks differ on the same test images by more than chance: McNemar's test.

Only images that one recognises and the other does not tell the two apart. Were both equally good, each such image
would fall to either side like a coin: the p-value is how often chance alone gives a division at least so uneven.
Q. McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12 (1947).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

EXACT = 1000  # discordant images: above, the normal approximation (with continuity correction) is as good
LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same test images.

    Attributes:
        first, second: names of the runs.
        n: images that both predicted.
        only_first, only_second: images that only the one recognised.
        p: two-sided p-value.
        exact: whether `p` is exact, not approximated.
    """

    first: str
    second: str
    n: int
    only_first: int
    only_second: int
    p: float
    exact: bool

    @property
    def difference(self) -> float:
        """Accuracy of the second less that of the first."""
        return (self.only_second - self.only_first) / self.n


class NotComparable(Exception):
    """The two runs were not tested on the same images."""


Predictions = Mapping[int, tuple[str, bool]]


def mcnemar(only_first: int, only_second: int) -> tuple[float, bool]:
    """Two-sided p-value of McNemar's test, and whether it is exact.

    Example:
        >>> mcnemar(1, 9)
        (0.021484375, True)
    """
    total, fewer = only_first + only_second, min(only_first, only_second)
    if total <= EXACT:
        tail = sum(math.comb(total, count) for count in range(fewer + 1))
        return min(1.0, 2 * tail / 2**total), True
    statistic = (abs(only_first - only_second) - 1) ** 2 / total if only_first != only_second else 0.0
    return math.erfc(math.sqrt(statistic / 2)), False


def compare_predictions(first: str, one: Predictions, second: str, other: Predictions) -> Comparison:
    """Compare two runs image by image.

    Args:
        first, second: their names.
        one, other: index of a test image -> its true class, and whether the run recognised it.

    Raises:
        NotComparable: the images, or their true classes, are not the same.
    """
    if one.keys() != other.keys() or any(one[index][0] != other[index][0] for index in one):
        raise NotComparable
    only_first = sum(right and not other[index][1] for index, (_, right) in one.items())
    only_second = sum(right and not one[index][1] for index, (_, right) in other.items())
    return Comparison(first, second, len(one), only_first, only_second, *mcnemar(only_first, only_second))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, so that at LEVEL any false alarm among all is as rare as that.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted
