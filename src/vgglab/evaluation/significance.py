"""Intervals of shares; whether networks differ by more than chance: on the same images, and over seeds.

On the same test images McNemar's test tells two networks apart.

Only images that one recognises and the other does not tell the two apart. Were both equally good, each such image
would fall to either side like a coin: the p-value is how often chance alone gives a division at least so uneven.
Q. McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12 (1947).
"""

import math
import statistics
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

EXACT = 1000  # discordant images: above, the normal approximation (with continuity correction) is as good
LEVEL = 0.05
Z_95 = 1.96


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


@dataclass(frozen=True)
class SeedTest:
    """Figures of two runs over their seeds.

    Attributes:
        difference: mean of the second less that of the first.
        n: figures of each.
        name: of the test; None where there is none, as one figure says nothing of the spread.
        interval: 95 % interval of the difference; None where there is none.
        p: two-sided p-value, or None.
    """

    difference: float
    n: tuple[int, int]
    name: str | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None


class NotComparable(Exception):
    """The two runs were not tested on the same images."""


Predictions = Mapping[int, tuple[str, bool]]


def wilson_interval(successes: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Interval for a proportion that stays within 0 and 1 and is sound near both ends.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), with p = successes / n: E. B. Wilson, "Probable
    inference, the law of succession, and statistical inference", JASA 22 (1927), pages 209 to 212.

    Args:
        successes: 0 to n.
        n: trials; with none, nothing is known and the interval is (0, 1).
        z: standard normal quantile; 1.96 gives 95 %.

    Raises:
        ValueError: when successes is not between 0 and n.

    Example:
        >>> [round(bound, 4) for bound in wilson_interval(87, 100)]
        [0.7902, 0.9224]
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes in {n} trials: expected 0 to {n}")
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    centre = share + z**2 / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def difference_interval(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, float]:
    """95 % interval of the second share less the first, each counted on images of its own.

    From the bounds of Wilson's intervals: R. G. Newcombe, "Interval estimation for the difference between independent
    proportions: comparison of eleven methods", Statistics in Medicine 17 (1998), method 10. Without 0 in it, the two
    differ by more than chance.

    Args:
        first, second: successes and trials, at least one.

    Example:
        >>> [round(bound, 4) for bound in difference_interval((48, 80), (56, 70))]
        [0.0524, 0.3339]
    """
    (p, q), ((low, high), (lower, upper)) = (
        [successes / n for successes, n in (first, second)],
        [wilson_interval(*counts) for counts in (first, second)],
    )
    difference = q - p
    return difference - math.hypot(q - lower, high - p), difference + math.hypot(upper - q, p - low)


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


def fold_interval(figures: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of the mean of a share over the folds of a cross-validation; None for a single one.

    Student's t with the variance of C. Nadeau and Y. Bengio, "Inference for the Generalization Error", Machine Learning
    52 (2003), for training sets that overlap; it is wider than that of as many figures on their own. What reaches
    below 0 or above 1, where no share can be, is cut off, which leaves it as sure.

    Example:
        >>> [round(end, 3) for end in fold_interval([0.90, 0.94, 0.92])]
        [0.849, 0.991]
    """
    if (k := len(figures)) < 2:
        return None
    from scipy.stats import t

    mean = statistics.fmean(figures)
    half = float(t.ppf(0.975, k - 1)) * statistics.stdev(figures) * math.sqrt(1 / k + 1 / (k - 1))
    return max(0.0, mean - half), min(1.0, mean + half)


def compare_seeds(first: Sequence[float], second: Sequence[float], largest: float = math.inf) -> SeedTest:
    """Whether two runs differ by more than their seeds make, by a test that is made for few of them.

    Welch's t-test: B. L. Welch, "The generalization of 'Student's' problem when several different population variances
    are involved", Biometrika 34 (1947). It does not take both for equally spread, and among tests of learning over
    few seeds it keeps its level best: C. Colas, O. Sigaud, P.-Y. Oudeyer, "A Hitchhiker's Guide to Statistical
    Comparisons of Reinforcement Learning Algorithms" (2019). Where neither has any spread it cannot be computed; then
    a permutation test of the means asks how often dealing the figures out anew would part them as cleanly.

    Args:
        first, second: a figure a seed, at least one each.
        largest: the largest difference that there can be, at which the interval is cut off: 1 of shares.

    Example:
        >>> round(compare_seeds([0.30, 0.75, 0.42], [0.10, 0.11, 0.10]).p, 3)
        0.092
    """
    n, difference = (len(first), len(second)), statistics.fmean(second) - statistics.fmean(first)
    if min(n) < 2:
        return SeedTest(difference, n)
    if max(first) == min(first) and max(second) == min(second):
        p = 1.0 if first[0] == second[0] else min(1.0, 2 / math.comb(sum(n), n[0]))
        return SeedTest(difference, n, "permutation test", None, p)
    from scipy.stats import ttest_ind  # takes long to load, and most comparisons have one seed a run

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that one of them has no spread
        tested = ttest_ind(second, first, equal_var=False)
        low, high = tested.confidence_interval(0.95)
    interval = max(-largest, float(low)), min(largest, float(high))
    return SeedTest(difference, n, "Welch's t-test", interval, float(tested.pvalue))
