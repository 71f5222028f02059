"""A model and the random numbers of this process that are, after a block, what they were before it: the same bits."""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

from vgglab.keras_tools.variables import copies


@contextmanager
def unchanged(model: keras.Model) -> Iterator[None]:
    """Put a model's variables and the random states back where the block has changed them.

    Weights, moving statistics, seeds, metrics and the optimizer's variables; Python's, NumPy's and Keras's random
    numbers, and those of torch and TensorFlow where they are loaded.

    Args:
        model: built.
    """
    variables = [*model.variables, *getattr(model, "metrics_variables", ())]
    variables += getattr(getattr(model, "optimizer", None), "variables", ())
    kept = copies(variables)
    states = _random_states()
    try:
        yield
    finally:
        for variable, value in zip(variables, kept, strict=True):
            if np.asarray(ops.convert_to_numpy(variable.value)).tobytes() != value.tobytes():
                variable.assign(value)
        _put_back(states)


def _random_states() -> dict[str, Any]:
    generator = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    states = {"python": random.getstate(), "numpy": np.random.get_state(), "generator": generator}
    if generator is not None:
        states["keras"] = np.array(ops.convert_to_numpy(generator.state.value))
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].get_rng_state()
    if (seeds := _tensorflow_seeds()) is not None:
        states["tensorflow"] = seeds.getstate()
    return states


def _put_back(states: dict[str, Any]) -> None:
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, states["generator"])
    if "keras" in states:
        states["generator"].state.assign(states["keras"])
    if "torch" in states:
        sys.modules["torch"].set_rng_state(states["torch"])
    if "tensorflow" in states:
        _tensorflow_seeds().setstate(states["tensorflow"])


def _tensorflow_seeds() -> Any:
    """Where TensorFlow takes the seeds of its operations from, once a seed was set; None where there is none."""
    context = sys.modules.get("tensorflow.python.eager.context")
    return getattr(context.context(), "_rng", None) if context else None
