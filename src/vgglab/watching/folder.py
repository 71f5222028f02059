"""The run folder of a training that is watched, and who else is told of it."""

from pathlib import Path
from typing import Any

import keras

from vgglab.diagnosis.findings import Finding
from vgglab.diagnosis.records import write_signals
from vgglab.keras_tools.ending import loss_name
from vgglab.keras_tools.passes import parts_of
from vgglab.runs.watched import WatchedConfig, create_watched_run, make_watched_config
from vgglab.tracking.trackers import Tracking
from vgglab.watching.describe import fixed_rate, own_optimizer
from vgglab.watching.live import say
from vgglab.watching.recorder import TaskRecorder


class Folder:
    """A run folder, and trackers that are told what it holds.

    Args:
        place: where to make it.
        config: what is known of the training.
        log: names of trackers.

    Raises:
        RunError: there is a run already.
    """

    def __init__(self, place: Path, config: WatchedConfig, log: tuple[str, ...]):
        self.run, self.log, self.ended = create_watched_run(place, config), log, False
        self.begin_tracking()

    def begin_tracking(self) -> None:
        """Tell trackers that the training begins or goes on."""
        self.tracking = Tracking(self.run.folder, self.log, say) if self.log else None
        if self.tracking:
            self.tracking.begin()

    def go_on(self) -> None:
        """Hold the folder again, where the training had ended."""
        if self.ended:
            self.run.go_on()
            self.ended = False
            self.begin_tracking()

    def keep(self, signals: list[dict[str, Any]]) -> None:
        """Write what was recorded so far."""
        write_signals(self.run.folder / "signals.jsonl", signals)

    def add_epoch(self, measures: dict[str, Any], rate: float | None, seconds: float) -> list[dict[str, Any]]:
        """Write an epoch's row, and give all of them."""
        self.run.add_epoch(measures, rate, seconds)
        if self.tracking:
            self.tracking.update()
        return self.run.history

    def end(self, status: str, message: str, findings: list[Finding]) -> None:
        """Write how the training ended, and what was found."""
        self.run.keep_findings(findings)
        self.run.end(status, message)
        self.ended = True
        if self.tracking:
            self.tracking.end()


def config_of(model: keras.Model, recorder: TaskRecorder) -> WatchedConfig:
    """What is known of a training, as far as it could be seen."""
    built = all(layer.built for layer in parts_of(model))
    params = recorder.params or {}
    train = {
        "optimizer": type(own_optimizer(model)).__name__.lower() if model.optimizer else None,
        "learning_rate": fixed_rate(own_optimizer(model)),
        "batch_size": recorder.data.size,
        "epochs": params.get("epochs") or None,
        "loss": loss_name(model) or None,
        "steps_per_epoch": params.get("steps") or None,
    }
    network = {"class": type(model).__name__, "layers": len(parts_of(model))}
    network["parameters"] = int(model.count_params()) if built and model.built else None
    return make_watched_config({"name": "watched", "model": network, "train": train})
