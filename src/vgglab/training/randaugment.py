"""RandAugment, put together from Keras's layers.

`keras.layers.RandAugment` (3.15) gives all images of a batch the same operations, computes each of its operations on
the whole batch to keep one, turns images by up to 180 degrees and all one way, and equalizes the batch as if it were
one image, which on JAX takes 25 s to compile. RandomSaturation gives values below 0, Solarization takes its lower bound
for 0 to 1 and its upper one for 0 to 255. Hence colour only fades here, and two operations are our own.
"""

import keras
from keras import layers, ops


class RandAugment(layers.Layer):
    """RandAugment (Cubuk et al., 2020) of the `images` of a batch: operations drawn for each, one after the other.

    An operation is as likely as any other. How strong it is, is drawn evenly up to half of the paper's full strength.

    Args:
        operations: how many an image gets.
        seed: of which image gets which operation; strengths are drawn by the layers of the operations.
    """

    def __init__(self, operations: int, seed: int | None = None, **options):
        super().__init__(**options)
        self.rounds = operations
        self.operations = make_operations(seed)
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, batch):
        """A batch with its images varied."""
        images = batch["images"]
        for _ in range(self.rounds):
            images = self._vary_once(images)
        return {**batch, "images": images}

    def _vary_once(self, images):
        """Deal the images out evenly, an equal pile to each operation, so that each is computed for its pile only.

        So that the piles are equal, some images may be dealt twice, and what becomes of the second is dropped.
        """
        count, kinds = images.shape[0], len(self.operations)
        pile = -(-count // kinds)
        dealt = keras.random.shuffle(ops.arange(kinds * pile, dtype="int32"), seed=self.generator)
        images = ops.take(images, dealt % count, axis=0)
        piles = [images[number * pile : (number + 1) * pile] for number in range(kinds)]
        varied = [vary(each, training=True) for vary, each in zip(self.operations, piles, strict=True)]
        return ops.take(ops.concatenate(varied), ops.argsort(dealt)[:count], axis=0)


class Equalize(layers.Layer):
    """Spread the values of each image and channel so that all of 0 to 255 are about equally frequent."""

    def call(self, images):
        """Images (N, H, W, C), each channel of each with its values spread evenly."""
        count, height, width, channels = images.shape
        rows, pixels = count * channels, height * width
        values = ops.cast(ops.reshape(ops.transpose(images, (0, 3, 1, 2)), (rows, pixels)), "int32")
        places = ops.reshape(values + 256 * ops.arange(rows, dtype="int32")[:, None], (-1,))
        counts = ops.segment_sum(ops.ones(rows * pixels, dtype="float32"), places, num_segments=256 * rows)
        below = ops.cumsum(ops.reshape(counts, (rows, 256)), axis=1)
        lowest = ops.min(ops.where(below > 0, below, pixels), axis=1, keepdims=True)
        spread = ops.round((below - lowest) * 255 / ops.maximum(pixels - lowest, 1))
        spread = ops.where(lowest < pixels, spread, ops.arange(256, dtype="float32"))
        equalized = ops.take_along_axis(spread, values, axis=1)
        return ops.transpose(ops.reshape(equalized, (count, channels, height, width)), (0, 2, 3, 1))


class Solarize(layers.Layer):
    """Invert the values above a threshold, drawn for each image.

    Args:
        lowest: smallest threshold, 0 to 255.
        seed: of the thresholds.
    """

    def __init__(self, lowest: float, seed: int | None = None, **options):
        super().__init__(**options)
        self.lowest = lowest
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images):
        """Images (N, H, W, C), values from a threshold of each image on inverted."""
        shape = (images.shape[0], 1, 1, 1)
        threshold = keras.random.uniform(shape, self.lowest, 256, seed=self.generator)
        return ops.where(images < threshold, images, 255 - images)


def make_operations(seed: int | None) -> list[layers.Layer]:
    """The paper's operations, at half its strength; what moves into a picture from outside is grey."""
    moved = {"fill_mode": "constant", "fill_value": 128.0, "seed": seed, "dtype": "float32"}
    valued = {"value_range": (0, 255), "seed": seed, "dtype": "float32"}
    return [
        layers.Identity(dtype="float32"),
        layers.AutoContrast(dtype="float32"),
        Equalize(dtype="float32"),
        layers.RandomRotation(15 / 360, **moved),
        layers.RandomShear(x_factor=0.15, y_factor=0.0, **moved),
        layers.RandomShear(x_factor=0.0, y_factor=0.15, **moved),
        layers.RandomTranslation(height_factor=0.0, width_factor=0.225, **moved),
        layers.RandomTranslation(height_factor=0.225, width_factor=0.0, **moved),
        layers.RandomPosterization((6, 8), **valued),
        Solarize(128.0, seed=seed, dtype="float32"),
        layers.RandomColorDegeneration(0.45, **valued),
        layers.RandomContrast(0.45, **valued),
        layers.RandomBrightness(0.3, **valued),
        layers.RandomSharpness((0.275, 0.725), **valued),
    ]
