"""The moving average of a network's weights, which its optimizer keeps: put into the network, and taken out again."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

import keras

from vgglab.keras_tools.precision import inner_optimizer
from vgglab.keras_tools.variables import holding, snapshots


class ValidateAverages(keras.callbacks.Callback):
    """Has each validation see the averaged weights; the training goes on with its own, to the bit.

    Keras's `SwapEMAWeights` adds and subtracts on TensorFlow, which rounds the weights that are trained.
    """

    def on_test_begin(self, logs: dict | None = None) -> None:
        self.lent = ExitStack()
        self.lent.enter_context(averaged(self.model))

    def on_test_end(self, logs: dict | None = None) -> None:
        self.lent.close()


def averaged(model: keras.Model) -> AbstractContextManager[None]:
    """The averaged weights in a model inside the block, where its optimizer keeps any."""
    optimizer = inner_optimizer(model.optimizer)
    if not optimizer.use_ema:
        return nullcontext()
    return holding(model.trainable_variables, snapshots(optimizer._model_variables_moving_average))


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
