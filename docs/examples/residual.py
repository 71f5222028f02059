"""A small residual network (He et al., 2016) whose depth is an argument: 8, 14, 20, ... layers with weights."""

import keras
from keras import layers


def make(input_shape, classes, depth=8, filters=16):
    """Three stages of (depth - 2) / 6 blocks each; filters double where the sides halve."""
    image = keras.Input(input_shape)
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="stem")(image)
    for stage in range(3):
        for number in range((depth - 2) // 6):
            strides = 2 if stage and not number else 1
            x = Block(filters * 2**stage, strides, name=f"stage{stage + 1}_block{number + 1}")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(classes, activation="softmax", name="classify")(x))


@keras.saving.register_keras_serializable("residual")
class Block(layers.Layer):
    """Two convolutions and a way around them."""

    def __init__(self, filters, strides=1, **options):
        super().__init__(**options)
        self.filters, self.strides = filters, strides
        self.first = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, name="first")
        self.second = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="second")
        self.norms = [layers.BatchNormalization(momentum=0.9, name=f"norm{number}") for number in (1, 2)]
        self.around = layers.Conv2D(filters, 1, strides, use_bias=False, name="around")

    def build(self, shape):
        """Make the weights for images or maps of a shape."""
        inner = self.first.compute_output_shape(shape)
        self.first.build(shape)
        self.around.build(shape)
        self.second.build(inner)
        for norm in self.norms:
            norm.build(inner)
        super().build(shape)

    def call(self, x, training=None):
        """Maps (N, H, W, channels) -> (N, H / strides, W / strides, filters)."""
        y = keras.ops.relu(self.norms[0](self.first(x), training=training))
        y = self.norms[1](self.second(y), training=training)
        return keras.ops.relu(y + self.around(x))

    def compute_output_shape(self, shape):
        """The shape of what `call` gives."""
        return self.first.compute_output_shape(shape)

    def get_config(self):
        """What makes the same block again."""
        return super().get_config() | {"filters": self.filters, "strides": self.strides}
