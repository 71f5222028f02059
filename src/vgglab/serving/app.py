"""The server as an application: what is answered at which address."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import vgglab
from vgglab.config.serve import ServeSettings
from vgglab.config.shown import some_names
from vgglab.evaluation.predict import TOP
from vgglab.serving.answers import Answers, Explained, Failure, Models, model_card
from vgglab.serving.counts import KIND, Counts
from vgglab.serving.desk import Desk, HungUp
from vgglab.serving.door import Door
from vgglab.serving.explaining import Explainers, Question
from vgglab.serving.intake import Pictures, read_pictures
from vgglab.serving.networks import Network
from vgglab.serving.page import add_page
from vgglab.serving.refusals import Refused

Top = Annotated[int, Query(ge=1, le=1000, description="Classes named for each picture, at most.")]
Model = Annotated[str | None, Query(description="Name of a network; else the first one.")]
Class = Annotated[str | None, Query(alias="class", description="Class to explain; else the most probable one.")]
TITLE = "vgglab"


def make_app(networks: list[Network], settings: ServeSettings, tell: Callable[[str], None]) -> Door:
    """The application that serves networks.

    Args:
        networks: at least one; requests that name none are for the first.
        settings: what is let in.
        tell: called with a line on what went wrong inside, which no answer tells.
    """
    counts = Counts()
    service = Service([Desk(network, settings, counts, tell) for network in networks], settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(title=TITLE, version=vgglab.__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    add_answers(app, service)
    add_watching(app, service, counts)
    add_page(app, networks)
    add_refusals(app, counts, tell)
    return Door(app, settings, counts)


class Service:
    """The networks that are served.

    Args:
        desks: one for each; the first answers where none is named.
        settings: what is let in.
    """

    def __init__(self, desks: list[Desk], settings: ServeSettings):
        self.desks, self.settings = {desk.network.name: desk for desk in desks}, settings
        self.explainers = Explainers()

    def find(self, name: str | None) -> Desk:
        """The network of a name.

        Raises:
            Refused: there is none.
        """
        if name is not None and name not in self.desks:
            raise Refused(HTTPStatus.NOT_FOUND, f"no such model; expected {some_names(list(self.desks), 20)}")
        return self.desks[name] if name else next(iter(self.desks.values()))

    def ready(self) -> bool:
        """Whether all of them are at work."""
        return all(desk.batcher.alive for desk in self.desks.values())

    def close(self) -> None:
        """Let them end what is there."""
        for desk in self.desks.values():
            desk.batcher.close()
        self.explainers.close()


def add_answers(app: FastAPI, service: Service) -> None:
    """What networks say of pictures, and what they are."""

    @app.post("/v1/predict", openapi_extra=BODY, **_shape(Answers))
    async def predict(request: Request, model: Model = None, top: Top = TOP) -> Response:
        """Say what pictures show, one answer a picture; one that cannot be read has an error of its own."""
        desk = service.find(model)
        sent = await read_pictures(request, service.settings.pictures)
        rows = await desk.predict(sent, top, partial(_hung_up, request))
        failed = all("error" in row for row in rows)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if failed else HTTPStatus.OK
        return _json({"model": desk.network.name, "predictions": rows}, status)

    @app.post("/v1/explain", openapi_extra=BODY, **_shape(Explained))
    async def explain(request: Request, model: Model = None, class_name: Class = None) -> Response:
        """Say where in one picture the network looked for a class (Grad-CAM); the first time takes seconds."""
        network = service.find(model).network
        (sent,) = await read_pictures(request, 1)
        if not network.explainable:
            raise Refused(HTTPStatus.NOT_IMPLEMENTED, "an exported network cannot be explained; serve the run itself")
        if sent.error:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, sent.error)
        question = Question(network.path.absolute(), sent.content, service.settings.pixels, class_name)
        return _json({"model": network.name, "name": sent.name, **await service.explainers.ask(question)})

    @app.get("/v1/models", **_shape(Models))
    async def models() -> Response:
        """The networks that are served, and how good they are known to be."""
        return _json({"models": [model_card(desk.network) for desk in service.desks.values()]})


def add_watching(app: FastAPI, service: Service, counts: Counts) -> None:
    """What those ask who watch over the server."""

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the process lives."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: {"model": Failure}})
    async def readyz() -> dict[str, str]:
        """Whether it can answer."""
        if not service.ready():
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "a network is not at work; start the server again")
        return {"status": "ready"}

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Counters, as Prometheus reads them."""
        return Response(counts.text(), headers={"Content-Type": KIND})


def add_refusals(app: FastAPI, counts: Counts, tell: Callable[[str], None]) -> None:
    """What is answered where there is no result: always one line of JSON, that tells nothing of the machine."""

    def failure(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
        counts.refused(HTTPStatus(status))
        return _json({"error": text}, HTTPStatus(status), headers)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return failure(error.status, error.text, error.headers)

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        return failure(error.status_code, f"{error.detail}; /docs shows what there is", dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return failure(HTTPStatus.BAD_REQUEST, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}")

    @app.exception_handler(HungUp)
    @app.exception_handler(ClientDisconnect)
    async def hung_up(request: Request, error: Exception) -> Response:
        counts.hung_up.inc()
        return Response()

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        tell(f"{request.url.path}: unexpected {type(error).__name__}: {error}")
        return failure(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; its own output says how")


async def _hung_up(request: Request) -> None:
    """Returns when the one who asks has gone; the body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _json(tree: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(tree, allow_nan=False), status, headers, "application/json")


def _shape(model: type) -> dict[str, Any]:
    """What the API's page tells of an answer; it is not checked, as it is made here."""
    failures = {"description": "No picture could be answered, or the request is not served.", "model": Failure}
    return {"response_model": None, "responses": {200: {"model": model}, "4XX": failures, "5XX": failures}}


_FILES = {"type": "object", "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}}}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FILES},
            "application/json": {"schema": Pictures.model_json_schema()},
            "image/*": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
