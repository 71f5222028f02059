"""What the device is told of an epoch: which images each step takes, what is drawn for it, and where steps are cut."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import keras
import numpy as np

from vgglab.training.batches import Batches

Plan = dict[str, Any]  # arrays, a row a step

STEPS_A_CALL = 200  # at most: an interrupt, and the line that tells of the progress, wait for so many


def plans_of(batches: Batches) -> list[Plan]:
    """The epoch of `batches`: of steps that take equally many images, and of a last one that does not, if there is one.

    The order and all that is drawn are those of the epoch on the host.
    """
    numbers, shorter = range(len(batches)), len(batches.rows(len(batches) - 1)) != batches.batch_size
    groups = [numbers[:-1], numbers[-1:]] if shorter else [numbers]
    return [_plan(batches, group) for group in groups if group]


def _plan(batches: Batches, numbers: range) -> Plan:
    drawn = [
        batches.augmenter.draw(batches.epoch, number) if batches.augmenter is not None else {} for number in numbers
    ]
    rows = np.stack([batches.rows(number) for number in numbers]).astype("int32")
    return {"rows": rows, "drawn": keras.tree.map_structure(lambda *each: np.stack(each), *drawn)}


def stretches(count: int, alone: Iterable[int]) -> Iterator[range]:
    """The steps of a plan that are done in one call each.

    Args:
        count: of the steps.
        alone: steps, from 0, that are a call of their own, as something looks at the network before and after them.
    """
    cuts = {0, count, *(cut for step in alone if 0 <= step < count for cut in (step, step + 1))}
    for start, stop in pairwise(sorted(cuts)):
        for first in range(start, stop, STEPS_A_CALL):
            yield range(first, min(first + STEPS_A_CALL, stop))
