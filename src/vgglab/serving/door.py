"""What every request passes: who it is from, how large it may be, how long it may take to arrive; safe headers."""

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from vgglab.config.serve import BODIES, RETRY_AFTER, ServeSettings
from vgglab.serving.counts import Counts
from vgglab.serving.refusals import Refused, no_room

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
ELSEWHERE = (b"cross-site", b"same-site")  # what browsers say of a request by another page
OPEN = ("/healthz", "/readyz")  # those who watch over processes bring no token

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Door:
    """An ASGI application in front of another one.

    Args:
        app: the other one.
        settings: what is let in.
        counts: told of what is not.
    """

    def __init__(self, app: App, settings: ServeSettings, counts: Counts):
        self.app, self.settings, self.counts = app, settings, counts
        self.held = 0  # bytes of the requests that are being served

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Let a request in, or say why not."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        safe = _with_headers(send)
        try:
            self._check(scope)
        except Refused as refused:
            return await refuse(refused, safe, self.counts)
        body = _Body(self, receive)
        try:
            await self.app(_as_get(scope), body.receive, safe)
        finally:
            self.held -= body.size

    def _check(self, scope: MutableMapping[str, Any]) -> None:
        headers = dict(scope["headers"])
        if self.settings.token and scope["path"] not in OPEN and not _knows(headers, self.settings.token):
            told = {"WWW-Authenticate": 'Basic realm="vgglab", charset="UTF-8"'}
            text = "a token is needed: Authorization: Bearer TOKEN, or as the password of any name"
            raise Refused(HTTPStatus.UNAUTHORIZED, text, **told)
        if scope["method"] == "POST" and headers.get(b"sec-fetch-site", b"same-origin") not in (
            b"same-origin",
            b"none",
        ):
            raise Refused(HTTPStatus.FORBIDDEN, "another site's page may not ask here")
        length = headers.get(b"content-length", b"")
        if length.isdigit():
            self.check_size(int(length))
            if self.held + int(length) > BODIES * self.settings.body:
                raise no_room(RETRY_AFTER)

    def check_size(self, size: int) -> None:
        """Refuse a request of so many bytes where they are too many."""
        if size > self.settings.body:
            text = f"more than the {self.settings.megabytes} MB that a request may have; send fewer or smaller pictures"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)


class _Body:
    """The body of a request as it arrives: no larger and no slower than is let in."""

    def __init__(self, door: Door, receive: Receive):
        self.door, self.ask = door, receive
        self.size, self.whole = 0, False
        self.until = asyncio.get_running_loop().time() + door.settings.seconds

    async def receive(self) -> Message:
        """The next part of it.

        Raises:
            Refused: it is too large or too slow, or too much is held.
        """
        if self.whole:  # what follows is the end of the connection
            return await self.ask()
        try:
            async with asyncio.timeout_at(self.until):
                message = await self.ask()
        except TimeoutError:
            text = f"did not arrive within {self.door.settings.seconds:g} s; send fewer or smaller pictures"
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, text, Connection="close") from None
        arrived = len(message.get("body", b""))
        self.size, self.door.held = self.size + arrived, self.door.held + arrived
        self.whole = not message.get("more_body", False)
        self.door.check_size(self.size)
        if self.door.held > BODIES * self.door.settings.body:
            raise no_room(RETRY_AFTER)
        return message


async def refuse(refused: Refused, send: Send, counts: Counts) -> None:
    """Answer a request that is not served."""
    counts.refused(refused.status)
    body = json.dumps({"error": refused.text}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **refused.headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": int(refused.status), "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _as_get(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A request, HEAD as the GET that it stands for: the server, which has the first scope, sends no body then."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _with_headers(send: Send) -> Send:
    async def safe(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *HEADERS]
        await send(message)

    return safe


def _knows(headers: dict[bytes, bytes], token: str) -> bool:
    """Whether a request brings the token, as `Bearer` or as the password of `Basic`, which browsers ask people for."""
    kind, _, given = headers.get(b"authorization", b"").partition(b" ")
    if kind.lower() == b"basic":
        try:
            given = base64.b64decode(given, validate=True).partition(b":")[2]
        except binascii.Error:
            return False
    elif kind.lower() != b"bearer":
        return False
    return hmac.compare_digest(given.strip(), token.encode())
