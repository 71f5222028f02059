"""VGG-16 (Simonyan and Zisserman, 2014, configuration D), with the variants that the lab asks for."""

import keras
from keras import layers

from vgglab.config import ModelConfig

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
    if min(input_shape[:2]) < SMALLEST_SIDE:
        raise ValueError(f"input_shape is {input_shape}; five poolings need sides of {SMALLEST_SIDE} or more")
    image = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 255, name="rescaling")(image)
    for block, (filters, convolutions) in enumerate(BLOCKS, start=1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(scaled(filters, width), 3, padding="same", activation="relu", name=name)(x)
            if batch_norm:
                x = layers.BatchNormalization(name=f"{name}_bn")(x)
            if dropout and number < convolutions:
                x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    for number, units in enumerate(dense_units, start=1):
        x = layers.Dense(scaled(units, width), activation="relu", name=f"fc{number}")(x)
    x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(image, x, name="vgg16")


def scaled(units: int, width: float) -> int:
    """`units` times `width`, rounded, at least 1."""
    return max(1, round(units * width))
