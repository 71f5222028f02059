"""A fault of oneDNN, kept away: convolutions of 1 by 1 that skip pixels, on few channels.

On processors without AVX-512 their gradient by the kernel is written beyond the memory that it has (oneDNN's issue
6035): it is wrong, or the process crashes or waits without end, with TensorFlow and torch alike. Where pixels are
skipped before the convolution, which is the same, nothing is wrong.
"""

from typing import Any

import keras

BLOCK = 16  # channels that oneDNN takes at once, 8 without AVX-512; from there on it is right
_by_keras = keras.layers.Conv2D.convolution_op


def skip_pixels_first() -> None:
    """Have every Conv2D of Keras skip pixels before it computes, where oneDNN may be wrong."""
    if keras.backend.backend() in ("tensorflow", "torch"):
        keras.layers.Conv2D.convolution_op = _convolution


def _convolution(layer: keras.layers.Conv2D, inputs: Any, kernel: Any) -> Any:
    *sides, channels, _ = kernel.shape
    if max(sides) > 1 or max(layer.strides) == 1 or channels >= BLOCK:
        return _by_keras(layer, inputs, kernel)
    kept = tuple(slice(None, None, stride) for stride in layer.strides)
    last = layer.data_format == "channels_last"
    pixels = inputs[:, *kept] if last else inputs[:, :, *kept]
    return keras.ops.conv(pixels, kernel, padding="valid", data_format=layer.data_format)
