"""The order of the data and the noise of an epoch: functions of seed and epoch, and of nothing else.

A run that is resumed therefore sees what it would have seen, without anything being saved for it.
"""

import math

import keras
import numpy as np

DRAWS_PER_EPOCH = 2**20  # more than the draws a seed generator makes in an epoch


class Batches(keras.utils.PyDataset):
    """Images and labels in batches; in their own order, or shuffled anew each epoch.

    Args:
        images: uint8 (N, H, W, 3).
        labels: int64 (N,).
        batch_size: images per batch; the last one may be smaller.
        seed: shuffle with this seed; None keeps the order.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, batch_size: int, seed: int | None = None):
        # With one worker Keras has TensorFlow tune its input pipeline, which stalls epochs by up to 5 s at their end.
        super().__init__(workers=2)
        self.images, self.labels, self.batch_size, self.seed = images, labels, batch_size, seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Take the order of an epoch (from 0)."""
        self.order = np.arange(len(self.labels))
        if self.seed is not None:
            self.order = epoch_order(len(self.labels), self.seed, epoch)

    def __len__(self) -> int:
        return math.ceil(len(self.labels) / self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        return self.images[rows], self.labels[rows]


class SeedEpochs(keras.callbacks.Callback):
    """Give each epoch its own data order and dropout noise, from the run's seed and the epoch's number."""

    def __init__(self, batches: Batches, seed: int):
        super().__init__()
        self.batches, self.seed = batches, seed

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.batches.set_epoch(epoch)
        for number, layer in enumerate(self.model._flatten_layers(include_self=False)):
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                layer_seed = np.random.SeedSequence([self.seed, number]).generate_state(1)[0]
                generator.state.assign(np.array([layer_seed, epoch * DRAWS_PER_EPOCH], dtype="uint32"))


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order of `count` images in an epoch (from 0): int64 (count,)."""
    return np.random.default_rng([seed, epoch]).permutation(count)
