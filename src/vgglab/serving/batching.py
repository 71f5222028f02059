"""Things of many requests, computed together: a queue with a bound, and threads that take from it what has come."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Compute = Callable[[list[Any]], Sequence[Any]]  # some items -> a result for each, in their order


class Full(Exception):
    """The queue does not hold so many more."""


@dataclass(frozen=True)
class Bounds:
    """How much is taken in, and how much of it at a time.

    Attributes:
        places: items that may wait or be computed.
        together: items that are computed together.
        weight: how much they may weigh together, as `len` of each tells; one that weighs more is computed alone.
        gather: seconds to wait for more of them, after the first.
    """

    places: int
    together: int
    weight: int
    gather: float


@dataclass(frozen=True, eq=False)
class _Job:
    item: Any
    future: asyncio.Future


class Batcher:
    """Computes what comes together, together; used from one event loop.

    Args:
        compute: called in a thread; what it raises, every item of its call gets.
        bounds: see there.
        threads: how many compute at a time.
        told: called in a thread with the number of items of each call.
    """

    def __init__(
        self, compute: Compute, bounds: Bounds, threads: int = 1, told: Callable[[int], None] = lambda count: None
    ):
        self.compute, self.bounds, self.told = compute, bounds, told
        self.held = 0  # touched by the event loop alone
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[_Job] = deque()
        self._news, self._door = threading.Condition(), threading.Lock()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, items: Sequence[Any]) -> list[asyncio.Future]:
        """Have items computed, all of them or none; a future that is cancelled in time costs nothing.

        Raises:
            Full: there is no room for all of them.
        """
        if self._closed or self.held + len(items) > self.bounds.places:
            raise Full
        self._loop = asyncio.get_running_loop()
        jobs = [_Job(item, self._loop.create_future()) for item in items]
        self.held += len(jobs)
        for job in jobs:
            job.future.add_done_callback(self._leave)
        with self._news:
            before = len(self._waiting)
            self._waiting.extend(jobs)
            if not before or len(self._waiting) >= self.bounds.together:  # else its time is not come
                self._news.notify()
        return [job.future for job in jobs]

    @property
    def alive(self) -> bool:
        """Whether its threads are at work."""
        return not self._closed and all(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Take in nothing more, and end the threads once they have computed what is there."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        for thread in self._threads:
            thread.join()

    def _leave(self, future: asyncio.Future) -> None:
        self.held -= 1

    def _work(self) -> None:
        while (jobs := self._gather()) is not None:
            jobs = [job for job in jobs if not job.future.cancelled()]
            if jobs:
                self.told(len(jobs))
                self._loop.call_soon_threadsafe(_deliver, jobs, self._results([job.item for job in jobs]))

    def _gather(self) -> list[_Job] | None:
        """What is to be computed together; None at the end. One thread at a time waits for it."""
        with self._door, self._news:
            while not self._waiting:
                if self._closed:
                    return None
                self._news.wait()
            until = time.monotonic() + self.bounds.gather
            while len(self._waiting) < self.bounds.together and not self._closed:
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._news.wait(left)
            return self._take()

    def _take(self) -> list[_Job]:
        jobs, weight = [], 0
        while self._waiting and len(jobs) < self.bounds.together:
            weight += len(self._waiting[0].item)
            if jobs and weight > self.bounds.weight:
                break
            jobs.append(self._waiting.popleft())
        return jobs

    def _results(self, items: list[Any]) -> Sequence[Any]:
        try:
            results = self.compute(items)
            if len(results) != len(items):
                raise RuntimeError(f"{len(results)} results for {len(items)} items")
            return results
        except Exception as error:
            return [error] * len(items)


def _deliver(jobs: list[_Job], results: Sequence[Any]) -> None:
    for job, result in zip(jobs, results, strict=True):
        if job.future.done():
            continue
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)
