"""A network that is traced in a moment, for tests of what does not depend on the network."""

from typing import Any

NETWORK = f"{__file__}:make"  # as a config names it


def make(input_shape: tuple[int, int, int], classes: int) -> Any:
    """Two convolutions, one of them with BatchNormalization, Dropout, and a head whose layers are named as VGG-16's."""
    import keras  # not before vgglab: it chooses the kernels that TensorFlow computes with
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.MaxPooling2D(2),
            layers.Conv2D(8, 3, activation="relu", name="block1_conv1"),
            layers.MaxPooling2D(2),
            layers.Conv2D(8, 3, use_bias=False, name="block5_conv1"),
            layers.BatchNormalization(name="block5_bn1"),
            layers.ReLU(name="block5_relu1"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.2, name="block5_dropout1"),
            layers.Flatten(name="flatten"),
            layers.Dense(16, activation="relu", name="fc1"),
            layers.Dense(classes, activation="softmax", name="predictions"),
        ]
    )
