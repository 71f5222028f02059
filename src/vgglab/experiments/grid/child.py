"""A process of its own for each run, forked from one that has imported Keras: memory goes with it, imports do not."""

import contextlib
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

PRELOADED = "vgglab.experiments.grid.preloaded"  # a module whose import brings all that a run needs
GRACE = 15  # seconds that a run has to put itself away after an interrupt


def train_in_process(path: Path, quiet: bool) -> int:
    """Go on with a run in a child process, whose words go to stderr; its exit code.

    On Ctrl-C, which the child had as well, it is waited for, and ended if it does not end by itself.
    """
    child = _context().Process(target=_train, args=(path, quiet, dict(os.environ)))
    child.start()
    try:
        child.join()
    except KeyboardInterrupt:
        _put_away(child)
        raise
    return child.exitcode


def _context() -> Any:
    """Processes are forked from a server that has imported Keras, once; on Windows each imports it."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":  # others start threads on being imported
        context.set_forkserver_preload([PRELOADED])
    return context


def _train(path: Path, quiet: bool, environment: dict[str, str]) -> None:
    """In the child: go on with a run and say what came of it; the run's record has why it failed."""
    signal.signal(signal.SIGTERM, _interrupt)
    os.environ.update(environment)
    from vgglab.experiments.grid import preloaded
    from vgglab.report.outcome import outcome_text

    try:
        run = preloaded.resume(path, progress="none" if quiet else os.environ.get("VGGLAB_PROGRESS", "auto"))
        print(outcome_text(run), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:
        sys.exit(1)


def _put_away(child: Any) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        child.join(GRACE)
    if child.is_alive():
        child.terminate()
        child.join()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
