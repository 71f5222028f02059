"""Intervals and McNemar's test against figures that others computed."""

import pytest
from scipy.stats import binomtest, chi2, t

from vgglab.evaluation.significance import (
    EXACT,
    NotComparable,
    compare_predictions,
    compare_seeds,
    difference_interval,
    fold_interval,
    holm,
    mcnemar,
    wilson_interval,
)


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0, 1), (3, 3), (1, 9), (40, 20), (0, 30), (499, 501)])
def test_few_images_are_tested_exactly(one, other):
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(one, other) == (pytest.approx(expected, rel=1e-9), True)


def test_many_images_are_tested_by_the_normal_approximation():
    p, exact = mcnemar(700, 600)
    assert not exact and p == pytest.approx(chi2.sf(99**2 / 1300, 1)) == pytest.approx(
        binomtest(700, 1300).pvalue, abs=1e-3
    )
    assert mcnemar(EXACT, EXACT)[0] == 1.0


def test_a_textbook_table():
    """Agresti, Categorical Data Analysis: 59 against 16 discordant approvals; the exact p is far below 0.001."""
    assert mcnemar(59, 16)[0] == pytest.approx(5.0e-07, rel=0.3)


def test_only_images_that_one_alone_recognises_count():
    one = {1: ("a", True), 2: ("a", True), 3: ("b", False), 4: ("b", True)}
    other = {1: ("a", True), 2: ("a", False), 3: ("b", True), 4: ("b", False)}
    found = compare_predictions("x", one, "y", other)
    assert (found.n, found.only_first, found.only_second, found.difference) == (4, 2, 1, -0.25)


@pytest.mark.parametrize(
    "other", [{1: ("a", True)}, {1: ("a", True), 3: ("b", True)}, {1: ("a", True), 2: ("c", True)}]
)
def test_other_images_or_other_labels_are_not_compared(other):
    with pytest.raises(NotComparable):
        compare_predictions("x", {1: ("a", True), 2: ("b", True)}, "y", other)


def test_p_values_are_adjusted_for_their_number():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])  # R: p.adjust(p, "holm")
    assert holm([0.6, 0.9]) == [1.0, 1.0] and holm([]) == []


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (87, 100, 0.7902, 0.9224), (0, 0, 0.0, 1.0)],
)
def test_wilson_interval_has_the_known_bounds(successes, n, low, high):
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_refuses_more_successes_than_trials():
    with pytest.raises(ValueError, match="11 successes in 10 trials"):
        wilson_interval(11, 10)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),  # Newcombe's own examples, method 10
    [((48, 80), (56, 70), 0.0524, 0.3339), ((0, 10), (10, 10), 0.6075, 1.0), ((3, 10), (9, 10), 0.1705, 0.8090)],
)
def test_the_interval_of_a_difference_is_the_published_one(first, second, low, high):
    assert difference_interval(first, second) == pytest.approx((low, high), abs=5e-5)
    assert difference_interval(second, first) == pytest.approx((-high, -low), abs=5e-5)


def test_no_interval_of_shares_reaches_where_no_share_can_be():
    assert fold_interval([0.05, 0.25]) == (0.0, 1.0) and fold_interval([0.97, 0.99, 0.98])[1] == 1.0
    low, high = fold_interval([0.90, 0.94, 0.92])  # which does not, as scipy has it
    assert (low, high) == pytest.approx(t.interval(0.95, 2, 0.92, 0.02 * (1 / 3 + 1 / 2) ** 0.5))
    wide = compare_seeds([0.1, 0.9], [0.2, 0.8])
    assert compare_seeds([0.1, 0.9], [0.2, 0.8], largest=1.0).interval == (-1.0, 1.0) and wide.interval[0] < -1
