"""A part of a run, such as engines are given, that is trained in a moment."""

import keras
import numpy as np

from vgglab.training.compiling import compile_model
from vgglab.training.part import TrainedPart


def small_part(dropout: float = 0.2, **options) -> TrainedPart:
    """Dropout and BatchNormalization between two dense layers, on 70 small images of three classes."""
    keras.utils.set_random_seed(0)
    layers, random = keras.layers, np.random.default_rng(0)
    noise = [layers.Dropout(dropout, seed=1)] if dropout else []
    hidden = [layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(8, "relu"), layers.BatchNormalization()]
    model = keras.Sequential([keras.Input((4, 4, 3)), *hidden, *noise, layers.Dense(3, "softmax")])
    compile_model(model, keras.optimizers.SGD(0.1, momentum=0.9), soft_labels="classes" in options)
    data = random.integers(0, 256, (70, 4, 4, 3), "uint8"), random.integers(0, 3, 70)
    return TrainedPart(model, data, data, noise, [], **options)
