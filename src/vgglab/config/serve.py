"""Settings of `vgglab serve`, apart from the config of a run: `--help` tells them and waits for no pydantic."""

from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "localhost", "::1")
BYTES_TOGETHER = 2**20  # of the files that are computed together: a large one holds up few others
BODIES = 8  # as many of the largest requests may be in memory at a time
RETRY_AFTER = 1  # seconds after which to ask again, where there was no room


@dataclass(frozen=True)
class ServeSettings:
    """How networks are served.

    Attributes:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        token: secret that a request has to bring along; None asks for none.
        waiting: pictures of a network that may wait for it or be in it.
        together: pictures that are computed together, at most.
        gather: milliseconds to wait for more of them.
        pictures: pictures of one request.
        megabytes: size of a request.
        megapixels: size of a picture.
        seconds: time that a request may take to arrive.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    waiting: int = 256
    together: int = 32
    gather: float = 1.0
    pictures: int = 64
    megabytes: int = 20
    megapixels: int = 50
    seconds: float = 20.0

    @property
    def body(self) -> int:
        """Bytes of a request."""
        return self.megabytes * 10**6

    @property
    def pixels(self) -> int:
        """Pixels of a picture."""
        return self.megapixels * 10**6
