"""How sure an answer is follows from how often such answers were right in the test."""

import numpy as np
import pytest

from vgglab.evaluation.calibration import calibrate
from vgglab.serving.certainty import judge


def bins(*groups):
    """The calibration of a test: groups of (probability, images, how many of them were right)."""
    probability = np.concatenate([[share] * images for share, images, _ in groups])
    right = np.concatenate([np.arange(images) < good for _, images, good in groups])
    return calibrate(right, probability)["bins"]


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(0.95, ("sure", 0.95, 20)), (0.85, ("fair", 0.75, 20)), (0.45, ("unsure", 0.4, 10))],
)
def test_an_answer_is_as_sure_as_the_test_was_right_with_such_a_probability(probability, expected):
    assert judge(probability, bins((0.95, 20, 19), (0.85, 20, 15), (0.45, 10, 4))) == pytest.approx(expected)


def test_a_probability_of_few_test_images_is_judged_with_its_neighbours():
    assert judge(0.95, bins((0.95, 2, 2), (0.85, 8, 4), (0.45, 50, 0))) == pytest.approx(("unsure", 0.6, 10))


@pytest.mark.parametrize("probability", [0.0, 0.1, 1.0, 1.0000001])
def test_every_probability_has_its_place(probability):
    assert judge(probability, bins((0.05, 20, 0), (1.0, 20, 20))).images == 20


@pytest.mark.parametrize(("probability", "level"), [(0.95, "sure"), (0.8, "fair"), (0.3, "unsure")])
def test_without_a_test_the_probability_is_taken_at_its_word(probability, level):
    assert judge(probability, []) == judge(probability, bins((0.5, 0, 0))) == (level, None, 0)
