"""What a run folder records of its run, with a schema version."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vgglab.errors import RunError
from vgglab.runs.door import read_json
from vgglab.runs.files import write_csv, write_json
from vgglab.runs.remote.names import shown
from vgglab.runs.shapes import SCHEMA, TRAINED, WATCHED, RunTree

HISTORY_FIELDS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "phase")
BEST = "best.keras"
MODELS = (BEST, "last.keras", "model.weights.h5")  # what only training writes into a run folder
MEASURES = ("loss", "accuracy", "val_loss", "val_accuracy")
LOOK = "`vgglab runs` lists what is there"


@dataclass
class RunRecord:
    """The head of a run, kept as `run.json`.

    Attributes:
        name: name of the run and its folder.
        status: one of `shapes.STATUSES`.
        message: why it stopped, where it did not simply finish.
        created: local time with offset, ISO 8601.
        epochs_done: whole epochs trained.
        best_epoch: the epoch (from 1) that `best.keras` is from, as `best_row` has it.
        seconds: what the whole epochs took, validation included.
        parameters: `total`, `trainable`, `frozen`.
        flops: of one image's forward pass.
        kind: one of `shapes.KINDS`: trained by vgglab, or only watched.
        monitor: the figure that the best epoch is chosen by.
        engine: what computed the epochs of the last phase, `keras_fit` or `resident`; empty before.
    """

    name: str
    status: str
    created: str
    message: str = ""
    epochs_done: int = 0
    best_epoch: int | None = None
    seconds: float = 0.0
    parameters: dict[str, int] = field(default_factory=dict)
    flops: int = 0
    kind: str = TRAINED
    monitor: str = "val_accuracy"
    engine: str = ""
    schema: int = SCHEMA

    @property
    def measures(self) -> tuple[str, ...]:
        """The figures that the best epoch is chosen by: the first of them that there is."""
        return ("val_accuracy", "val_loss") if self.kind == WATCHED else (self.monitor,)

    def save(self, folder: Path) -> None:
        """Write the record into the run folder."""
        write_json(folder / "run.json", asdict(self))

    def keep_history(self, folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
        """Write `history.csv` anew, and in the record what follows from it."""
        write_csv(folder / "history.csv", HISTORY_FIELDS, history)
        best = best_row(history, self.measures)
        self.epochs_done, self.best_epoch = len(history), (best or {}).get("epoch")
        self.seconds = round(sum(row["seconds"] or 0.0 for row in history), 3)
        self.save(folder)


def history_row(
    epoch: int, measures: Mapping[str, Any], learning_rate: float | None, seconds: float, phase: int = 1
) -> dict[str, Any]:
    """One row of the history; a measure that is not there, or not finite, becomes None."""
    values = {name: float(measures[name]) for name in MEASURES if measures.get(name) is not None}
    return {
        "epoch": epoch,
        **{name: values[name] if _is_finite(values.get(name)) else None for name in MEASURES},
        "learning_rate": learning_rate,
        "seconds": round(seconds, 3),
        "phase": phase,
    }


def read_record(folder: Path) -> RunRecord:
    """The record of a run folder.

    Raises:
        RunError: the folder is missing or no run folder, its record is damaged, or a newer version wrote it.
    """
    if not folder.is_dir():
        raise RunError(f"{shown(folder)}: no such run folder; {LOOK}")
    if not (folder / "run.json").exists():
        several = any(folder.glob("*/run.json"))
        advice = "name one of the runs in it, or all with the --ensemble of predict and evaluate" if several else LOOK
        raise RunError(f"{shown(folder)}: not a run folder, run.json is missing; {advice}")
    return RunRecord(**read_json(folder / "run.json", RunTree))


def best_row(
    history: Sequence[Mapping[str, Any]], measures: Sequence[str] = ("val_accuracy",)
) -> Mapping[str, Any] | None:
    """The row with the highest val_accuracy, or the lowest val_loss; the other, then the earlier epoch, break a tie.

    Args:
        history: a row an epoch.
        measures: the first of them that any epoch has decides.
    """
    for measure in measures:
        if rows := [row for row in history if _is_finite(row.get(measure))]:
            return min(rows, key=_by_loss if measure == "val_loss" else _by_accuracy)
    return None


def _by_accuracy(row: Mapping[str, Any]) -> tuple[float, float, int]:
    accuracy, loss = row.get("val_accuracy"), row.get("val_loss")
    return -accuracy if _is_finite(accuracy) else 0.0, loss if _is_finite(loss) else math.inf, row["epoch"]


def _by_loss(row: Mapping[str, Any]) -> tuple[float, float, int]:
    accuracy, loss, epoch = _by_accuracy(row)
    return loss, accuracy, epoch


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
