"""A function on many items, in processes of its own: results in order, and only a few of them waiting at a time.

Processes, as threads would wait for each other on small pictures (0.25 ms of each are Python). Not those of
`multiprocessing`: they would ask of every script that uses vgglab to guard its main module.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import chain, islice
from queue import SimpleQueue
from typing import Any

from vgglab.errors import DataError
from vgglab.keras_tools.threads import cores

CHUNK = 32  # items that a process is given at a time
FEW = 8 * CHUNK  # items up to which starting processes takes longer than doing without


def map_parallel(
    function: Callable[[Any], Any], items: Iterable[Any], workers: int | None = None, ahead: int = 0
) -> Iterator[Any]:
    """`function(item)` for each item, in their order; memory does not grow with their number.

    Args:
        function: one that its module's name leads to, or a `functools.partial` of one; it raises nothing.
        items: what can be pickled; they are asked for as they are needed.
        workers: processes; None for one per core, or none at all for a few items.
        ahead: results that are made while nobody asks for one, where two for each worker's chunk are fewer.

    Raises:
        DataError: a process died.
    """
    stream = iter(items)
    if workers is None:
        first = list(islice(stream, FEW + 1))
        workers = cores() if len(first) > FEW else 1
        stream = chain(first, stream)
    if workers == 1:
        yield from map(function, stream)
        return
    with ExitStack() as stack:
        idle: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(workers):
            idle.put(stack.enter_context(Worker(function)))
        threads = stack.enter_context(ThreadPoolExecutor(workers))
        waiting = deque()
        while chunk := list(islice(stream, CHUNK)):
            waiting.append(threads.submit(_ask_one, idle, chunk))
            if len(waiting) > max(2 * workers, ahead // CHUNK):
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


class Worker:
    """A process that applies one function to what it is sent; it ends with the block that it was opened for.

    Args:
        function: as of `map_parallel`.
    """

    def __init__(self, function: Callable[[Any], Any]):
        command = [sys.executable, "-P", "-m", __name__]
        alone = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=alone)
        self._send(function)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(BrokenPipeError):  # it died before it took all that it was sent
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, items: Sequence[Any]) -> list[Any]:
        """The results for some items."""
        try:
            self._send(items)
            return pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            raise DataError(
                f"a process that reads pictures died (code {self.process.wait()}): "
                "free some memory, or look for the file that does it with vgglab data check"
            ) from None

    def _send(self, message: Any) -> None:
        pickle.dump(message, self.process.stdin)
        self.process.stdin.flush()


def _ask_one(idle: "SimpleQueue[Worker]", items: Sequence[Any]) -> list[Any]:
    worker = idle.get()
    try:
        return worker.ask(items)
    finally:
        idle.put(worker)


def _serve() -> None:
    """Be such a process, until there is nothing more to do or nobody to do it for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    try:
        function = pickle.load(questions)
        while True:
            items = pickle.load(questions)
            pickle.dump([function(item) for item in items], answers)
            answers.flush()
    except (EOFError, BrokenPipeError):
        os._exit(0)


if __name__ == "__main__":
    _serve()
