"""A network without its weights: their shapes, before any memory is taken for them."""

from typing import Any

import keras
from keras.src.backend.common import global_state

WAITING = "uninitialized_variables"  # of Keras: those that the next scope to end would give their values


def weight_shapes(config: dict[str, Any]) -> list[tuple[int, ...]]:
    """The shapes of the weights of a serialized network; what it asks to be called is refused, as Keras does.

    Raises:
        Exception: whatever a config that is damaged leads Keras to.
    """
    waiting = list(global_state.get_global_attribute(WAITING) or [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            network = keras.saving.deserialize_keras_object({**config, "compile_config": None}, safe_mode=True)
        return [tuple(weight.shape) for weight in network.weights]
    finally:
        global_state.set_global_attribute(WAITING, waiting)
