"""VGG-16 (Simonyan and Zisserman, 2014, configuration D), with the variants that the lab asks for."""

from typing import Any

import keras
from keras import layers

from vgglab.config.schema import ModelConfig
from vgglab.models.head import classify
from vgglab.models.preprocessing import INPUT, treat

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters, convolutions; then a 2x2 max-pooling
SMALLEST_SIDE = 2 ** len(BLOCKS)  # pixels: each pooling halves the sides
DEFAULT = ModelConfig()


def vgg16(
    input_shape: tuple[int, int, int],
    classes: int,
    batch_norm: bool = DEFAULT.batch_norm,
    dropout: float = DEFAULT.dropout,
    width: float = DEFAULT.width,
    dense_units: tuple[int, ...] = DEFAULT.dense_units,
) -> keras.Model:
    """The VGG-16 network; it takes raw images and gives class probabilities.

    Args:
        input_shape: (height, width, channels) of an image, pixels; both sides at least 32.
        classes: number of classes.
        batch_norm: a BatchNormalization after each convolution (after its ReLU, as the lab adds it).
        dropout: rate of a Dropout after each convolution but the last of each block, so never next to
            a pooling; after the BatchNormalization where there is one.
        width: factor on the filters and the dense units, rounded, at least 1.
        dense_units: units of `fc1`, `fc2`, ..., before `width` is applied.

    Returns:
        A model from float or uint8 images (N, *input_shape), 0 to 255, to probabilities (N, classes).

    Raises:
        ValueError: an image side is too small for five poolings.

    Example:
        >>> vgg16((32, 32, 3), 10).count_params()
        33638218
    """
    image = keras.Input(input_shape, name=INPUT)
    x = convolutions(treat(image, "scale"), batch_norm, dropout, width)
    x = classify(x, classes, tuple(scaled(units, width) for units in dense_units))
    return keras.Model(image, x, name="vgg16")


def convolutions(x: Any, batch_norm: bool, dropout: float, width: float) -> Any:
    """The five blocks, from treated images (N, H, W, C) to feature maps (N, H / 32, W / 32, filters).

    Raises:
        ValueError: an image side is too small for five poolings.
    """
    if min(x.shape[1:3]) < SMALLEST_SIDE:
        sides = "x".join(map(str, x.shape[1:3]))
        raise ValueError(f"vgg16: images are {sides}; five poolings need sides of {SMALLEST_SIDE} or more")
    for block, (filters, count) in enumerate(BLOCKS, start=1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(scaled(filters, width), 3, padding="same", activation="relu", name=name)(x)
            if batch_norm:
                x = layers.BatchNormalization(name=f"{name}_bn")(x)
            if dropout and number < count:
                x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return x


def scaled(units: int, width: float) -> int:
    """`units` times `width`, rounded, at least 1."""
    return max(1, round(units * width))
