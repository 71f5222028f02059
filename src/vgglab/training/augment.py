"""Images varied at random as they are trained on: a function of seed, epoch and batch, and of nothing else."""

import threading
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from vgglab.config.schema import AugmentConfig
from vgglab.keras_tools.passes import jitted
from vgglab.training.augment_layers import CutMix, CutOut, MixUp, PadAndCrop
from vgglab.training.batches import one_hot
from vgglab.training.randaugment import RandAugment

LAYER_SEED = 0  # replaced before each batch; without one, layers ask Python's random numbers for theirs


class Augmenter:
    """Varies batches of training images with Keras layers, on the backend's device.

    The order is crop, flip, RandAugment, Cutout, then Mixup or CutMix. Where both are asked for, each batch gets one of
    the two, either as likely. The noise of a batch depends on seed, epoch and the batch's number only, so that a run
    that was killed goes on as it would have. May be called from several threads, which take turns.

    Args:
        classes: number of classes.
        seed: of all that is drawn, 0 or more.
        **kinds: what varies them, as in the config's section `augment`: `flip`, whether each image is mirrored left and
            right or not; `crop`, pixels of black around each image before one of the old size is cut out of it;
            `randaugment`, operations for each image; `cutout`, pixels of a square's side; `mixup` and `cutmix`, alpha.

    Example:
        >>> augmenter = Augmenter(classes=10, seed=0, flip=True, crop=4)
        >>> images, labels = augmenter(np.zeros((64, 32, 32, 3), "uint8"), np.zeros(64, int), epoch=0, batch=0)
        >>> images.shape
        (64, 32, 32, 3)
    """

    def __init__(self, classes: int, seed: int, **kinds: Any):
        self.classes, self.seed = classes, seed
        wanted = AugmentConfig(**kinds)
        self._single = Chain(image_layers(wanted.flip, wanted.crop, wanted.randaugment, wanted.cutout))
        self._mixers = [Chain([mixer]) for mixer in mixing_layers(wanted.mixup, wanted.cutmix)]
        self._lock = threading.Lock()

    def __call__(self, images: np.ndarray, labels: np.ndarray, epoch: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """The images of a batch, varied, and their labels.

        Args:
            images: uint8 (N, H, W, 3).
            labels: int (N,).
            epoch: number of the epoch, from 0.
            batch: number of the batch in the epoch, from 0.

        Returns:
            Images (N, H, W, 3), 0 to 255: float32, but uint8 where they are only cropped, flipped and covered. Labels
            as they came; where images are mixed, the share of each class, float32 (N, classes), each row summing to 1.
        """
        drawn = self.draw(epoch, batch)
        with self._lock:
            varied = self._single.vary({"images": images}, drawn["single"])
            if self._mixers:
                mixer = self._mixers[drawn["mixer"]]
                varied = mixer.vary(varied | {"labels": one_hot(labels, self.classes)}, drawn["mixed"])
            return ops.convert_to_numpy(varied["images"]), ops.convert_to_numpy(varied.get("labels", labels))

    def draw(self, epoch: int, batch: int) -> dict[str, np.ndarray]:
        """Where the random generators of the layers start in a batch, and the number of the mixing layer that it gets.

        Args:
            epoch: number of the epoch, from 0.
            batch: number of the batch in the epoch, from 0.
        """
        # The last number, never 0, keeps this noise apart from that of the data order, which has the first two.
        noise = np.random.default_rng([self.seed, epoch, batch, 1])
        drawn = {"single": self._single.draw(noise)}
        if self._mixers:
            number = noise.integers(len(self._mixers), dtype="int64")
            drawn |= {"mixer": number, "mixed": self._mixers[number].draw(noise)}
        return drawn

    def vary(self, images: Any, labels: Any, drawn: dict[str, Any]) -> tuple[Any, Any]:
        """The images of a batch, varied, and their labels, as the call gives them: tensors, of tensors.

        Args:
            images: uint8 (N, H, W, 3).
            labels: int (N,).
            drawn: what `draw` gives.
        """
        varied = self._single.vary_stateless({"images": images}, drawn["single"])
        if not self._mixers:
            return varied["images"], labels
        varied |= {"labels": one_hot(labels, self.classes)}
        mixed = [mixer.vary_stateless(varied, drawn["mixed"]) for mixer in self._mixers]
        first, last = mixed[0], mixed[-1]  # of one or two: what is not wanted costs less than a branch
        return tuple(ops.where(drawn["mixer"] == 0, first[name], last[name]) for name in ("images", "labels"))


class Chain:
    """Layers one after the other, compiled where the backend compiles, with the noise as an argument.

    Args:
        chained: layers that take and give `images` and, if they are given any, `labels`, as a dict.
    """

    def __init__(self, chained: list[layers.Layer]):
        self.layers = chained
        self.states = [state for layer in chained for state in layer.variables]
        self._vary = compiled(self.vary_stateless)

    def draw(self, noise: np.random.Generator) -> np.ndarray:
        """Where the random generators of the layers start: whole numbers (generators, 2)."""
        dtype = self.states[0].dtype if self.states else "uint32"
        # torch adds the two numbers of a state as int32, and a layer counts on from there.
        return noise.integers(0, 2**30, (len(self.states), 2)).astype(dtype)

    def vary(self, batch: dict[str, Any], states: np.ndarray) -> dict[str, Any]:
        """`batch` varied, as tensors, with the random generators of the layers started where they are told."""
        if not self.layers:
            return batch
        tensors = {name: ops.convert_to_tensor(value) for name, value in batch.items()}
        return self._vary(tensors, ops.convert_to_tensor(states))

    def vary_stateless(self, batch: dict[str, Any], states: Any) -> dict[str, Any]:
        """The same of tensors, not compiled by itself."""
        if not self.layers:
            return batch
        mapping = [(variable, states[number]) for number, variable in enumerate(self.states)]
        with keras.StatelessScope(state_mapping=mapping):
            for layer in self.layers:
                batch = batch | {"images": ops.cast(batch["images"], layer.compute_dtype)}
                batch = layer(batch, training=True)
            if layer.compute_dtype == "float32":  # rounding may go a little beyond
                batch = batch | {"images": ops.clip(batch["images"], 0, 255)}
        return batch


def compiled(function: Callable) -> Callable:
    """`function` of a batch and states as a graph for each shape on TensorFlow and JAX; on torch as it is."""
    return graphs_by_shape(function) if keras.backend.backend() == "tensorflow" else jitted(function)


def graphs_by_shape(function: Callable) -> Callable:
    """`function` as TensorFlow graphs, kept apart so that TensorFlow does not warn of the last batch's other shape."""
    import tensorflow as tf

    graphs = {}

    def call(batch: dict[str, Any], states: Any) -> dict[str, Any]:
        shape = tuple(batch["images"].shape)
        if shape not in graphs:
            graphs[shape] = tf.function(function, autograph=False).get_concrete_function(batch, states)
        return graphs[shape](batch, states)

    return call


def image_layers(flip: bool, crop: int, randaugment: int, cutout: int) -> list[layers.Layer]:
    """The layers that vary each image by itself, in their order."""
    moved = {"seed": LAYER_SEED, "dtype": "uint8"}  # a quarter of the bytes of float32
    wanted = [
        PadAndCrop(crop, **moved) if crop else None,
        layers.RandomFlip("horizontal", **moved) if flip else None,
        RandAugment(randaugment, seed=LAYER_SEED, dtype="float32") if randaugment else None,
        CutOut(cutout, seed=LAYER_SEED, dtype="float32" if randaugment else "uint8") if cutout else None,
    ]
    return [layer for layer in wanted if layer is not None]


def mixing_layers(mixup: float, cutmix: float) -> list[layers.Layer]:
    """The layers that mix images of a batch, of which each batch gets one."""
    options = {"seed": LAYER_SEED, "dtype": "float32"}
    wanted = [MixUp(mixup, **options) if mixup else None, CutMix(cutmix, **options) if cutmix else None]
    return [layer for layer in wanted if layer is not None]


def make_augmenter(config: AugmentConfig, classes: int, seed: int) -> Augmenter | None:
    """What varies training images as `config` says; None where nothing does.

    Args:
        config: of a run.
        classes: number of classes.
        seed: of the run.
    """
    return Augmenter(classes, seed, **config.model_dump(exclude={"views"})) if config.used else None
