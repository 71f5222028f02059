"""A network two of whose runs wait before an epoch: a test ends there what they are on."""

import os
import time
from pathlib import Path
from typing import Any

from keras import Input, Sequential, layers, saving

from vgglab.training.checkpoint import Checkpoint

begins = Checkpoint.on_epoch_begin
HELD = ("b", "c")  # fewer than machines: the other runs have one that is free


def hold(checkpoint: Checkpoint, epoch: int, logs: dict | None = None) -> None:
    """Wait while there is a file that has this epoch, from 0."""
    told = os.environ.get("VGGLAB_TEST_HOLD")
    while told and checkpoint.folder.name in HELD and Path(told).exists() and Path(told).read_text() == str(epoch):
        time.sleep(0.1)
    begins(checkpoint, epoch, logs)


Checkpoint.on_epoch_begin = hold


@saving.register_keras_serializable("held")
class Own(layers.ReLU):
    """Has a run that goes on execute this file, too."""


def make(input_shape: tuple[int, int, int], classes: int) -> Any:
    """A convolution with BatchNormalization, Dropout, and a head."""
    body = [layers.MaxPooling2D(4), layers.Conv2D(8, 3), layers.BatchNormalization(), Own()]
    head = [layers.Dropout(0.2), layers.Flatten(), layers.Dense(classes, activation="softmax")]
    return Sequential([Input(input_shape), *body, *head])
