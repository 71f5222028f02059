"""From a model and a data set to `Model.fit`."""

import math

import keras

from vgglab.datasets.dataset import DataSet
from vgglab.errors import VgglabError
from vgglab.training.batches import Batches, SeedEpochs
from vgglab.training.fast_cpu import fast_batch_norm


class NonFiniteLoss(VgglabError):
    """The loss became NaN or infinite; training stopped at once."""

    def __init__(self, loss: float, epoch: int, step: int):
        super().__init__(f"the loss became {loss} in epoch {epoch}, step {step}")
        self.epoch, self.step = epoch, step


class StopOnNonFinite(keras.callbacks.Callback):
    """Stops at the first step whose loss is NaN or infinite."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise NonFiniteLoss(loss, self.epoch, batch + 1)


def fit(
    model: keras.Model,
    dataset: DataSet,
    batch_size: int,
    epochs: range,
    seed: int,
    callbacks: list[keras.callbacks.Callback],
) -> None:
    """Train a compiled model.

    Args:
        model: compiled; takes raw images (N, H, W, 3), 0 to 255.
        dataset: trains on its training part and validates on its validation part after each epoch.
        batch_size: images per step.
        epochs: the epochs to train, from 0; `range(4, 10)` goes on after four.
        seed: of the data order and the dropout noise.
        callbacks: told of every epoch and step.

    Raises:
        NonFiniteLoss: the loss became NaN or infinite.
    """
    if not epochs:
        return
    train = Batches(dataset.train.images, dataset.train.labels, batch_size, seed)
    validation = Batches(dataset.validation.images, dataset.validation.labels, 4 * batch_size)
    with fast_batch_norm(model):
        model.fit(
            train,
            validation_data=validation,
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            shuffle=False,
            verbose=0,
            callbacks=[SeedEpochs(train, seed), StopOnNonFinite(), *callbacks],
        )
