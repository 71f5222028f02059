"""Where the pictures of requests for one network wait, are computed, and come back from."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from vgglab.config.serve import BYTES_TOGETHER, RETRY_AFTER, ServeSettings
from vgglab.evaluation.predict import PIXELS_AT_ONCE
from vgglab.keras_tools.threads import cores
from vgglab.serving.answers import picture_answer
from vgglab.serving.batching import Batcher, Bounds, Full
from vgglab.serving.counts import Counts
from vgglab.serving.intake import Sent
from vgglab.serving.networks import Network
from vgglab.serving.refusals import no_room

Gone = Callable[[], Awaitable[None]]
FAILED = "the network failed on it; the server's own output says how"


class HungUp(Exception):
    """Nobody waits for the answer any more."""


class Desk:
    """A network at work.

    Args:
        network: which.
        settings: how much it takes in.
        counts: told of what it does.
        tell: called in a thread with a line on what went wrong inside.
    """

    def __init__(self, network: Network, settings: ServeSettings, counts: Counts, tell: Callable[[str], None]):
        self.network, self.counts, self.tell = network, counts, tell
        most = max(1, min(settings.together, PIXELS_AT_ONCE // network.side**2))
        bounds = Bounds(settings.waiting, most, BYTES_TOGETHER, settings.gather / 1000)
        together = counts.together.labels(network.name)
        threads = cores() if network.parallel else 1
        self.batcher = Batcher(partial(network.answer, pixels=settings.pixels), bounds, threads, together.observe)
        counts.waiting.labels(network.name).set_function(lambda: self.batcher.held)

    async def predict(self, sent: list[Sent], top: int, gone: Gone) -> list[dict[str, Any]]:
        """An answer for each picture, in their order.

        Args:
            sent: the pictures.
            top: classes named for each.
            gone: what it returns is done when the one who asks has hung up.

        Raises:
            Refused: there is no room for them.
            HungUp: nobody waits any more; what was not computed yet is not.
        """
        begun = time.perf_counter()
        try:
            futures = iter(self.batcher.submit([each.content for each in sent if each.error is None]))
        except Full:
            raise no_room(RETRY_AFTER) from None
        waiting = [next(futures) if each.error is None else None for each in sent]
        results = await _unless(gone, [future for future in waiting if future is not None])
        found = iter(results)
        rows = [
            self._row(each, each.error if future is None else next(found), top)
            for each, future in zip(sent, waiting, strict=True)
        ]
        self.counts.seconds.labels(self.network.name).observe(time.perf_counter() - begun)
        return rows

    def _row(self, sent: Sent, result: Any, top: int) -> dict[str, Any]:
        if isinstance(result, Exception):
            self.tell(f"{self.network.name}: {type(result).__name__}: {result}")
            result = FAILED
        row = picture_answer(sent.name, result, self.network, top)
        self.counts.pictures.labels(self.network.name, "failed" if "error" in row else "answered").inc()
        return row


async def _unless(gone: Gone, futures: list[asyncio.Future]) -> list[Any]:
    """The results of futures, or their exceptions; where `gone` is done before, they are cancelled."""
    watch = asyncio.ensure_future(gone())
    watch.add_done_callback(lambda _: [future.cancel() for future in futures])
    try:
        return [await _settled(future) for future in futures]
    except asyncio.CancelledError:
        if watch.done():
            raise HungUp from None
        raise
    finally:
        watch.cancel()


async def _settled(future: asyncio.Future) -> Any:
    try:
        return await future
    except Exception as error:
        return error
