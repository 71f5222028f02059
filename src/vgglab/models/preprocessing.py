"""What a model does to raw pixels first, as layers of its own: resizing, then scaling or normalization.

A model takes raw images, 0 to 255, so that it predicts alike everywhere. None of these layers has weights, all are
Keras's own, and their names start with `image`: that is how the networks that follow them are told apart from them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

EPSILON = 1e-7  # added to a deviation, pixel values: images of one colour are no division by zero
MEASURED = 50_000  # images at most that statistics are taken from, at equal distances of each other
VALUES_AT_ONCE = 2**22  # pixel values that are held as float64 at a time
PROBES = ((0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (51, 102, 204))  # colours
INPUT = "image"
RESIZING = "image_resizing"
RESCALING = "image_rescaling"

Tensor = Any  # a symbolic tensor of Keras
Treatment = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class PixelStatistics:
    """What `normalize` and `normalize-channels` subtract and divide by.

    Attributes:
        mean: mean pixel value of each channel, 0 to 255.
        deviation: standard deviation of each channel, pixel values.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def pooled(self) -> "PixelStatistics":
        """One mean and one deviation over all channels, given once for each of them."""
        squares = np.square(self.deviation) + np.square(self.mean)
        mean = float(np.mean(self.mean))
        deviation = math.sqrt(max(0.0, float(np.mean(squares)) - mean**2))
        return PixelStatistics((mean,) * len(self.mean), (deviation,) * len(self.mean))


UNIFORM = PixelStatistics((127.5,) * 3, (255 / math.sqrt(12),) * 3)  # where a model is only looked at, or timed


def wants_statistics(kind: str) -> bool:
    """Whether a treatment depends on the training images."""
    return kind in ("normalize", "normalize-channels")


def pixel_statistics(images: np.ndarray) -> PixelStatistics:
    """Mean and deviation of each channel, summed up as float64 a few images at a time (they may lie on disk).

    Of more than MEASURED images those at equal distances are taken, as each may have to be decoded.

    Args:
        images: uint8 or float pixels, shape (N, H, W, channels), 0 to 255; N at least 1.
    """
    step = max(1, VALUES_AT_ONCE // math.prod(images.shape[1:]))
    sums, squares = np.zeros(images.shape[-1]), np.zeros(images.shape[-1])
    rows = np.linspace(0, len(images) - 1, min(len(images), MEASURED)).astype(int)
    count = len(rows) * math.prod(images.shape[1:])
    for start in range(0, len(rows), step):
        values = np.asarray(images[rows[start : start + step]], dtype="float64").reshape(-1, images.shape[-1])
        sums += values.sum(axis=0)
        squares += np.einsum("nc,nc->c", values, values)
    mean = sums * images.shape[-1] / count
    variance = np.maximum(0, squares * images.shape[-1] / count - mean**2)
    return PixelStatistics(tuple(mean.tolist()), tuple(np.sqrt(variance).tolist()))


def resize(image: Tensor, side: int | None) -> Tensor:
    """Raw images (N, H, W, C) as squares of `side` pixels, bilinear; as they are for None or where they fit.

    It comes before the treatment; as both are linear in the pixel values, that makes no difference to the result.
    """
    if side is None or tuple(image.shape[1:3]) == (side, side):
        return image
    return layers.Resizing(side, side, interpolation="bilinear", name=RESIZING)(image)


def treat(x: Tensor, kind: str, statistics: PixelStatistics | None = None, own: Treatment | None = None) -> Tensor:
    """Raw images (N, H, W, C), 0 to 255, as the network wants them.

    Args:
        x: symbolic tensor of the images.
        kind: `scale` (times 1/255), `normalize` (less one mean, over one deviation + 1e-7), `normalize-channels`
            (the same for each channel), `backbone` (what the backbone was trained with) or `none`.
        statistics: of the training images; only for the two kinds of normalization.
        own: the backbone's treatment; only for `backbone`.

    Raises:
        ValueError: what the kind needs was not given.
    """
    if kind == "none":
        return x
    if kind == "scale":
        return layers.Rescaling(1 / 255, name=RESCALING)(x)
    if kind == "backbone":
        if own is None:
            raise ValueError("model.preprocessing is backbone, and there is none; use scale, or name a --backbone")
        return own(x)
    if statistics is None:
        raise ValueError(f"model.preprocessing is {kind}; it needs the statistics of the training images")
    used = statistics if kind == "normalize-channels" else statistics.pooled()
    scale = 1 / (np.array(used.deviation) + EPSILON)
    return _rescale(x, scale, -np.array(used.mean) * scale)


def treat_alike(x: Tensor, preprocess_input: Callable[[np.ndarray], np.ndarray]) -> Tensor:
    """Do to raw RGB images (N, H, W, 3) as layers what a backbone's `preprocess_input` does to arrays.

    What that is, is found by trying it on colours: each channel of the result should be one channel of the image,
    in the order RGB or BGR, scaled and shifted.

    Raises:
        NotImplementedError: it does something else.
    """
    given = np.array(PROBES, dtype="float64")
    result = np.asarray(preprocess_input(given.reshape(-1, 1, 1, 3).copy()), dtype="float64").reshape(-1, 3)
    for flipped in (False, True):
        channels = given[:, ::-1] if flipped else given
        scale, offset = (result[1] - result[0]) / 255, result[0]
        if np.allclose(channels * scale + offset, result, atol=1e-4):
            break
    else:
        raise NotImplementedError(f"preprocess_input is no scaling of RGB or BGR channels: {result.tolist()}")
    if not flipped and np.allclose(scale, 1) and np.allclose(offset, 0):
        return x
    return _rescale(keras.ops.flip(x, axis=-1) if flipped else x, scale, offset)


def _rescale(x: Tensor, scale: np.ndarray, offset: np.ndarray) -> Tensor:
    """`x * scale + offset`, by channel where the channels differ."""
    scale, offset = (values.tolist() if np.ptp(values) else float(values[0]) for values in (scale, offset))
    return layers.Rescaling(scale, offset, name=RESCALING)(x)
