"""What an engine is given, and what it is: a function of it."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from vgglab.training.batches import Batches
from vgglab.training.part import TrainedPart


@dataclass(frozen=True)
class Work:
    """Epochs to compute.

    Attributes:
        part: its model is compiled, and complete.
        train: what it is trained on, in the order of the epoch that was set.
        validation: what it is validated on after each epoch.
        epochs: from 0; `range(4, 10)` goes on after four.
        callbacks: told of every epoch and step, as Keras's `fit` tells them.
    """

    part: TrainedPart
    train: Batches
    validation: Batches
    epochs: range
    callbacks: list[keras.callbacks.Callback]


Engine = Callable[[Work], None]  # ends early where a callback says so with `model.stop_training`
