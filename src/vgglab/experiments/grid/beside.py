"""Runs beside each other: so many threads take what is to be done next, each as soon as what it waits for is over."""

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed


class Order:
    """What is to be done, in order, each given out once, after those that it waits for are over.

    Args:
        waits: name -> the names that it waits for; those that are no name here are over.
    """

    def __init__(self, waits: Mapping[str, Collection[str]]):
        self._left = {name: set(others) & waits.keys() for name, others in waits.items()}
        self._changed = threading.Condition()

    def take(self) -> str | None:
        """The first that waits for nothing, which may take until another is over; None where nothing is left."""
        with self._changed:
            while self._left:
                if ready := self.ready():
                    return ready
                self._changed.wait()
        return None

    def ready(self) -> str | None:
        """The first that waits for nothing now; None where there is none."""
        with self._changed:
            ready = next((name for name, others in self._left.items() if not others), None)
            self._left.pop(ready, None)
            return ready

    def over(self, name: str) -> None:
        """One that was taken is over, whatever came of it."""
        with self._changed:
            for others in self._left.values():
                others.discard(name)
            self._changed.notify_all()

    def close(self) -> None:
        """Leave out what was not taken yet."""
        with self._changed:
            self._left.clear()
            self._changed.notify_all()


def work_beside(work: Callable[[], bool], workers: int, stop: Callable[[], None]) -> None:
    """Call `work` again and again, in so many threads, until it says that it found nothing to do.

    One worker is this very thread. Where there are more, and Ctrl-C comes or one of them raises, `stop` is called,
    which ends what they are at, and nothing more is begun.
    """
    if workers == 1:
        while work():
            pass
        return
    stopped = threading.Event()

    def go_on() -> None:
        while not stopped.is_set() and work():
            pass

    with ThreadPoolExecutor(workers) as threads:
        try:
            for each in as_completed([threads.submit(go_on) for _ in range(workers)]):
                each.result()
        except BaseException:
            stopped.set()
            stop()
            raise


def telling(say: Callable[[str], None], workers: int) -> Callable[[str, str], None]:
    """Says of a run, given its name and a text: below the line that it began with, or by its name among others."""
    return lambda name, text: say(f"{name}: {text}" if workers > 1 else f"  {text}")
