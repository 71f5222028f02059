"""Calibration against a computation by hand."""

import numpy as np
import pytest

from vgglab.evaluation.calibration import calibrate
from vgglab.evaluation.metrics import evaluate_predictions


def test_the_error_is_that_of_a_hand_computation():
    correct = np.array([True, True, False, True, False])
    told = calibrate(correct, np.array([0.95, 0.99, 0.91, 0.55, 0.6]))
    # bin 0.9 to 1: 2 of 3 right at 0.95; bin 0.5 to 0.6, its upper end included: 1 of 2 right at 0.575
    assert told["error"] == pytest.approx(3 / 5 * (0.95 - 2 / 3) + 2 / 5 * (0.575 - 0.5))
    assert [row["count"] for row in told["bins"]] == [0, 0, 0, 0, 0, 2, 0, 0, 0, 3]
    assert told["bins"][9]["accuracy"] == pytest.approx(2 / 3)
    assert told["bins"][5]["confidence"] == pytest.approx(0.575) and told["bins"][0]["confidence"] is None


def test_bins_are_ten_of_equal_width_and_their_upper_end_belongs_to_them():
    told = calibrate(np.ones(3, bool), np.array([0.1, 0.2, 1.0]))
    assert [row["high"] for row in told["bins"]] == [number / 10 for number in range(1, 11)]
    assert [row["count"] for row in told["bins"]] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]


def test_what_is_not_finite_is_left_out_and_nothing_at_all_has_no_error():
    assert calibrate(np.array([True, False]), np.array([np.nan, 0.75]))["error"] == 0.75
    assert calibrate(np.array([True]), np.array([np.nan]))["error"] is None


def test_test_figures_hold_the_calibration_of_the_predicted_class():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2]])
    told = evaluate_predictions(np.array([0, 1]), probabilities, ["cat", "dog"])["calibration"]
    assert told["error"] == pytest.approx((0.1 + 0.8) / 2) and sum(row["count"] for row in told["bins"]) == 2
