"""A process of its own for each run, forked from one that has imported Keras: memory goes with it, imports do not."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from vgglab.experiments.grid.child import train_here
from vgglab.experiments.grid.shares import Share
from vgglab.experiments.grid.waiting import have_next_wait, waiting_for
from vgglab.experiments.outside import Places
from vgglab.interrupts import CODE
from vgglab.runs.store import load

PRELOADED = "vgglab.experiments.grid.preloaded"  # a module whose import brings all that a run needs
# What a run needs beside its backend: about a third of the seconds that imports take.
APART = ("vgglab.datasets.load", "vgglab.evaluation.displays", "vgglab.evaluation.metrics", "vgglab.report.notebook")
GRACE = 15  # seconds that runs have to put themselves away after an interrupt
MOMENT = 1  # seconds within which Ctrl-C reaches all processes of a terminal


class Processes:
    """Goes on with runs in child processes, whose words go to stderr: a `Train` for as many threads as shares.

    On Ctrl-C, which children had as well, they are waited for, and ended where they do not end by themselves.

    Args:
        shares: environment variables of each run that is done at a time. Where there are several, lines on stderr begin
            with the run's name.
    """

    def __init__(self, shares: Sequence[Share] = ({},)):
        self.workers = len(shares)
        self.free: SimpleQueue[Share] = SimpleQueue()
        for share in shares:
            self.free.put(share)
        self.children: set[Any] = set()
        self.lock = threading.Lock()  # Python looks after all children whenever one is started or joined
        self.stopped = threading.Event()

    def __call__(self, path: Path, quiet: bool) -> int:
        """Go on with a run; the exit code of its process, below 0 where a signal ended it.

        Raises:
            KeyboardInterrupt: the run was interrupted, and so is this process, or it was stopped.
        """
        share = self.free.get()
        try:
            return self._ended(self._start(path, quiet, share))
        except KeyboardInterrupt:  # in the main thread, which alone has it
            self.stop()
            raise
        finally:
            self.free.put(share)

    def stop(self) -> None:
        """Have nothing more begin, and what goes on come to an end, whichever way."""
        self.stopped.set()
        with self.lock:  # one without an id was not there yet, and ends when it finds itself alone
            left = [child for child in self.children if child.pid]
        with suppress(KeyboardInterrupt):
            left = _still_there(left)
        for end in ("terminate", "kill"):
            for child in left:
                getattr(child, end)()
            left = _still_there(left)

    def _start(self, path: Path, quiet: bool, share: Share) -> Any:
        label = load(path).name if self.workers > 1 else ""
        with self.lock:
            if self.stopped.is_set():
                raise KeyboardInterrupt
            context = _context()
            told = (path, quiet, share, label)
            child = waiting_for(told) or context.Process(target=train_here, args=(*told, dict(os.environ)))
            self.children.add(child)
            if not child.pid:
                child.start()
            if _forks() and not _imports_before_forking():
                have_next_wait(context, train_here, share, self.workers)
            return child

    def _ended(self, child: Any) -> int:
        wait([child.sentinel])
        with self.lock:
            child.join()
            self.children.discard(child)
        if child.exitcode == CODE:
            self.stopped.wait(MOMENT)
        if self.stopped.is_set():
            raise KeyboardInterrupt
        return child.exitcode


def train_in_process(path: Path, quiet: bool) -> int:
    """Go on with one run, which has the whole machine; the exit code of its process."""
    return Processes()(path, quiet)


def train_alone(path: Path, places: Places) -> int:
    """Go on with a run in a child of a process that does no other; its exit code.

    Args:
        path: the run's folder.
        places: where what it reads is here, as for `go_on`.
    """
    child = _context().Process(target=train_here, args=(path, True, {}, "", dict(os.environ), places))
    child.start()
    child.join()
    return child.exitcode


def _still_there(children: list[Any]) -> list[Any]:
    """Those of some children that have not ended after GRACE seconds."""
    until, left = time.monotonic() + GRACE, children
    while left and (seconds := until - time.monotonic()) > 0:
        ended = wait([child.sentinel for child in left], seconds)
        left = [child for child in left if child.sentinel not in ended]
    return left


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
