"""The moving average of a network's weights, which its optimizer keeps: put into the network, and taken out again."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from vgglab.keras_tools.precision import inner_optimizer


class ValidateAverages(keras.callbacks.Callback):
    """Has each validation see the averaged weights; the training goes on with its own, to the bit.

    Keras's `SwapEMAWeights` adds and subtracts on TensorFlow, which rounds the weights that are trained.
    """

    def on_test_begin(self, logs: dict | None = None) -> None:
        self.own = put_averages(self.model)

    def on_test_end(self, logs: dict | None = None) -> None:
        put_weights(self.model, self.own)


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """The averaged weights in a model inside the block; its optimizer keeps them."""
    own = put_averages(model)
    try:
        yield
    finally:
        put_weights(model, own)


@contextmanager
def kept_apart(optimizer: keras.optimizers.Optimizer) -> Iterator[None]:
    """Keep Keras from ending each `fit` in the block with the averages in the network.

    On JAX it tries to even after an error inside a step, and fails, which would hide that error.
    """
    optimizer.finalize_variable_values = lambda variables: None
    try:
        yield
    finally:
        del optimizer.finalize_variable_values


def put_averages(model: keras.Model) -> list[np.ndarray]:
    """Overwrite the weights that are trained with copies of their averages; gives the weights that there were."""
    own = copies(model.trainable_variables)
    put_weights(model, copies(inner_optimizer(model.optimizer)._model_variables_moving_average))
    return own


def put_weights(model: keras.Model, weights: list[np.ndarray]) -> None:
    """Overwrite the weights that are trained."""
    for variable, weight in zip(model.trainable_variables, weights, strict=True):
        variable.assign(weight)


def copies(variables: list[keras.Variable]) -> list[np.ndarray]:
    """Their values, which stay as they are when the variables change."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
