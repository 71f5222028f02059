"""The engine for accelerators, on JAX: images lie on the device, many steps are one compiled call.

It tells callbacks what Keras's `fit` tells them, of each step, but after a call of many: the network is then as it is
after the last of them. Steps that the recording of signals looks at are calls of their own.
"""

from collections.abc import Iterable

import keras
import numpy as np

from vgglab.diagnosis.recorder import SAMPLED_STEPS
from vgglab.engines.images import training_data, validation_data
from vgglab.engines.placing import Placing
from vgglab.engines.plan import Plan, plans_of, stretches
from vgglab.engines.programs import State, test_program, train_program
from vgglab.engines.work import Work

JUDGED = ("trainable_variables", "non_trainable_variables", "metrics_variables")  # as Keras names them
STATE = (*JUDGED[:2], "optimizer_variables", *JUDGED[2:])


def fit_resident(work: Work, placing: Placing) -> None:
    """Compute epochs with images that lie on the devices of `placing`."""
    model, told = work.part.model, {"epochs": work.epochs.stop, "steps": len(work.train), "verbose": 0}
    callbacks = keras.callbacks.CallbackList(work.callbacks, model=model, **told)
    training, validation = Training(work, placing, callbacks), Validation(work, placing, callbacks)
    model.stop_training = False
    try:
        callbacks.on_train_begin()
        for epoch in work.epochs:
            model.reset_metrics()
            callbacks.on_epoch_begin(epoch)
            logs = training.run(SAMPLED_STEPS if epoch == 0 else ()) | validation.run()
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        callbacks.on_train_end(logs)
    finally:
        model.jax_state_sync()
        model._jax_state = None
        placing.bring_back(variables_of(model))


class Training:
    """The training images on the device, and the program that takes steps over them.

    Args:
        work: what is to be computed.
        placing: where images and network lie.
        callbacks: told of each step.
    """

    def __init__(self, work: Work, placing: Placing, callbacks: keras.callbacks.CallbackList):
        self.model, self.batches = work.part.model, work.train
        self.placing, self.callbacks = placing, callbacks
        self.data = placing.put(training_data(work))
        self.program = train_program(work.part, list(self.model.get_metrics_result()), placing.shared)

    def run(self, alone: Iterable[int]) -> dict[str, float]:
        """Take the steps of the epoch that the batches are set to; the figures at its end.

        Args:
            alone: steps, from 1, before and after which the network is looked at.
        """
        self.model._jax_state_synced = True
        done = 0
        for plan in plans_of(self.batches):
            count = len(plan["rows"])
            plan = self.placing.put(plan)
            for steps in stretches(count, [step - 1 - done for step in alone]):
                self.call(plan, steps, done)
            done += count
        self.model.jax_state_sync()
        return figures(self.model)

    def call(self, plan: Plan, steps: range, before: int) -> None:
        """Take some of the steps of a plan, and tell of each.

        Args:
            plan: of steps of one size.
            steps: of the plan, from 0.
            before: steps of the epoch that came before the plan.
        """
        self.callbacks.on_train_batch_begin(before + steps.start)
        state, logs = self.program(self.state(), self.data, plan, steps.start, steps.stop)
        self.model._jax_state, self.model._jax_state_synced = dict(zip(STATE, state, strict=True)), False
        logs = {name: np.asarray(values).tolist() for name, values in logs.items()}
        for number, step in enumerate(steps):
            if number:
                self.callbacks.on_train_batch_begin(before + step)
            self.callbacks.on_train_batch_end(before + step, {name: values[number] for name, values in logs.items()})

    def state(self) -> State:
        """Where the training stands, taken from the model, which has nothing until it is given back."""
        model = self.model
        if model._jax_state_synced:  # a callback has looked at the network, and may have changed it
            taken = model._get_jax_state(**dict.fromkeys(STATE, True), purge_model_variables=True)
            state = self.placing.put(taken)
        else:
            state = tuple(list(model._jax_state[name]) for name in STATE)
        model._jax_state = None  # the call uses it up: after an error there would be nothing to give back
        return state


class Validation:
    """The validation images on the device, and the program that passes over them.

    Args:
        work: what is to be computed.
        placing: where images and network lie.
        callbacks: told of each validation.
    """

    def __init__(self, work: Work, placing: Placing, callbacks: keras.callbacks.CallbackList):
        self.model, self.callbacks = work.part.model, callbacks
        self.data = [placing.put(each) for each in validation_data(work)]
        self.program = test_program(work.part, placing.shared)

    def run(self) -> dict[str, float]:
        """Validate the network as it is; the figures by their names, after `val_`."""
        self.callbacks.on_test_begin()
        self.model.reset_metrics()
        trained, fixed, metrics = self.model._get_jax_state(**dict.fromkeys(JUDGED, True))
        for data in self.data:
            metrics = self.program(trained, fixed, metrics, data)
        for variable, value in zip(self.model.metrics_variables, metrics, strict=True):
            variable.assign(value)
        logs = figures(self.model)
        self.callbacks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}


def variables_of(model: keras.Model) -> list[keras.Variable]:
    """All that training changes."""
    return [*model.variables, *model.optimizer.variables, *model.metrics_variables]


def figures(model: keras.Model) -> dict[str, float]:
    """What the metrics of a model have come to."""
    return {name: float(value) for name, value in model.get_metrics_result().items()}
