"""The engine for accelerators, on JAX: images lie on the device, many steps are one compiled call.

It tells callbacks what Keras's `fit` tells them, of each step, but after a call of many: the network is then as it is
after the last of them. Steps that the recording of signals looks at are calls of their own.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from vgglab.diagnosis.recorder import SAMPLED_STEPS
from vgglab.engines.images import training_data, validation_data
from vgglab.engines.placing import Placing
from vgglab.engines.plan import Plan, plans_of, stretches
from vgglab.engines.programs import compiled_ahead, training_program, validation_program
from vgglab.engines.work import Work
from vgglab.keras_tools.jax_state import (
    end_state,
    figures,
    give_state,
    judged_values,
    state_values,
    take_state,
    variables_of,
)
from vgglab.keras_tools.variables import assign


def fit_resident(work: Work, placing: Placing) -> None:
    """Compute epochs with images that lie on the devices of `placing`."""
    model, told = work.part.model, {"epochs": work.epochs.stop, "steps": len(work.train), "verbose": 0}
    callbacks = keras.callbacks.CallbackList(work.callbacks, model=model, **told)
    placing.spread(variables_of(model))
    with ThreadPoolExecutor() as threads:
        training = Training(work, placing, callbacks, threads)
        validation = Validation(work, placing, callbacks, threads)
        try:
            run_epochs(work.epochs, training, validation, callbacks)
        finally:
            end_state(model)
            placing.bring_back(variables_of(model))


def run_epochs(
    epochs: range, training: "Training", validation: "Validation", callbacks: keras.callbacks.CallbackList
) -> None:
    """Train and validate, epoch by epoch, until a callback stops it; what Keras's `fit` does."""
    model, logs = training.model, {}
    model.stop_training = False
    callbacks.on_train_begin()
    for epoch in epochs:
        model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        logs = training.run(SAMPLED_STEPS if epoch == 0 else ()) | validation.run()
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    callbacks.on_train_end(logs)


class Training:
    """The training images on the device, and the program that takes steps over them.

    Args:
        work: what is to be computed.
        placing: where images and network lie.
        callbacks: told of each step.
        threads: that compile what the first epoch needs, while the main one goes on.
    """

    def __init__(
        self, work: Work, placing: Placing, callbacks: keras.callbacks.CallbackList, threads: ThreadPoolExecutor
    ):
        self.model, self.batches = work.part.model, work.train
        self.placing, self.callbacks = placing, callbacks
        self.data = placing.put(training_data(work))
        program = training_program(work.part, list(self.model.get_metrics_result()), placing)
        known = placing.put(state_values(self.model)), self.data
        plans = map(placing.put, plans_of(self.batches))
        self.programs = [compiled_ahead(program, threads, *known, plan, 0, 1) for plan in plans]

    def run(self, alone: Iterable[int]) -> dict[str, float]:
        """Take the steps of the epoch that the batches are set to; the figures at its end.

        Args:
            alone: steps, from 1, before and after which the network is looked at.
        """
        done = 0
        for plan, program in zip(plans_of(self.batches), self.programs, strict=True):
            count = len(plan["rows"])
            plan = self.placing.put(plan)
            for steps in stretches(count, [step - 1 - done for step in alone]):
                self.call(program.result(), plan, steps, done)
            done += count
        end_state(self.model)
        return figures(self.model)

    def call(self, program: Callable[..., Any], plan: Plan, steps: range, before: int) -> None:
        """Take some of the steps of a plan, and tell of each.

        Args:
            program: for steps of that size.
            plan: of steps of one size.
            steps: of the plan, from 0.
            before: steps of the epoch that came before the plan.
        """
        self.callbacks.on_train_batch_begin(before + steps.start)
        state = self.placing.put(take_state(self.model))  # where a callback has changed a value, it is anywhere
        state, logs = program(state, self.data, plan, steps.start, steps.stop)
        give_state(self.model, state)
        logs = {name: np.asarray(values).tolist() for name, values in logs.items()}
        for number, step in enumerate(steps):
            if number:
                self.callbacks.on_train_batch_begin(before + step)
            self.callbacks.on_train_batch_end(before + step, {name: values[number] for name, values in logs.items()})


class Validation:
    """The validation images on the device, and the program that passes over them.

    Args:
        work: what is to be computed.
        placing: where images and network lie.
        callbacks: told of each validation.
        threads: that compile what it needs, while the main one goes on.
    """

    def __init__(
        self, work: Work, placing: Placing, callbacks: keras.callbacks.CallbackList, threads: ThreadPoolExecutor
    ):
        self.model, self.placing, self.callbacks = work.part.model, placing, callbacks
        self.data = [placing.put(each) for each in validation_data(work)]
        program, known = validation_program(work.part, placing), placing.put(judged_values(self.model))
        self.programs = [compiled_ahead(program, threads, *known, data) for data in self.data]

    def run(self) -> dict[str, float]:
        """Validate the network as it is; the figures by their names, after `val_`."""
        self.callbacks.on_test_begin()
        self.model.reset_metrics()
        trained, fixed, metrics = self.placing.put(judged_values(self.model))
        for data, program in zip(self.data, self.programs, strict=True):
            metrics = program.result()(trained, fixed, metrics, data)
        assign(self.model.metrics_variables, metrics)
        logs = figures(self.model)
        self.callbacks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}
