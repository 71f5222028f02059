"""What a run folder records of its run, with a schema version."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vgglab.errors import RunError
from vgglab.runs.files import read_json, write_json

SCHEMA = 1
STATUSES = ("running", "finished", "diverged", "interrupted", "failed")
HISTORY_FIELDS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "phase")
EVALUATIONS = "evaluations"  # folder in a run's, with one for each evaluation on other pictures
MEASURES = ("loss", "accuracy", "val_loss", "val_accuracy")


@dataclass
class RunRecord:
    """The head of a run, kept as `run.json`.

    Attributes:
        name: name of the run and its folder.
        status: one of STATUSES.
        message: why it stopped, where it did not simply finish.
        created: local time with offset, ISO 8601.
        epochs_done: whole epochs trained.
        best_epoch: the epoch (from 1) that `best.keras` is from, by val_accuracy, then lower val_loss.
        seconds: what the whole epochs took, validation included.
        parameters: `total`, `trainable`, `frozen`.
        flops: of one image's forward pass.
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
    schema: int = SCHEMA

    def save(self, folder: Path) -> None:
        """Write the record into the run folder."""
        write_json(folder / "run.json", asdict(self))


def read_record(folder: Path) -> RunRecord:
    """The record of a run folder.

    Raises:
        RunError: the folder is missing or no run folder, or was written by a newer version.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: no such run folder; `vgglab runs` lists what is there")
    if not (folder / "run.json").exists():
        raise RunError(f"{folder}: not a run folder, run.json is missing; `vgglab runs` lists what is there")
    tree = read_json(folder / "run.json")
    check_schema(tree, SCHEMA, folder / "run.json")
    try:
        record = RunRecord(**tree)
    except TypeError as error:
        raise RunError(f"{folder / 'run.json'}: not a run's record ({error})") from None
    if record.status not in STATUSES or not isinstance(record.seconds, int | float):
        raise RunError(f"{folder / 'run.json'}: not a run's record (status {record.status!r}, {record.seconds!r} s)")
    return record


def check_schema(tree: Any, known: int, path: Path) -> None:
    """Refuse a record that a newer version wrote, or that has no version at all."""
    schema = tree.get("schema") if isinstance(tree, dict) else None
    if not isinstance(schema, int):
        raise RunError(f"{path}: has no schema version; expected a record that vgglab wrote")
    if schema > known:
        raise RunError(
            f"{path}: written by a newer vgglab (schema {schema}, this one reads up to {known}); "
            "upgrade with `pip install -U vgglab`"
        )


def best_row(history: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The row with the highest val_accuracy; the lower val_loss, then the earlier epoch, break a tie."""
    return min((row for row in history if _is_finite(row.get("val_accuracy"))), key=_by_merit, default=None)


def _by_merit(row: Mapping[str, Any]) -> tuple[float, float, int]:
    loss = row.get("val_loss")
    return -row["val_accuracy"], loss if _is_finite(loss) else math.inf, row["epoch"]


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
