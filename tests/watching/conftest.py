"""Small networks and data of every kind, for trainings that take a moment."""

import keras
import numpy as np
import pytest
from keras import layers

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(96, 5)).astype("float32")
CLASSES = (TABLE[:, 0] > 0).astype("int64") + (TABLE[:, 1] > 0)


class Own(keras.Model):
    """A network with a `call` of its own, which takes no `training`."""

    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(8, "tanh", name="hidden")
        self.last = layers.Dense(3, "softmax", name="last")

    def call(self, inputs):
        return self.last(self.hidden(inputs))


def compiled(model, loss="sparse_categorical_crossentropy", **options) -> keras.Model:
    model.compile(keras.optimizers.Adam(0.01), loss, **({"metrics": ["accuracy"]} | options))
    return model


def noisy(built=False) -> keras.Model:
    """Three classes of a table of five columns, with all that is random or moves: the same weights every time."""
    keras.utils.set_random_seed(7)
    inside = [layers.Dense(8, "relu", name="hidden"), layers.BatchNormalization(name="norm"), layers.Dropout(0.3)]
    inside.append(layers.Dense(3, "softmax", name="last"))
    return compiled(keras.Sequential(([keras.Input((5,))] if built else []) + inside))


@pytest.fixture(scope="session")
def nets():
    """The makers of networks, by name."""
    return {"noisy": noisy, "own": lambda: compiled(Own())}


@pytest.fixture(scope="session")
def table():
    """Inputs (96, 5) and class numbers (96,)."""
    return TABLE, CLASSES
