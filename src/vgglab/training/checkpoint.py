"""After each epoch: the history, the last model and the best one, on disk."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras

from vgglab.datasets.dataset import DataSet
from vgglab.keras_tools.averages import averaged
from vgglab.runs.files import link, write_atomic
from vgglab.runs.record import RunRecord, best_row, history_row
from vgglab.runs.saved_model import read_metadata, save_model

Judged = Callable[[], AbstractContextManager[None]]  # inside it a model is as it was validated

SAVED_EVERY = 1.0  # seconds: shorter epochs would spend as long on writing as on training


class Checkpoint(keras.callbacks.Callback):
    """Writes `last.keras`, `best.keras`, `history.csv` and the run's record when an epoch ends.

    The history travels inside `last.keras`, so that weights and history can never disagree. Of epochs that take
    less than SAVED_EVERY, `last.keras` is not written for each, but always for the best and the last one.

    Args:
        folder: the run folder.
        model: the whole model, of which a part may be what is fitted.
        dataset: what is trained on; its class names and grey levels travel with the model.
        history: the rows so far, for a run that goes on.
        record: the head of the run, brought up to date with each epoch.
        stops: told the history after each epoch, says why training should stop there; empty to go on.
        apart: whether the network that is judged and kept as the best is another than the one that training goes on
            with, by averaged weights or settled statistics: it is saved before that, not linked to it.
    """

    def __init__(
        self,
        folder: Path,
        model: keras.Model,
        dataset: DataSet,
        history: list[dict[str, Any]],
        record: RunRecord,
        stops: Callable[[list[dict[str, Any]]], str] = lambda history: "",
        apart: bool = False,
    ):
        super().__init__()
        self.folder, self.whole, self.dataset, self.history = folder, model, dataset, list(history)
        self.record, self.stops, self.phase, self.seconds_before = record, stops, 1, 0.0
        self.saved, self.saved_at, self.apart = len(history), 0.0, apart
        self.judged: Judged = nullcontext
        if history and self.is_best() and not apart:  # a kill may have come between the last model and the best
            self.keep_best()
        self.write_history()

    def begin_phase(self, number: int, seconds: float, judged: Judged = nullcontext) -> None:
        """A phase begins or goes on, after `seconds` of work that its first epoch has to answer for."""
        self.phase, self.seconds_before, self.judged = number, seconds, judged

    def keep_engine(self, name: str) -> None:
        """Keep which engine computes the epochs from here on."""
        self.record.engine = name
        self.record.save(self.folder)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started = time.perf_counter() - self.seconds_before
        self.seconds_before = 0.0
        self.learning_rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.history.append(self.row(epoch, logs or {}))
        best = self.is_best() or not (self.folder / "best.keras").exists()
        if best and self.apart:
            self.keep_best()
        self.model.stop_training = bool(self.stops(self.history))
        ends = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if best or ends or time.monotonic() - self.saved_at > SAVED_EVERY:
            self.save("last.keras")
            self.saved, self.saved_at = len(self.history), time.monotonic()
        if best and not self.apart:
            self.keep_best()
        self.write_history()

    def is_best(self) -> bool:
        """Whether the last epoch is the best one."""
        return best_row(self.history, self.record.measures) is self.history[-1]

    def keep_best(self) -> None:
        """Let `best.keras` be what `last.keras` is now; where that is another network, the one that was judged."""
        if self.apart:
            with averaged(self.whole), self.judged():
                self.save("best.keras")
        else:
            write_atomic(self.folder / "best.keras", lambda path: link(self.folder / "last.keras", path))

    def save(self, name: str) -> None:
        """Write the whole model as it is now, with the history so far."""
        training, classes = {"history": self.history}, list(self.dataset.classes)
        save_model(self.whole, self.folder / name, classes, training, self.dataset.levels)

    def forget_unsaved(self) -> None:
        """Where training stops: let the history end with the epoch that `last.keras` is from."""
        del self.history[self.saved :]
        self.write_history()

    def row(self, epoch: int, logs: dict[str, float]) -> dict[str, Any]:
        """One row of the history; a value that is not finite becomes None."""
        return history_row(epoch + 1, logs, self.learning_rate, time.perf_counter() - self.started, self.phase)

    def write_history(self) -> None:
        """Write `history.csv` anew, and in the record what follows from it."""
        self.record.keep_history(self.folder, self.history)


def checkpointed_history(folder: Path) -> list[dict[str, Any]]:
    """The rows up to the last checkpoint of a run; none where it has no checkpoint.

    Raises:
        RunError: `last.keras` is damaged.
    """
    if not (folder / "last.keras").exists():
        return []
    return read_metadata(folder / "last.keras")["training"]["history"]
