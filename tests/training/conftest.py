"""A model that trains nothing and notes what it is given, on any backend."""

import keras
import numpy as np
import pytest


@pytest.fixture
def spy():
    """`model, seen = spy((2, 2, 3))`: `seen` gets the inputs of every step of `model.fit`."""

    def make(shape: tuple[int, ...]) -> tuple[keras.Model, list[np.ndarray]]:
        model, seen = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(1)]), []

        def step(*given):  # JAX's trainer hands over the state as well, and wants it back
            seen.append(keras.ops.convert_to_numpy(given[-1][0]))
            return {"loss": 0.0} if len(given) == 1 else ({"loss": 0.0}, given[0])

        model.compile(loss="mse", run_eagerly=True)
        model.train_step = step
        return model, seen

    return make
