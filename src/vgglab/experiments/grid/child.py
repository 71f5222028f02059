"""A process of its own for each run, forked from one that has imported Keras: memory goes with it, imports do not.

Ctrl-C reaches every process of a terminal. The one that is forked from never sees it; a run does from the moment on
that it can put itself away, and until then it is held back, not lost.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vgglab.experiments.grid.waiting import have_next_wait, waiting_for
from vgglab.interrupts import CODE, interrupt_main_thread, raise_swallowed_again

PRELOADED = "vgglab.experiments.grid.preloaded"  # a module whose import brings all that a run needs
# What a run needs beside its backend: about a third of the seconds that imports take.
APART = ("vgglab.datasets.load", "vgglab.evaluation.displays", "vgglab.evaluation.metrics", "vgglab.report.notebook")
GRACE = 15  # seconds that a run has to put itself away after an interrupt
AGAIN = 5  # seconds until a run that is alone and goes on is interrupted again
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


def train_in_process(path: Path, quiet: bool) -> int:
    """Go on with a run in a child process, whose words go to stderr; its exit code.

    On Ctrl-C, which the child had as well, it is waited for, and ended if it does not end by itself.
    """
    context = _context()
    child = waiting_for(path, quiet) or context.Process(target=_train, args=(path, quiet, dict(os.environ)))
    try:
        if not child.pid:
            child.start()
        if _forks() and not _imports_before_forking():
            have_next_wait(context, _train)
        child.join()
    except KeyboardInterrupt:
        if child.pid:  # else it was not there yet, and ends when it finds itself alone
            _put_away(child)
        raise
    return child.exitcode


def train_alone(path: Path, data: Path | None) -> int:
    """Go on with a run in a child of a process that does no other; its exit code.

    Args:
        path: the run's folder.
        data: the folder that its pictures are in here; None for the one in its config.
    """
    child = _context().Process(target=_train, args=(path, True, dict(os.environ), data))
    child.start()
    child.join()
    return child.exitcode


def _context() -> Any:
    """Processes are forked from a server that has imported Keras, once; on Windows each imports it.

    JAX and torch start threads, and JAX takes a GPU's memory, in the process that uses them first: what is forked from
    that can hang. There the server has imported the rest, and each run its backend, see `waiting`. One process for
    all runs would spare that too, but one that ends, by a driver or for want of memory, would end the study.
    """
    if not _forks():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED] if _imports_before_forking() else list(APART))
    _start_server()
    return context


def _imports_before_forking() -> bool:
    """Whether the backend is imported before processes are forked."""
    return os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow"


def _forks() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()


def _start_server() -> None:
    """Start the process that runs are forked from, with interrupts held back: it inherits that."""
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # first, as it lets go of what is held back
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def _train(path: Path, quiet: bool, environment: dict[str, str], data: Path | None = None) -> None:
    """In the child: go on with a run and say what came of it; the run's record has why it failed."""
    try:
        raise_swallowed_again()
        _listen(_leave)
        threading.Thread(target=_interrupt_when_alone, daemon=True).start()
        os.environ.update(environment)
        from vgglab.experiments.grid import preloaded
        from vgglab.report.outcome import outcome_text

        _listen(signal.default_int_handler)
        progress = "none" if quiet else os.environ.get("VGGLAB_PROGRESS", "auto")
        run = preloaded.resume(path, data=data, progress=progress)
        print(outcome_text(run), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        _be_deaf()
        sys.exit(CODE)
    except Exception:
        sys.exit(1)


def _leave(*_: object) -> None:
    """End at once: nothing was begun yet, and what is being imported may swallow an exception."""
    os._exit(CODE)


def _listen(handler: Callable[..., Any]) -> None:
    """Be interrupted by what comes from now on, and by what came since this process began."""
    for number in INTERRUPTS:
        signal.signal(number, handler)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)


def _be_deaf() -> None:
    """Let nothing interrupt what is left to do."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt_when_alone() -> None:
    """Wait for the end of the study's process, however it ends: nobody would know of a run that went on without it."""
    multiprocessing.parent_process().join()
    while True:  # libraries swallow an interrupt where it comes at a bad moment
        interrupt_main_thread()
        time.sleep(AGAIN)


def _put_away(child: Any) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        child.join(GRACE)
    if child.is_alive():
        child.terminate()
        child.join(GRACE)
        child.kill()
        child.join()
