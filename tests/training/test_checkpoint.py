"""What of a training is on disk after each epoch, and after it was stopped."""

import keras
import numpy as np
import pytest

from vgglab.datasets.dataset import DataSet, Part
from vgglab.runs.record import RunRecord
from vgglab.training import checkpoint
from vgglab.training.checkpoint import Checkpoint, checkpointed_history
from vgglab.training.compiling import compile_model

NOTHING = Part(np.zeros((0, 8, 8, 3), np.uint8), np.zeros(0, int), np.zeros(0, int))
TWO = DataSet("two", ("a", "b"), NOTHING, NOTHING, NOTHING)


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Train one epoch after the other with the same validation accuracy; what is saved after each."""

    def run(epochs: int, saved_every: float) -> list[int]:
        monkeypatch.setattr(checkpoint, "SAVED_EVERY", saved_every)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
        compile_model(model, keras.optimizers.SGD(0.0))
        written = Checkpoint(tmp_path, model, TWO, [], RunRecord("r", "running", ""))
        saved = []
        look = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: saved.append(len(checkpointed_history(tmp_path)))
        )
        data = np.zeros((4, 2)), np.zeros(4)
        model.fit(*data, validation_data=data, epochs=epochs, verbose=0, callbacks=[written, look])
        return saved

    return run


def test_every_epoch_that_takes_long_is_saved(train):
    assert train(4, saved_every=0.0) == [1, 2, 3, 4]


def test_of_short_epochs_the_best_and_the_last_are_saved(train, tmp_path):
    assert train(4, saved_every=float("inf")) == [1, 1, 1, 4]
    assert (tmp_path / "history.csv").read_text().count("\n") == 5


def test_a_history_that_is_stopped_ends_with_what_is_saved(train, tmp_path):
    train(3, saved_every=0.0)
    history = checkpointed_history(tmp_path)
    stopped = Checkpoint(tmp_path, None, TWO, history, RunRecord("r", "running", ""))
    stopped.history.append({**history[-1], "epoch": 4})
    stopped.forget_unsaved()
    assert stopped.record.epochs_done == 3 and (tmp_path / "history.csv").read_text().count("\n") == 4


def test_a_best_model_that_is_another_network_than_the_last_is_not_taken_from_it(train, tmp_path):
    train(1, saved_every=0.0)
    (tmp_path / "best.keras").unlink()
    (tmp_path / "best.keras").write_bytes(b"as it was judged")
    Checkpoint(tmp_path, None, TWO, checkpointed_history(tmp_path), RunRecord("r", "running", ""), apart=True)
    assert (tmp_path / "best.keras").read_bytes() == b"as it was judged"


def test_a_kill_between_the_last_model_and_the_best_is_made_good(train, tmp_path):
    train(1, saved_every=0.0)
    (tmp_path / "best.keras").unlink()
    (tmp_path / "best.keras").write_bytes(b"of an earlier epoch")
    Checkpoint(tmp_path, None, TWO, checkpointed_history(tmp_path), RunRecord("r", "running", ""))
    assert (tmp_path / "best.keras").read_bytes() == (tmp_path / "last.keras").read_bytes()
