"""A finding says where on the learning curve it happens."""

import math

import pytest

from vgglab.diagnosis.findings import diagnose

CHANCE = math.log(10)
LARGE = {"conv1": 0.3, "fc1": 4.0}


def epochs(history, signals, status="finished", message="", config=None) -> dict:
    """Code -> epoch of each finding."""
    return {found["code"]: found["epoch"] for found in diagnose(status, message, history, signals, 10, config)}


@pytest.fixture
def stuck(rows):
    return rows([CHANCE] * 3, accuracy=0.1, val_accuracy=0.1)


def test_units_are_dead_since_they_stayed_so(stuck, line):
    dead = {"fc1": 1.0}
    signals = [line(1, dead=dead, first_update=LARGE), line(2), line(3, dead=dead, spread=0.0)]
    assert epochs(stuck, signals) == {"learning_rate_too_large": 1, "dead_units": 3}


def test_what_was_so_before_the_first_step_has_no_epoch(stuck, start, line):
    dead = {"fc1": 1.0}
    assert epochs(stuck, [start(dead=dead), line(1, dead=dead, spread=0.0)]) == {"dead_units": None}
    assert epochs(stuck, [start(model={"trainable": 0}), line()]) == {"nothing_trainable": None}


def test_a_loss_that_is_no_number_has_the_epoch_that_the_record_names():
    assert epochs([], [], "diverged", "the loss became nan in epoch 12, step 7") == {"diverged": 12}
    assert epochs([], [], "diverged", "") == {"diverged": None}


def test_one_class_for_all_counts_from_where_it_stayed_so(stuck, line):
    signals = [line(1, classes_predicted=1), line(2, classes_predicted=4), line(3, classes_predicted=1)]
    assert epochs(stuck, signals)["collapsed"] == 3


@pytest.mark.parametrize(
    ("losses", "val_losses", "accuracy", "found"),
    [
        ([2.0, 1.0, 0.3, 0.1], [2.0, 1.2, 1.4, 1.6], 0.99, {"overfitting": 2}),
        ([2.0, 0.3, 0.1], [2.0, 1.6, 1.5], 0.99, {"overfitting": 1}),
        (
            [2.0, 0.9, 0.5, 0.4],
            [2.0, 1.0, 1.5, 1.0],
            0.85,
            {"learned": None, "validation_unsettled": 3, "still_improving": 4},
        ),
        ([2.2, 2.0, 1.8], [2.2, 2.0, 1.8], 0.5, {"training_too_short": 3}),
        ([1.9, 1.5, 1.49, 1.49, 1.49, 1.49], [1.5] * 6, 0.5, {"underfitting": 2}),
        ([CHANCE, CHANCE], [CHANCE, CHANCE], 0.1, {"not_learned_yet": 2}),
        ([0.5, 0.1, 0.1, 0.1, 0.1], [0.5, 0.2, 0.3, 0.3, 0.3], 1.0, {"learned": 2}),
        ([0.5, 0.1, 0.1, 0.1, 0.1], [0.5, 0.2, 0.2, 0.2, 0.2], 1.0, {"learned": None}),
    ],
)
def test_the_course_is_told_by_its_epochs(rows, losses, val_losses, accuracy, found):
    gap = 0.3 if "overfitting" in found else 0.0
    assert epochs(rows(losses, val_losses, accuracy, accuracy - gap), []) == found


def test_statistics_that_are_wrong_at_the_end_are_told_of_the_last_epoch(rows, line):
    signals = [line(2, initial_statistics=0.2, training={"loss": 2.1, "accuracy": 0.3})]
    assert epochs(rows([1.0, 0.1], [2.3, 2.2], 0.99, 0.3), signals) == {"statistics_unsettled": 2}
