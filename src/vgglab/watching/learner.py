"""A few steps of training on copies of a model's weights, with its own kind of optimizer at any rate."""

import math
import time
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.keras_tools.gradients import value_and_gradients
from vgglab.keras_tools.precision import inner_optimizer
from vgglab.keras_tools.stateless import Stateless
from vgglab.keras_tools.variables import assign, copies

TRACED = 100  # weights, with more of which TensorFlow traces for longer than the few steps take


class Learner:
    """Trains copies; the model, and its optimizer, stay as they are.

    Args:
        network: the model.
        values: of what is trained, at the start.
        fixed: of what is not.
        optimizer: of the model.
    """

    def __init__(self, network: Stateless, values: list[Any], fixed: list[Any], optimizer: keras.optimizers.Optimizer):
        self.both, self.fixed = value_and_gradients(network.total), fixed
        self.start = copies(values)
        self.rate = own_rate(optimizer)
        # Of copies, as torch's optimizers change what they are given in its place.
        self.copies = [keras.Variable(np.array(value), name=f"copy_{place}") for place, value in enumerate(self.start)]
        self.optimizer = with_rate(optimizer, self.rate)
        self.optimizer.build(self.copies)
        self.slots = copies(self.optimizer.variables)
        self.step = _STEPS[keras.backend.backend()](self)

    @property
    def slot_bytes(self) -> int:
        """What the optimizer keeps beside the weights."""
        return sum(each.nbytes for each in self.slots)

    def losses(
        self, rate: float, x: Any, y: Any, steps: int, enough: float, ends: float
    ) -> tuple[list[float], list[float]]:
        """The loss before each step from the start, and the seconds of each.

        It ends below `enough`, at a loss that is no number, and when this process has used processors until `ends`.
        """
        self.restart(rate)
        losses: list[float] = []
        seconds: list[float] = []
        for _ in range(steps):
            started = time.perf_counter()
            losses.append(float(ops.convert_to_numpy(self.step(x, y))))
            seconds.append(time.perf_counter() - started)
            if losses[-1] < enough or not math.isfinite(losses[-1]) or time.process_time() > ends:
                break
        return losses, seconds

    def restart(self, rate: float) -> None:
        """The weights of the start, a new optimizer, and a rate."""
        assign(self.copies, self.start)
        assign(self.optimizer.variables, self.slots)
        self.optimizer.learning_rate = rate


def own_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """The rate that an optimizer begins with."""
    rate = getattr(inner_optimizer(optimizer), "_learning_rate", 0.0)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        rate = rate(0)
    return float(f"{float(ops.convert_to_numpy(getattr(rate, 'value', rate))):.6g}")


def with_rate(optimizer: keras.optimizers.Optimizer, rate: float) -> keras.optimizers.Optimizer:
    """A new optimizer of the same kind and settings, with a rate of its own."""
    inner = inner_optimizer(optimizer)
    config = inner.get_config() | {"learning_rate": rate, "gradient_accumulation_steps": None}
    return type(inner).from_config(config)


def _in_place(learner: Learner) -> Any:
    def step(x: Any, y: Any) -> Any:
        (_, passed), slopes = learner.both([each.value for each in learner.copies], learner.fixed, x, y)
        learner.optimizer.apply(slopes, learner.copies)
        return passed.loss

    return step


def _traced(learner: Learner) -> Any:
    import tensorflow as tf

    step = _in_place(learner)
    return step if len(learner.copies) > TRACED else tf.function(step, autograph=False)


def _compiled(learner: Learner) -> Any:
    import jax

    @jax.jit
    def next_of(values: list[Any], slots: list[Any], fixed: list[Any], x: Any, y: Any) -> tuple[Any, ...]:
        (_, passed), slopes = learner.both(values, fixed, x, y)
        return passed.loss, *learner.optimizer.stateless_apply(slots, slopes, values)

    def step(x: Any, y: Any) -> Any:
        given = [[each.value for each in these] for these in (learner.copies, learner.optimizer.variables)]
        loss, *after = next_of(*given, learner.fixed, x, y)
        for these, found in zip((learner.copies, learner.optimizer.variables), after, strict=True):
            assign(these, found)
        return loss

    return step


_STEPS = {"tensorflow": _traced, "jax": _compiled, "torch": _in_place}
