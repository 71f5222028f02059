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

LEAST_CORES, LEAST_MEMORY = 4, 32  # of the machine, and its GiB: else imports would take both from the run that trains
PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"

Train = Callable[[Path, bool, dict[str, str]], None]  # goes on with a run, in its process

_waiting: list["Waiting"] = []  # one at most


class Waiting:
    """A process that waits for a run; it ends with this one.

    Args:
        context: of multiprocessing.
        train: what it does once it is told.
    """

    def __init__(self, context: Any, train: Train):
        theirs, self.pipe = context.Pipe(duplex=False)
        self.process = context.Process(target=_wait, args=(theirs, train, dict(os.environ)), daemon=True)
        self.process.start()
        theirs.close()

    def told(self, path: Path, quiet: bool) -> bool:
        """Have it go on with a run; whether it could be told."""
        with suppress(OSError):
            self.pipe.send((path, quiet))
            return self.process.is_alive()
        return False


def waiting_for(path: Path, quiet: bool) -> Any:
    """The process that waits, which goes on with a run from here; None where there is none."""
    return next((each.process for each in _take() if each.told(path, quiet)), None)


def have_next_wait(context: Any, train: Train) -> None:
    """Start the process of the next run, where the machine has room for it."""
    if (os.cpu_count() or 1) >= LEAST_CORES and (memory_gib() or 0) >= LEAST_MEMORY:
        _waiting.append(Waiting(context, train))


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
