"""The process of the next run, which has imported all that it needs before it is told which run that is.

Where a backend may not be imported before a process is forked, a run's first seconds are imports. They are spent while
the run before is on the device: nothing but imports happens, so that the device and its memory are not touched.
"""

import atexit
import os
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from vgglab.runs.environment import memory_gib

LEAST_CORES, LEAST_MEMORY = 4, 32  # for each worker, and GiB: else imports would take both from what trains
PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"

Told = tuple[Path, bool, dict[str, str], str]  # run, quiet, its share of the machine, its label
Train = Callable[..., None]  # goes on with a run, in its process, given what is told and the environment

_waiting: list["Waiting"] = []  # one at most


class Waiting:
    """A process that waits for a run; it ends with this one.

    Args:
        context: of multiprocessing.
        train: what it does once it is told.
        share: environment variables that it imports with; it is told those of its run again.
    """

    def __init__(self, context: Any, train: Train, share: dict[str, str]):
        theirs, self.pipe = context.Pipe(duplex=False)
        given = (theirs, train, dict(os.environ) | share)
        self.process = context.Process(target=_wait, args=given, daemon=True)
        self.process.start()
        theirs.close()

    def told(self, what: Told) -> bool:
        """Have it go on with a run; whether it could be told."""
        with suppress(OSError):
            self.pipe.send(what)
            return self.process.is_alive()
        return False


def waiting_for(what: Told) -> Any:
    """The process that waits, which goes on with a run from here; None where there is none."""
    return next((each.process for each in _take() if each.told(what)), None)


def have_next_wait(context: Any, train: Train, share: dict[str, str], workers: int) -> None:
    """Start the process of the next run, whichever worker's it will be, where none waits and there is room for it."""
    room = (os.cpu_count() or 1) >= LEAST_CORES * workers and (memory_gib() or 0) >= LEAST_MEMORY * workers
    if room and not _waiting:
        _waiting.append(Waiting(context, train, share))


@atexit.register
def dismiss() -> None:
    """End the process that waits."""
    for each in _take():
        each.pipe.close()
        each.process.terminate()


def _take() -> list[Waiting]:
    taken = _waiting[:]
    _waiting.clear()
    return taken


def _wait(pipe: Connection, train: Train, environment: dict[str, str]) -> None:
    """In the process: import what a run needs, then do the run that it is told of; none where the study has ended."""
    os.environ.update(environment)
    as_asked = os.environ.get(PREALLOCATE)
    os.environ[PREALLOCATE] = "false"  # an import takes no memory of a device; should one ever, then not most of it
    from vgglab.experiments.grid import preloaded  # noqa: F401

    os.environ.pop(PREALLOCATE)
    if as_asked is not None:
        os.environ[PREALLOCATE] = as_asked
    with suppress(EOFError):
        train(*pipe.recv(), environment)
