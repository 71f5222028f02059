"""Where a look at a step's figures would wait for the device, callbacks are told of steps some at a time."""

import keras
import numpy as np
import pytest

from vgglab.diagnosis.recorder import SAMPLED_STEPS
from vgglab.engines.telling import TOLD_TOGETHER, Together
from vgglab.keras_tools.accelerator import put_ahead
from vgglab.training.batches import Batches, ReadAhead

STEPS = 70


class Notes(keras.callbacks.Callback):
    """What it is told, in order: `begin` and `end` of steps, `test` for a validation."""

    def __init__(self):
        super().__init__()
        self.told, self.losses = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.told.append(("begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.told.append(("end", batch))
        self.losses.append(logs["loss"])

    def on_test_begin(self, logs=None):
        self.told.append("test")


@pytest.fixture(scope="module")
def notes():
    """Of two epochs with a validation each, told together; and the losses as `fit` itself tells them."""
    data = np.random.default_rng(0).normal(size=(STEPS, 2)).astype("float32"), np.ones((STEPS, 1), "float32")
    together, plain = Notes(), Notes()
    for note in (together, plain):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        callbacks = Together([note], model=model, epochs=2, steps=STEPS) if note is together else [note]
        model.fit(*data, 1, 2, verbose=0, callbacks=callbacks, validation_data=data, shuffle=False)
    return together, plain


def test_each_step_is_told_of_once_in_order_with_its_figures(notes):
    together, plain = notes
    assert [each[1] for each in together.told if each[0] == "end"] == [*range(STEPS)] * 2
    assert together.losses == plain.losses


def test_a_sampled_step_is_told_of_before_the_next_begins_and_all_before_it_before_it_begins(notes):
    told = notes[0].told[: notes[0].told.index("test")]
    for step in (step for step in SAMPLED_STEPS if step <= STEPS):
        place = told.index(("begin", step - 1))
        assert told[place + 1] == ("end", step - 1) and ("end", step - 2) not in told[place:]


def test_others_are_told_of_together_and_the_rest_before_the_validation(notes):
    told = notes[0].told[notes[0].told.index("test") + 1 :]
    assert told.index(("end", 0)) == TOLD_TOGETHER and told[-2:] == [("end", STEPS - 1), "test"]


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="torch wants a GPU for it")
def test_images_are_sent_ahead():
    batches = Batches(np.arange(20, dtype="uint8").reshape(10, 2), np.arange(10), 4, seed=0)
    images, labels = ReadAhead(batches, put_ahead)[1]
    assert type(images) is not np.ndarray and images.dtype == "uint8"
    assert np.array_equal(images, batches[1][0]) and np.array_equal(labels, batches[1][1])
