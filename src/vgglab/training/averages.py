"""The moving average of a network's weights, which its optimizer keeps: put into the network, and taken out again."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


class Averages(keras.callbacks.Callback):
    """Has each validation see the averaged weights; the training goes on with its own, to the bit.

    Keras's `SwapEMAWeights` adds and subtracts on TensorFlow, which rounds the weights that are trained.
    """

    def on_test_begin(self, logs: dict | None = None) -> None:
        self.own = weights_of(self.model)
        put_averages(self.model)

    def on_test_end(self, logs: dict | None = None) -> None:
        put_weights(self.model, self.own)

    def on_train_end(self, logs: dict | None = None) -> None:
        put_weights(self.model, self.own)  # Keras ends every `fit` with the averages in the model


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """The averaged weights in a model inside the block; its optimizer keeps them."""
    own = weights_of(model)
    put_averages(model)
    try:
        yield
    finally:
        put_weights(model, own)


def weights_of(model: keras.Model) -> list[np.ndarray]:
    """Copies of the weights that are trained."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.trainable_variables]


def put_averages(model: keras.Model) -> None:
    """Overwrite the weights that are trained with their averages."""
    model.optimizer.finalize_variable_values(model.trainable_variables)


def put_weights(model: keras.Model, weights: list[np.ndarray]) -> None:
    """Overwrite the weights that are trained."""
    for variable, weight in zip(model.trainable_variables, weights, strict=True):
        variable.assign(weight)
