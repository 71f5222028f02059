"""The process that listens: uvicorn around the application, patient for so long, and ending in good order."""

import asyncio
import socket
import warnings
from contextlib import suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from vgglab.config.serve import ServeSettings
from vgglab.errors import RunError
from vgglab.serving.door import App

CONNECTIONS = 1000  # at a time
IDLE = 15  # seconds that a connection without a request is kept
ENDING = 30  # seconds that what is in flight has at the end


def listen(settings: ServeSettings) -> socket.socket:
    """The socket to serve on.

    Raises:
        RunError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=CONNECTIONS)
    except OSError as error:
        place = f"--host {settings.host} --port {settings.port}"
        raise RunError(f"{place}: cannot listen there ({error.strerror or error}); --port 0 takes a free one") from None


def address(listening: socket.socket) -> str:
    """What to open in a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class Server(uvicorn.Server):
    """uvicorn as it is wanted here: silent, with patience that ends.

    Args:
        app: the application.
        settings: how long a request may take to arrive.
    """

    def __init__(self, app: App, settings: ServeSettings):
        warnings.filterwarnings("ignore", module="PIL")  # of odd metadata; what is too large is refused before
        super().__init__(
            uvicorn.Config(
                app,
                http=_patient(settings.seconds),
                ws="none",
                log_config=None,
                log_level="critical",  # what goes wrong inside, the application tells
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS,
                timeout_keep_alive=IDLE,
                timeout_graceful_shutdown=ENDING,
            )
        )


def serve(app: App, settings: ServeSettings, listening: socket.socket) -> None:
    """Serve until the process is told to end; what is in flight then is answered.

    Args:
        app: the application.
        settings: how long a request may take to arrive.
        listening: of `listen`.
    """
    with suppress(KeyboardInterrupt):  # uvicorn tells once more of the signal that it ended by
        Server(app, settings).run(sockets=[listening])


def _patient(seconds: float) -> type[asyncio.Protocol]:
    """uvicorn's protocol, which waits for so long, and no longer, until a request's head is there."""

    class Patient(AutoHTTPProtocol):
        waits: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.waits = self.loop.call_later(seconds, transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            served = self.cycle is not None and not self.cycle.response_complete
            if served and self.waits:
                self.waits.cancel()
                self.waits = None
            elif not served and not self.waits:
                self.waits = self.loop.call_later(seconds, self.transport.close)

        def connection_lost(self, error: Exception | None) -> None:
            if self.waits:
                self.waits.cancel()
            super().connection_lost(error)

    return Patient
