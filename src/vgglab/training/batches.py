"""The order of the data and the noise of an epoch: functions of seed and epoch, and of nothing else.

A run that is resumed therefore sees what it would have seen, without anything being saved for it.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

import keras
import numpy as np

from vgglab.datasets.dataset import are_kept
from vgglab.keras_tools.accelerator import accelerated, put_ahead

SMALL = 2  # pictures of which BatchNormalization cannot take statistics: docs/results/last_batch.md
DRAWS_PER_EPOCH = 2**20  # more than the draws a seed generator makes in an epoch
READY = 4  # batches that wait for the network
AT_ONCE = 2  # batches that are made at a time where images are decoded for them: no core waits for the end of one


class Augment(Protocol):
    """What varies a batch: a function of the epoch and the batch's number, in one step or in two."""

    def __call__(self, images: np.ndarray, labels: np.ndarray, epoch: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Images and labels of a batch, varied."""

    def draw(self, epoch: int, batch: int) -> dict[str, np.ndarray]:
        """All the chance that there is in it."""

    def vary(self, images: Any, labels: Any, drawn: dict[str, Any]) -> tuple[Any, Any]:
        """The same as the call, of tensors, once all has been drawn; for a function that is compiled."""


class Batches(keras.utils.PyDataset):
    """Images and labels in batches; in their own order, or shuffled anew each epoch.

    Args:
        images: uint8 (N, H, W, 3), an array or what is read as one, or features, float32 (N, ...); a multiple of N
            holds so many views of each, of which an epoch takes one at random.
        labels: int64 (N,).
        batch_size: images per batch. The last one may be smaller; in training, one of at most SMALL images joins the
            batch before it.
        seed: shuffle with this seed; None keeps the order.
        augmenter: varies each batch as it is asked for; for training only.
        classes: number of classes, where labels are to be shares of classes, float32 (N, classes); None leaves them
            as they are.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        seed: int | None = None,
        augmenter: Augment | None = None,
        classes: int | None = None,
    ):
        super().__init__()
        self.images, self.labels, self.batch_size, self.seed = images, labels, batch_size, seed
        self.augmenter, self.classes = augmenter, classes
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Take the order and the noise of an epoch (from 0)."""
        self.epoch = epoch
        self.order = np.arange(len(self.labels))
        self.views = np.broadcast_to(0, len(self.labels))
        if self.seed is not None:
            self.order = epoch_order(len(self.labels), self.seed, epoch)
            self.views = epoch_views(len(self.labels), len(self.images) // len(self.labels), self.seed, epoch)

    def __len__(self) -> int:
        if self.seed is not None:
            return steps_per_epoch(len(self.order), self.batch_size)
        return math.ceil(len(self.order) / self.batch_size)

    def rows(self, number: int) -> np.ndarray:
        """Which images a batch holds, of all the views that there are: int64 (images of the batch,)."""
        last = number + 1 == len(self)
        rows = self.order[number * self.batch_size : None if last else (number + 1) * self.batch_size]
        return rows + self.views[rows] * len(self.labels)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.rows(number)
        images, labels = self.images[rows], self.labels[rows % len(self.labels)]
        if self.augmenter is not None:
            images, labels = self.augmenter(images, labels, self.epoch, number)
        if self.classes is not None and labels.ndim == 1:
            labels = one_hot(labels, self.classes)
        return images, labels


def threads_for(batches: Batches) -> ThreadPoolExecutor:
    """The threads that make batches ahead of the network."""
    return ThreadPoolExecutor(1 if are_kept(batches.images) else AT_ONCE)


class ReadAhead(keras.utils.PyDataset):
    """Batches, the next few of which a thread makes while the network works on one; for JAX and torch.

    Keras's own threads, those of a `PyDataset` with several workers, keep batches that were made too early, in the
    order of another epoch, and give them to the next.

    Args:
        batches: in the order of their epoch.
        put: sends the images of a batch ahead to where they are worked on.
    """

    def __init__(self, batches: Batches, put: Callable[[np.ndarray], Any] = np.asarray):
        super().__init__()
        self.batches, self.put, self.threads = batches, put, threads_for(batches)
        self.coming: dict[tuple[int, int], Future] = {}

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, coming = self.batches.epoch, range(number, min(number + READY, len(self)))
        self.coming = {
            (epoch, place): self.coming.get((epoch, place)) or self.threads.submit(self.make, place) for place in coming
        }
        return self.coming[epoch, number].result()

    def make(self, number: int) -> tuple[Any, np.ndarray]:
        """A batch, its images sent ahead."""
        images, labels = self.batches[number]
        return self.put(images), labels


def feed(batches: Batches) -> Any:
    """What `Model.fit` reads batches from, each epoch anew: on TensorFlow a pipeline that does not wait between epochs.

    Keras's own for a `PyDataset` with several workers waits 0.1 s at every end of an epoch or a validation; with one
    worker it has TensorFlow tune itself, which stalls epochs by up to 5 s at their end.
    """
    if keras.backend.backend() != "tensorflow":
        return ReadAhead(batches, put_ahead if accelerated() else np.asarray)
    import tensorflow as tf

    signature = tuple(tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in batches[0])
    pipeline = tf.data.Dataset.from_generator(partial(in_turn, batches), output_signature=signature)
    options = tf.data.Options()
    options.autotune.enabled = False
    options.threading.private_threadpool_size = 1
    counted = pipeline.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return counted.prefetch(READY).with_options(options)


def in_turn(batches: Batches) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The batches of an epoch; where images are decoded for them, the next few are made while one is asked for."""
    if are_kept(batches.images):
        yield from (batches[number] for number in range(len(batches)))
        return
    with threads_for(batches) as threads:
        coming: deque[Future] = deque()
        for number in range(len(batches)):
            coming.append(threads.submit(batches.__getitem__, number))
            if len(coming) > AT_ONCE:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


class SeedEpochs(keras.callbacks.Callback):
    """Give each epoch its own data order and noise, from the run's seed and the epoch's number.

    Args:
        batches: what is trained on.
        noisy: the layers that draw random numbers, such as Dropout; those of the whole model, in their order.
        seed: of the run.
    """

    def __init__(self, batches: Batches, noisy: list[keras.layers.Layer], seed: int):
        super().__init__()
        self.batches, self.noisy, self.seed = batches, noisy, seed

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.batches.set_epoch(epoch)
        seed_noise(dict(enumerate(self.noisy)), self.seed, epoch)


def seed_noise(noisy: dict[int, keras.layers.Layer], seed: int, epoch: int, device: int = 0) -> None:
    """Give the layers that draw random numbers those of an epoch (from 0).

    Args:
        noisy: by their number among those of the whole model.
        seed: of the run.
        epoch: from 0.
        device: that they compute on; each has its own noise.
    """
    apart = [device] if device else []
    for number, layer in noisy.items():
        layer_seed = np.random.SeedSequence([seed, number, *apart]).generate_state(1)[0]
        layer.seed_generator.state.assign(np.array([layer_seed, epoch * DRAWS_PER_EPOCH], dtype="uint32"))
    if keras.backend.backend() == "torch":  # where Dropout has no seed of its own, Keras leaves the noise to torch
        import torch

        torch.manual_seed(int(np.random.SeedSequence([seed, epoch, *apart]).generate_state(1)[0]))


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Batches of an epoch of training: a last one of at most SMALL images is none of its own, if there are others."""
    whole, rest = divmod(images, batch_size)
    return whole + (rest > SMALL or (rest > 0 and whole == 0))


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order of `count` images in an epoch (from 0): int64 (count,)."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def one_hot(labels: Any, classes: int) -> Any:
    """Labels as shares of the classes, arrays or tensors: int (N,) -> float32 (N, classes)."""
    shares = np.eye(classes, dtype="float32")
    return shares[labels] if isinstance(labels, np.ndarray) else keras.ops.take(shares, labels, axis=0)


class Smoothing:
    """Smooths the labels of each batch that `augment` varied, as `label_smoothing` of Keras's loss would.

    Labels are smoothed, not the loss, so that validation is told by the plain cross-entropy, whatever was trained on.

    Args:
        share: of each label, 0 to 1; it goes to all classes alike.
        classes: number of classes.
        augment: None leaves images as they are.
    """

    def __init__(self, share: float, classes: int, augment: Augment | None = None):
        self.share, self.classes, self.augment = share, classes, augment

    def __call__(self, images: np.ndarray, labels: np.ndarray, epoch: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
        if self.augment is not None:
            images, labels = self.augment(images, labels, epoch, batch)
        return images, self.smoothed(labels)

    def draw(self, epoch: int, batch: int) -> dict[str, np.ndarray]:
        """What `augment` draws for a batch."""
        return self.augment.draw(epoch, batch) if self.augment is not None else {}

    def vary(self, images: Any, labels: Any, drawn: dict[str, Any]) -> tuple[Any, Any]:
        """The same of tensors, as a function of what was drawn."""
        if self.augment is not None:
            images, labels = self.augment.vary(images, labels, drawn)
        return images, self.smoothed(labels)

    def smoothed(self, labels: Any) -> Any:
        """Labels as shares of the classes, smoothed: float32 (N, classes)."""
        shares = one_hot(labels, self.classes) if labels.ndim == 1 else labels
        return shares * np.float32(1 - self.share) + np.float32(self.share / self.classes)


def epoch_views(count: int, views: int, seed: int, epoch: int) -> np.ndarray:
    """Which of its views each of `count` images shows in an epoch (from 0): int64 (count,), not to be written to."""
    if views == 1:
        return np.broadcast_to(0, count)  # which takes no memory
    # The last number, never 0, keeps this apart from the order, which has the first two.
    return np.random.default_rng([seed, epoch, 2]).integers(views, size=count)
