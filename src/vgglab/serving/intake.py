"""The pictures of a request, however it brings them: multipart files, JSON with base64, or the picture itself."""

import base64
import binascii
from http import HTTPStatus
from typing import NamedTuple

from fastapi import Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from vgglab.config.shown import one_line
from vgglab.serving.refusals import Refused

LONGEST = 200  # letters of a name
FIELDS = 10  # that a form may have besides pictures


class Sent(NamedTuple):
    """A picture that was sent: its name, and the content of its file or what is wrong with that."""

    name: str
    content: bytes
    error: str | None = None


class Picture(BaseModel):
    """A picture in JSON."""

    data: str = Field(description="The content of a picture file, in base64.")
    name: str = Field("", description="A name that the answer gives back.")


class Pictures(BaseModel):
    """Pictures in JSON."""

    pictures: list[Picture]


async def read_pictures(request: Request, most: int) -> list[Sent]:
    """The pictures of a request, at least one.

    Args:
        request: with a body of any of the kinds.
        most: pictures that it may bring.

    Raises:
        Refused: it has none, too many, or is not what it says it is.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        sent = await _from_form(request, most)
    elif kind == "application/json":
        sent = _from_json(await request.body())
    else:  # whatever the kind says: the content tells what it is
        content = await request.body()
        sent = [Sent(_clean(request.query_params.get("name", "")), content)] if content else []
    if not sent:
        raise Refused(HTTPStatus.BAD_REQUEST, "no picture; expected files in a form, JSON, or the picture as the body")
    if len(sent) > most:
        text = f"{len(sent)} pictures in one request; expected {most} at most: send several requests"
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
    return sent


async def _from_form(request: Request, most: int) -> list[Sent]:
    try:
        async with request.form(max_files=most, max_fields=FIELDS) as form:
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            return [Sent(_clean(file.filename or ""), await file.read()) for file in files]
    except (MultiPartException, HTTPException) as error:
        reason = getattr(error, "message", None) or error.detail
        raise Refused(HTTPStatus.BAD_REQUEST, f"not a readable form ({reason})") from None


def _from_json(body: bytes) -> list[Sent]:
    try:
        pictures = Pictures.model_validate_json(body).pictures
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"])) or "the whole"
        expected = 'expected {"pictures": [{"name": "a.png", "data": "BASE64"}]}'
        raise Refused(HTTPStatus.BAD_REQUEST, f"{place}: {error.errors()[0]['msg']}; {expected}") from None
    return [_decoded(picture) for picture in pictures]


def _decoded(picture: Picture) -> Sent:
    try:
        content = base64.b64decode(picture.data.rpartition(",")[2], validate=True)  # a data: address has it behind one
    except (binascii.Error, ValueError):
        return Sent(_clean(picture.name), b"", "is not base64")
    return Sent(_clean(picture.name), content)


def _clean(name: str) -> str:
    """A name that is given back: no path, one line, not too long."""
    return one_line(name.replace("\\", "/").rpartition("/")[2])[:LONGEST]
