"""The state of a model on JAX, on its way between the model's variables and a compiled function.

As in Keras's own `fit`, the variables have no values while functions pass the state on, and get them back when a
callback asks for its `model`, or when all is done: `jax_state_sync` of Keras's trainer. It was tried with Keras 3.15.
"""

from typing import Any

import keras

State = tuple[list[Any], ...]  # values: trained, not trained, of the optimizer, of the metrics
JUDGED = ("trainable_variables", "non_trainable_variables", "metrics_variables")  # as Keras names them
STATE = (*JUDGED[:2], "optimizer_variables", *JUDGED[2:])


def take_state(model: keras.Model) -> State:
    """Where a training stands. The model has nothing then until a state is given, also after an error."""
    if model._jax_state_synced:
        return model._get_jax_state(**dict.fromkeys(STATE, True), purge_model_variables=True)
    state = tuple(list(model._jax_state[name]) for name in STATE)
    model._jax_state, model._jax_state_synced = None, True  # a compiled call uses it up
    return state


def give_state(model: keras.Model, state: State) -> None:
    """Let a model have a state, which its variables take when they are asked for it."""
    model._jax_state, model._jax_state_synced = dict(zip(STATE, state, strict=True)), False


def end_state(model: keras.Model) -> None:
    """Give the variables their values for good."""
    model.jax_state_sync()
    model._jax_state, model._jax_state_synced = None, True


def state_values(model: keras.Model) -> State:
    """The same, which the model keeps: to be looked at."""
    return model._get_jax_state(**dict.fromkeys(STATE, True))


def judged_values(model: keras.Model) -> State:
    """What a validation takes, copied from nowhere: values trained, not trained, and of the metrics."""
    return model._get_jax_state(**dict.fromkeys(JUDGED, True))


def variables_of(model: keras.Model) -> list[keras.Variable]:
    """All that training changes."""
    return [*model.variables, *model.optimizer.variables, *model.metrics_variables]


def figures(model: keras.Model) -> dict[str, float]:
    """What the metrics of a model have come to."""
    return {name: float(value) for name, value in model.get_metrics_result().items()}
