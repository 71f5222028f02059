"""The run folder of a training that vgglab only watches: made by its script, read like any other.

It holds `run.json` (kind `watched`), `config.yaml` (`config.watched`), `environment.json`, `history.csv`,
`signals.jsonl` (`diagnosis.records.write_signals` writes it) and `findings.json`; no model, and no figures of a test.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from vgglab.config.watched import WatchedConfig, make_watched_config
from vgglab.errors import RunError
from vgglab.runs.environment import describe_environment
from vgglab.runs.files import write_folder, write_json
from vgglab.runs.record import history_row, read_record
from vgglab.runs.shapes import WATCHED
from vgglab.runs.store import lock, start_folder

__all__ = ["WatchedConfig", "WatchedRun", "check_free", "create_watched_run", "make_watched_config"]

OURS = ("run.json", "config.yaml", "environment.json", "history.csv", "signals.jsonl", "findings.json")


class WatchedRun:
    """A watched run's folder, held by this process until the training ends.

    Args:
        folder: the run folder, which is there.

    Raises:
        RunError: it is no run folder, or another process holds it.

    Attributes:
        record: the head of the run.
        history: the rows so far.
    """

    def __init__(self, folder: Path):
        self.folder, self.record = folder, read_record(folder)
        self.history: list[dict[str, Any]] = []
        self._held = ExitStack()
        self._held.enter_context(lock(folder))

    def add_epoch(self, measures: Mapping[str, Any], learning_rate: float | None, seconds: float) -> dict[str, Any]:
        """Add a row to `history.csv`, and give it.

        Args:
            measures: `loss`, `accuracy`, `val_loss`, `val_accuracy`, as far as there are any (`runs.measures`).
            learning_rate: at the epoch's begin.
            seconds: that the epoch took.
        """
        self.history.append(history_row(len(self.history) + 1, measures, learning_rate, seconds))
        self.record.keep_history(self.folder, self.history)
        return self.history[-1]

    def keep_findings(self, findings: Sequence[Mapping[str, Any]]) -> None:
        """Write `findings.json` anew."""
        write_json(self.folder / "findings.json", {"schema": 1, "findings": list(findings)})

    def end(self, status: str = "finished", message: str = "") -> None:
        """Say how the training ended, and let go of the folder.

        Args:
            status: `finished`, `diverged`, `interrupted` or `failed`.
            message: why, where it did not simply finish.
        """
        self.record.status, self.record.message = status, message
        self.record.save(self.folder)
        self._held.close()

    def go_on(self) -> None:
        """Hold the folder again: the same model is trained on; its epochs are counted on.

        Raises:
            RunError: another process holds it.
        """
        self._held.close()
        self._held.enter_context(lock(self.folder))
        self.record.status, self.record.message = "running", ""
        self.record.save(self.folder)


def check_free(folder: Path | str) -> None:
    """Make sure that a watched run can be made at `folder`: it may be there, but holds nothing of a run.

    Raises:
        RunError: it is a file, or holds a run or a file of a run's name.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; expected the folder of a run, new or without one")
    if (folder / "run.json").exists():
        raise RunError(f"{folder}: holds a run already, and a run is never overwritten; name another folder")
    if taken := [name for name in OURS if (folder / name).exists()]:
        raise RunError(f"{folder}: holds a file {taken[0]}, which would be overwritten; name another folder")


def create_watched_run(folder: Path | str, config: WatchedConfig) -> WatchedRun:
    """Make the run folder of a training that is watched, parents too; its name is the folder's.

    Args:
        folder: where; one that holds no run may be there.
        config: what is known of the training.

    Raises:
        RunError: it is a file, or holds a run or a file of a run's name.
    """
    folder = Path(folder)
    check_free(folder)
    start = partial(_start, config=config.model_copy(update={"name": folder.absolute().name or config.name}))
    folder.parent.mkdir(parents=True, exist_ok=True)
    start(folder) if folder.exists() else write_folder(folder, start)
    return WatchedRun(folder)


def _start(folder: Path, config: WatchedConfig) -> None:
    """Write what is known before the first epoch; `run.json`, which makes it a run, comes last."""
    keras = sys.modules.get("keras")  # whoever trains has it
    backend = keras.config.backend() if keras else os.environ.get("KERAS_BACKEND", "tensorflow")
    write_json(folder / "environment.json", describe_environment(None, None, backend))
    parameters = {} if config.model.parameters is None else {"total": config.model.parameters}
    start_folder(folder, config, WATCHED, parameters)
