"""Do a study's runs on this machine, each in a process of its own."""

import math
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vgglab.config.schema import RunConfig, same_run
from vgglab.errors import RunError
from vgglab.experiments.grid.processes import train_in_process
from vgglab.runs.source import check_unchanged
from vgglab.runs.store import Run, create_run, load

DONE = ("finished", "diverged")
AGAIN = 0.2  # seconds until it is looked again whether a run has been put away


# Goes on with the run in a folder, quietly or not, until that is over, and gives its exit code. Where several threads
# call it at once, it has a `stop()` too, after which they are soon back, by an exception or with a code.
Train = Callable[[Path, bool], Any]


def stopping(train: Train) -> Callable[[], None]:
    """What ends the runs that a `Train` is at; nothing where it has no way to."""
    return getattr(train, "stop", lambda: None)


def finish(folder: Path, config: RunConfig, quiet: bool, train: Train = train_in_process) -> str:
    """Do one run, or go on with it, in a process of its own unless `train` does otherwise; what came of it in a line.

    Where a signal ended its process, it is gone on with once more, from its last whole epoch.

    Raises:
        RunError: the run failed, another process is training it, or the folder holds one with another config.
    """
    path = folder / config.name
    if path.exists() and not same_run(load(path).config, config):
        make_way(load(path))
    if not path.exists():
        create_run(config, folder)
    check_unchanged(path, config)
    run = load(path)
    if run.status in DONE:
        return f"{describe_outcome(run)} (done before)"
    if run.status == "running":  # it outlives a study that was killed
        raise RunError(f"{path}: another process is training it; the same command goes on once that is done")
    code, again = train(path, quiet), ""
    if load(path).record.status == "running" and was_killed(code):  # as by a system that lacked memory at the moment
        again = f" (its process {ending(code)}, and a second one went on)"
        code = train(path, quiet)
    run = load(path)
    if run.record.status == "running":  # its process ended before it could say why
        run.record.status, run.record.message = "failed", f"the process {ending(code)}{', as one before' * bool(again)}"
        run.record.save(path)
    if run.status not in DONE:
        raise RunError(run.record.message)
    return describe_outcome(run) + again


def wait_until_free(path: Path, patience: float = math.inf) -> None:
    """Wait until nobody trains a run: what was cut off puts it away; so many seconds at most."""
    until = time.monotonic() + patience
    while load(path).status == "running" and time.monotonic() < until:
        time.sleep(AGAIN)


def was_killed(code: Any) -> bool:
    """Whether a signal ended a process, by its exit code."""
    return isinstance(code, int) and code < 0


def ending(code: Any) -> str:
    """How a process ended, by its exit code."""
    return f"was ended by {signal.Signals(-code).name}" if was_killed(code) else f"ended with code {code}"


def make_way(run: Run) -> None:
    """Take away a run that stopped before its first whole epoch; it followed a choice that has changed since.

    Raises:
        RunError: the run goes on, or its folder holds something to lose.
    """
    if run.status not in ("failed", "interrupted") or run.record.epochs_done:
        raise RunError(f"{run.folder}: was run with another config; remove it, or choose another --out")
    shutil.rmtree(run.folder)


def describe_outcome(run: Run) -> str:
    """Status, best val_accuracy and time of a run, in a line."""
    best = f", best val_accuracy {run.best['val_accuracy']:.4f} in epoch {run.best['epoch']}" if run.best else ""
    message = f": {run.record.message}" if run.record.message else ""
    return f"{run.status}{message}{best}, {run.record.seconds:.0f} s"
