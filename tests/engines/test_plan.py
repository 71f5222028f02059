"""What the device is told of an epoch is what the host would do, step by step."""

import numpy as np
import pytest

from vgglab.engines.images import even_size
from vgglab.engines.plan import STEPS_A_CALL, plans_of, stretches
from vgglab.training.augment import Augmenter
from vgglab.training.batches import Batches


@pytest.mark.parametrize(("images", "sizes"), [(48, [(6, 8)]), (50, [(5, 8), (1, 10)]), (53, [(6, 8), (1, 5)])])
def test_a_plan_holds_the_images_of_each_batch_and_a_last_one_of_another_size_is_a_plan_of_its_own(images, sizes):
    views = np.arange(2 * images)
    batches = Batches(views, np.arange(images), 8, seed=3)
    batches.set_epoch(4)
    plans = plans_of(batches)
    assert [plan["rows"].shape for plan in plans] == sizes
    assert [row.tolist() for plan in plans for row in plan["rows"]] == [
        batches[n][0].tolist() for n in range(len(batches))
    ]


def test_a_plan_holds_what_is_drawn_for_each_batch():
    augmenter = Augmenter(10, 0, flip=True, mixup=1.0, cutmix=1.0)
    batches = Batches(np.zeros((50, 4)), np.zeros(50, int), 8, seed=3, augmenter=augmenter)
    batches.set_epoch(2)
    first, last = plans_of(batches)
    expected = augmenter.draw(2, 5)
    assert all(np.array_equal(last["drawn"][name][0], expected[name]) for name in expected)
    assert {len(each) for each in first["drawn"].values()} == {5} and set(first["drawn"]["mixer"]) <= {0, 1}


def test_each_step_is_done_once_and_those_that_are_looked_at_alone():
    done = list(stretches(2 * STEPS_A_CALL + 100, [0, 1, 3, 15, 255, 9999]))
    assert [step for steps in done for step in steps] == list(range(2 * STEPS_A_CALL + 100))
    assert all(range(step, step + 1) in done for step in (0, 1, 3, 15, 255))
    assert max(map(len, done)) == STEPS_A_CALL and len(done) == 11


def test_without_a_look_steps_are_done_as_many_as_may_be_at_once():
    assert list(stretches(STEPS_A_CALL + 1, [])) == [range(STEPS_A_CALL), range(STEPS_A_CALL, STEPS_A_CALL + 1)]


@pytest.mark.parametrize(("count", "most", "size"), [(10_000, 256, 250), (9, 4, 3), (7, 4, 4), (3, 4, 3), (13, 6, 6)])
def test_validation_is_in_batches_of_one_size_where_that_can_be(count, most, size):
    assert even_size(count, most) == size
