"""From config to a compiled model: past here, plain arguments."""

import keras

from vgglab.config import ModelConfig, TrainConfig
from vgglab.models.vgg16 import vgg16

BUILDERS = {"vgg16": vgg16}


def build_model(config: ModelConfig, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """The network that `config` names, not yet compiled; it takes raw images (N, *input_shape), 0 to 255."""
    options = config.model_dump(exclude={"name"})
    return BUILDERS[config.name](input_shape, classes, **options)


def compile_model(model: keras.Model, config: TrainConfig) -> None:
    """Give `model` its optimizer, the sparse categorical cross-entropy, and accuracy.

    XLA is left to Keras, which keeps it off on TensorFlow's CPU, where it costs a factor of two or more.
    """
    model.compile(
        optimizer=build_optimizer(config.optimizer, config.learning_rate, config.momentum),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def build_optimizer(name: str, learning_rate: float, momentum: float = 0.0) -> keras.optimizers.Optimizer:
    """A Keras optimizer by its lower-case name."""
    options = {"learning_rate": learning_rate} | ({"momentum": momentum} if momentum else {})
    return keras.optimizers.get({"class_name": name, "config": options})
