"""What a request is answered that gets no result: a status, and one line that says why."""

from http import HTTPStatus


class Refused(Exception):
    """A request that is not served.

    Args:
        status: of HTTP.
        text: one line that says what happened and what to do about it.
        **headers: of the answer.
    """

    def __init__(self, status: HTTPStatus, text: str, **headers: str):
        super().__init__(text)
        self.status, self.text, self.headers = status, text, headers


def no_room(after: int) -> Refused:
    """As much is being done as can be; the same request may come again in so many seconds."""
    text = f"as many pictures are waiting as can be held; ask again in {after} s"
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, text, **{"Retry-After": str(after)})
