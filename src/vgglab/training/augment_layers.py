"""Keras layers that crop, cover and mix images at random, where Keras's own fall short.

Keras 3.15's RandomCrop moves a whole batch alike; its CutMix draws alpha anew for each batch, cannot go above 1, and
gives labels by a box that is not whole pixels. On torch both of its mixing layers draw by way of torch's global random
state, which the dropout of the step that is being trained draws from too.
"""

import keras
import numpy as np
from keras import ops
from scipy.special import betaincinv

GREY = 128
QUANTILES = 4096  # shares that can be drawn


class PadAndCrop(keras.layers.Layer):
    """Pad the `images` of a batch with black and cut one of the old size out of each, at a place of its own.

    This is the usual augmentation of CIFAR (He et al., 2016, section 4.2: 4 pixels).

    Args:
        padding: pixels added on each side; an image moves by at most so much, up or down and left or right.
        seed: of the places, as in any Keras layer.
    """

    def __init__(self, padding: int, seed: int | None = None, **options):
        super().__init__(**options)
        self.padding = padding
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, batch):
        """A batch with its images padded and cropped."""
        return {**batch, "images": self.crop(batch["images"])}

    def crop(self, images):
        """Images cut anew: (N, H, W, C)."""
        count, height, width, channels = images.shape
        rows = self._places(count)[:, :, None] + ops.arange(height)[None, :, None]
        columns = self._places(count)[:, None, :] + ops.arange(width)[None, None, :]
        sides = (self.padding, self.padding)
        padded = ops.pad(images, ((0, 0), sides, sides, (0, 0)))
        padded_height, padded_width = height + 2 * self.padding, width + 2 * self.padding
        first = ops.arange(count)[:, None, None] * (padded_height * padded_width)
        pixels = ops.reshape(padded, (count * padded_height * padded_width, channels))
        return ops.take(pixels, first + rows * padded_width + columns, axis=0)

    def _places(self, count: int):
        """Rows or columns above or left of each cut: int32 (count, 1), 0 to twice the padding."""
        return keras.random.randint((count, 1), 0, 2 * self.padding + 1, dtype="int32", seed=self.generator)


class CutOut(keras.layers.Layer):
    """Cutout (DeVries and Taylor, 2017): make a square of each of a batch's `images` grey, about the mean of images.

    Its middle is a pixel of the image, drawn for each anew; what of the square lies outside is lost.

    Args:
        side: of the square, pixels.
        seed: of the places, as in any Keras layer.
    """

    def __init__(self, side: int, seed: int | None = None, **options):
        super().__init__(**options)
        self.side = side
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, batch):
        """A batch with a square of each image grey."""
        images = batch["images"]
        count, height, width, _ = images.shape
        rows, columns = self._span(count, height)[:, :, None, None], self._span(count, width)[:, None, :, None]
        return {**batch, "images": ops.where(rows & columns, ops.cast(GREY, images.dtype), images)}

    def _span(self, count: int, length: int):
        """Which of `length` rows or columns the squares take: bool (count, length)."""
        middle = keras.random.randint((count, 1), 0, length, dtype="int32", seed=self.generator)
        from_start = ops.arange(length, dtype="int32")[None, :] - middle + self.side // 2
        return (from_start >= 0) & (from_start < self.side)


class MixUp(keras.layers.MixUp):
    """Mixup (Zhang et al., 2018): blend each image, and its label, with another one of the batch.

    As in Keras, each image has a share of its own, drawn from Beta(alpha, alpha); the paper draws one for the batch.

    Args:
        alpha: above 0; the larger, the more evenly images are blended.
        seed: of shares and partners.
    """

    def __init__(self, alpha: float, seed: int | None = None, **options):
        super().__init__(alpha=alpha, seed=seed, **options)
        self.quantiles = beta_quantiles(alpha)

    def get_random_transformation(self, data, training=True, seed=None):
        """What is drawn for a batch, as Keras hands it to the transformations."""
        count = data["images"].shape[0]
        return {
            "mix_weight": draw_shares(self.quantiles, count, self.generator),
            "permutation_order": draw_partners(count, self.generator),
        }


class CutMix(keras.layers.CutMix):
    """CutMix (Yun et al., 2019): paste a box of another image of the batch; the label's shares are the areas'.

    The box has the image's proportions, is wholly inside and made of whole pixels. Its area is one less a draw from
    Beta(alpha, alpha), for each image anew.

    Args:
        alpha: above 0; 1 makes every area as likely as any other.
        seed: of boxes and partners.
    """

    def __init__(self, alpha: float, seed: int | None = None, **options):
        super().__init__(seed=seed, **options)
        self.quantiles = beta_quantiles(alpha)

    def get_random_transformation(self, data, training=True, seed=None):
        """What is drawn for a batch, as Keras hands it to the transformations."""
        count, height, width, _ = data["images"].shape
        side = ops.sqrt(1 - draw_shares(self.quantiles, count, self.generator))
        rows, high = self._draw_span(side, height)
        columns, wide = self._draw_span(side, width)
        return {
            "batch_masks": rows[:, :, None, None] & columns[:, None, :, None],
            "mix_weight": 1 - high * wide / (height * width),
            "permutation_order": draw_partners(count, self.generator),
        }

    def _draw_span(self, side, length: int):
        """Which of `length` rows or columns a box takes, bool (N, length), and how many, float32 (N,)."""
        taken = ops.round(side * length)
        free = keras.random.uniform(ops.shape(side), seed=self.generator) * (length - taken + 1)
        start = ops.minimum(ops.floor(free), length - taken)[:, None]
        places = ops.arange(length, dtype="float32")[None, :]
        return (places >= start) & (places < start + taken[:, None]), taken


def beta_quantiles(alpha: float) -> np.ndarray:
    """Evenly likely values of Beta(alpha, alpha): float32 (QUANTILES,), ascending."""
    return betaincinv(alpha, alpha, (np.arange(QUANTILES) + 0.5) / QUANTILES).astype("float32")


def draw_shares(quantiles: np.ndarray, count: int, generator: keras.random.SeedGenerator):
    """Share of each image in its mixture: float32 (count,), 0 to 1."""
    drawn = keras.random.randint((count,), 0, len(quantiles), dtype="int32", seed=generator)
    return ops.take(ops.convert_to_tensor(quantiles), drawn, axis=0)


def draw_partners(count: int, generator: keras.random.SeedGenerator):
    """The image that each image is mixed with, by its number in the batch: int32 (count,), each once."""
    return keras.random.shuffle(ops.arange(count, dtype="int32"), seed=generator)
