"""How many steps the backend does at once, and that this changes nothing but the time."""

import contextlib
import signal

import keras
import numpy as np
import pytest

from vgglab.engines.fit import complete, fit
from vgglab.engines.keras_fit import spans
from vgglab.training.part import TrainedPart

EPOCHS = range(3)


def head() -> tuple:
    """A compiled model, and what it is trained and validated on."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    random = np.random.default_rng(0)
    features = random.random((70, 8), dtype="float32"), random.integers(0, 3, 70)
    return model, features, features


def trained_head(steps_at_once: int) -> list[np.ndarray]:
    (model, *features), seen = head(), []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    fit(TrainedPart(model, *features, [], [], steps_at_once=steps_at_once), 10, EPOCHS, 0, [note])
    return [*model.get_weights(), np.array(seen)]


class SwallowedCtrlC(keras.callbacks.Callback):
    """An interrupt in the second step, where something catches everything, as Keras does."""

    def on_train_batch_end(self, batch, logs=None):
        self.steps = batch + 1
        if batch == 1:
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_is_swallowed_ends_the_training_at_the_next_step():
    before, swallowed = signal.getsignal(signal.SIGINT), SwallowedCtrlC()
    with pytest.raises(KeyboardInterrupt):
        fit(TrainedPart(*head(), [], []), 10, EPOCHS, 0, [swallowed])
    assert swallowed.steps == 2 and signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras does one step at a time on torch")
def test_steps_done_at_once_give_the_same_bits():
    *single, looks = trained_head(1)
    *together, fewer = trained_head(4)
    assert all(np.array_equal(one, other) for one, other in zip(single, together, strict=True))
    assert looks.tolist() == [*range(7)] * 3 and fewer.tolist() == [*range(7), 3, 7, 3, 7]


def test_a_large_network_learns_the_same_though_its_optimizer_is_made_by_the_first_step(monkeypatch):
    before = trained_head(1)
    monkeypatch.setattr("vgglab.engines.fit.LARGE", 0)
    assert all(map(np.array_equal, trained_head(1), before))
    part = TrainedPart(*head(), [], [])
    complete(part)
    assert part.model.optimizer.built == (keras.backend.backend() != "tensorflow") and part.model.metrics[0].variables


@pytest.mark.parametrize(
    ("epochs", "steps", "expected"),
    [
        (range(0, 10), 1, [(range(0, 10), 1)]),
        (range(0, 10), 25, [(range(0, 1), 1), (range(1, 10), 25)]),
        (range(0, 1), 25, [(range(0, 1), 1)]),
        (range(4, 10), 25, [(range(4, 10), 25)]),
    ],
)
def test_steps_of_a_runs_first_epoch_are_looked_at_one_by_one(epochs, steps, expected):
    assert spans(epochs, steps) == expected
