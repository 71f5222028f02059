"""Where a network looked, asked in a process of its own.

Grad-CAM needs Keras, which takes seconds to load and holds most of a GB. A server that nobody asks never pays for it;
what is asked for is loaded then, beside the server, whose answers go on meanwhile, and let go when nobody asks again.
"""

import asyncio
import base64
import sys
from functools import cache
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from vgglab.config.serve import RETRY_AFTER
from vgglab.datasets.decode import decode_content
from vgglab.datasets.parallel import Worker
from vgglab.errors import DataError, VgglabError
from vgglab.errors import explain as explain_error
from vgglab.serving.refusals import Refused, no_room

WAITING = 8  # that may wait for it: each takes a tenth of a second, the first one seconds
KEPT = 300  # seconds that the process is kept after it was asked
SIDE = 448  # pixels of the drawing's side, at most


class Question(NamedTuple):
    """What is asked: a network, the content of a picture's file, its largest number of pixels, and a class or None."""

    path: Path
    content: bytes
    pixels: int
    class_name: str | None


class Explainers:
    """The process that explains, for all networks of a server; started when it is first asked."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.turn, self.waiting = asyncio.Lock(), 0
        self.end: asyncio.TimerHandle | None = None

    async def ask(self, question: Question) -> dict[str, Any]:
        """The answer, as `explain` gives it.

        Raises:
            Refused: too many wait, the picture cannot be read, or the network cannot be explained.
        """
        if self.waiting >= WAITING:
            raise no_room(RETRY_AFTER)
        self.waiting += 1
        try:
            async with self.turn:
                answer = await asyncio.to_thread(self._ask, question)
        except DataError:
            self.close()
            text = "the process that explains has ended; ask again, and it is started anew"
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, text, **{"Retry-After": str(RETRY_AFTER)}) from None
        finally:
            self.waiting -= 1
        self._keep()
        if isinstance(answer, str):
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, answer)
        return answer

    def close(self) -> None:
        """End the process."""
        if self.end:
            self.end.cancel()
        worker, self.worker = self.worker, None
        if worker:
            worker.__exit__()

    def _ask(self, question: Question) -> dict[str, Any] | str:
        self.worker = self.worker or Worker(explain)
        return self.worker.ask([question])[0]

    def _keep(self) -> None:
        if self.end:
            self.end.cancel()
        self.end = asyncio.get_running_loop().call_later(KEPT, self._close_idle)

    def _close_idle(self) -> None:
        if not self.waiting:
            self.close()


def explain(question: Question) -> dict[str, Any] | str:
    """In the other process: what speaks for a class in a picture.

    Returns:
        `class`, `probability`, `explained`, `explained_probability`, `layer`, and `overlay`, a PNG in base64; or what
        is wrong with the question.
    """
    try:
        return _explain(question)
    except VgglabError as error:
        return str(error).replace(str(question.path), question.path.name)
    except Exception as error:  # what a strange network leads Keras to; it would end the process
        print(f"vgglab: {question.path}: cannot be explained: {explain_error(error)}", file=sys.stderr)
        return "cannot be explained; the server's own output says why"


def _explain(question: Question) -> dict[str, Any] | str:
    from vgglab.evaluation.thumbnails import fitted, overlay, to_picture

    explainer = _explainer(question.path)
    image = decode_content(question.content, explainer.side, explainer.classifier.levels, question.pixels)
    if isinstance(image, str):
        return image
    told = explainer.explain_image(image, "the picture", question.class_name)
    file = BytesIO()
    overlay(fitted(to_picture(image), SIDE), told.heat).save(file, "PNG")
    row = {key: value for key, value in told.as_dict().items() if key != "path"}
    return row | {"overlay": base64.b64encode(file.getvalue()).decode()}


@cache
def _explainer(path: Path) -> Any:
    from vgglab.keras_tools.backend import import_keras

    import_keras()
    from vgglab.evaluation.explain import Explainer

    return Explainer(path)
