"""What `vgglab.Watch` costs a training: the same epochs with and without it, in alternating rounds of one process.

    python benchmarks/watching.py [--net tiny|vgg16|resnet50] [--rounds 5] [--epochs 10] [--examples 2000] [--size 64]

Each round fits a new model of the same seed twice, in turns that change their order; the first round, in which much is
compiled, is not counted. Prints the processor seconds of a later epoch of each, and the median ratio of the
rounds with its range: of first epochs, of later ones, of whole fits. Other programs disturb them little.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import keras
import numpy as np
from keras import layers

import vgglab

RNG = np.random.default_rng(0)


def tiny(size: int) -> keras.Model:
    """A table's network: two hidden layers of 32."""
    return keras.Sequential(
        [keras.Input((20,)), layers.Dense(32, "relu"), layers.Dense(32, "relu"), layers.Dense(10, "softmax")]
    )


def vgg16(size: int) -> keras.Model:
    """VGG-16 with its three dense layers."""
    return keras.applications.VGG16(weights=None, input_shape=(size, size, 3), classes=10)


def resnet50(size: int) -> keras.Model:
    """ResNet-50."""
    return keras.applications.ResNet50(weights=None, input_shape=(size, size, 3), classes=10)


class Clock(keras.callbacks.Callback):
    """Processor seconds from the begin of an epoch to that of the next, whatever callbacks do in between."""

    def __init__(self):
        super().__init__()
        self.marks: list[float] = []

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.marks = [time.process_time()]

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if epoch:
            self.marks.append(time.process_time())

    def on_train_end(self, logs: dict | None = None) -> None:
        self.marks.append(time.process_time())

    @property
    def epochs(self) -> np.ndarray:
        """Seconds of each epoch."""
        return np.diff(self.marks)


def epochs_of(make: Callable[[int], keras.Model], watched: bool, given: argparse.Namespace) -> np.ndarray:
    """Processor seconds of each epoch of a new model; what comes before the first one counts as its."""
    keras.utils.set_random_seed(0)
    model = make(given.size)
    model.compile(keras.optimizers.SGD(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    shape = (given.examples, *model.input_shape[1:])
    images, labels = RNG.random(shape, "float32"), RNG.integers(0, 10, given.examples)
    clock = Clock()
    callbacks = [clock, vgglab.Watch()] if watched else [clock]
    model.fit(images, labels, epochs=given.epochs, batch_size=given.batch, verbose=0, callbacks=callbacks)
    return clock.epochs


def main() -> None:
    """Time the rounds and print the cost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--net", choices=("tiny", "vgg16", "resnet50"), default="tiny")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    given = parser.parse_args()
    make = {"tiny": tiny, "vgg16": vgg16, "resnet50": resnet50}[given.net]
    ratios: dict[str, list[float]] = {"first epoch": [], "later epochs": [], "whole fit": []}
    for number in range(given.rounds + 1):
        order = (True, False) if number % 2 else (False, True)
        taken = {watched: epochs_of(make, watched, given) for watched in order}
        if number:
            pairs = [
                (taken[True][:1], taken[False][:1]),
                (taken[True][1:], taken[False][1:]),
                (taken[True], taken[False]),
            ]
            for name, (with_it, without) in zip(ratios, pairs, strict=True):
                ratios[name].append(float(with_it.sum() / without.sum()))
            print(
                f"an epoch: {np.median(taken[False][1:]):.3f} s, watched {np.median(taken[True][1:]):.3f} s", flush=True
            )
    for name, found in ratios.items():
        spread = f"{min(found) - 1:+.1%} to {max(found) - 1:+.1%}"
        print(f"{given.net}, {name}: {median(found) - 1:+.1%} (median of {len(found)}, {spread})")


if __name__ == "__main__":
    main()
