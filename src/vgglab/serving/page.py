"""The page for people, and the one that shows the API; both load nothing from anywhere else."""

import json
from typing import Any

from fastapi import FastAPI, Request, Response
from markupsafe import Markup

import vgglab
from vgglab.config.shown import shown_name
from vgglab.diagnosis.text import _
from vgglab.report.html import environment
from vgglab.report.language import Language
from vgglab.serving.networks import Network

LANGUAGES = {"en": "English", "fr": "Français"}
DOMAIN = "page"
CLASSES = 30  # that the page names


def add_page(app: FastAPI, networks: list[Network]) -> None:
    """Put both pages, and what they load, into an application."""
    here, report = environment("vgglab.serving"), environment()

    def of_file(text: str, kind: str) -> Response:
        return Response(text, media_type=f"{kind}; charset=utf-8")

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        say = Language(language_of(request), DOMAIN)
        given = {"say": say, "networks": [about(each, say) for each in networks], "texts": texts(say)}
        shown = here.get_template("page.html").render(given, languages=LANGUAGES, version=vgglab.__version__)
        return of_file(shown, "text/html")

    @app.get("/docs", include_in_schema=False)
    async def api() -> Response:
        shown = here.get_template("api.html").render(api=app.openapi(), type_of=type_of, version=vgglab.__version__)
        return of_file(shown, "text/html")

    @app.get("/page.js", include_in_schema=False)
    async def script() -> Response:
        return of_file(source(here, "page.js"), "text/javascript")

    @app.get("/page.css", include_in_schema=False)
    async def style() -> Response:
        return of_file(source(report, "style.css") + source(here, "page.css"), "text/css")


def source(templates: Any, name: str) -> str:
    """The text of a file among the templates."""
    return templates.loader.get_source(templates, name)[0]


def type_of(about: dict[str, Any]) -> str:
    """The type of a field, as JSON's schema has it, in short."""
    if "$ref" in about:
        return about["$ref"].rpartition("/")[2]
    if "anyOf" in about:
        return " or ".join(map(type_of, about["anyOf"]))
    if "enum" in about:
        return " or ".join(about["enum"])
    return f"array of {type_of(about['items'])}" if "items" in about else about.get("type", "any")


def language_of(request: Request) -> str:
    """The language that is asked for, else the first one of the browser's that there is, else English."""
    asked = request.query_params.get("lang")
    wanted = [asked, *(part[:2].lower() for part in request.headers.get("accept-language", "").split(","))]
    return next((code for code in wanted if code in LANGUAGES), "en")


def about(network: Network, say: Language) -> dict[str, Any]:
    """What the page tells of a network."""
    names, metrics = network.classifier.classes, network.metrics
    more = [say("{count} more", count=say.whole(len(names) - CLASSES))] if len(names) > CLASSES else []
    shown = Markup(", ").join([*map(shown_name, names[:CLASSES]), *more])
    known = say("It knows {count} classes: {names}.", count=say.whole(len(names)), names=shown)
    return {"name": network.name, "explainable": network.explainable, "known": known, "good": how_good(metrics, say)}


def how_good(metrics: dict[str, Any] | None, say: Language) -> Markup:
    """How often it was right in its test, with the interval."""
    if metrics is None:
        return say("How good it is is not known: it came without test figures.")
    low, high = metrics["accuracy_interval"]
    return say(
        "It was right for {share} of {count} test images (95 % interval {low} to {high}).",
        share=say.percent(metrics["accuracy"]),
        count=say.whole(metrics["n"]),
        low=say.percent(low),
        high=say.percent(high),
    )


def texts(say: Language) -> Markup:
    """What the page's script says, as JSON; `{name}` and the like are filled there."""
    said = {key: say.set_type(say.catalog.gettext(text)) for key, text in SCRIPT.items()}
    return Markup(json.dumps(said, ensure_ascii=False).replace("<", r"\u003c"))


SCRIPT = {
    "sure": _("The network is sure: in its test, {right} of {count} answers with such a probability were right."),
    "fair": _(
        "The network is fairly sure: in its test, {right} of {count} answers with such a probability were right."
    ),
    "unsure": _("The network is unsure: in its test, {right} of {count} answers with such a probability were right."),
    "sure_unknown": _("The network is sure; how often it is right then is not known."),
    "fair_unknown": _("The network is fairly sure; how often it is right then is not known."),
    "unsure_unknown": _("The network is unsure: look for yourself."),
    "said": _("{class}, {share}"),
    "waiting": _("Waiting for the answer…"),
    "failed": _("No answer"),
    "unreachable": _("The server does not answer; try again."),
    "picture": _("The picture {name}"),
    "look": _("Where did it look in {name}?"),
    "loading": _("The network itself is asked; the first time takes some seconds…"),
    "drawn": _("The picture {name} in grey; what speaks for {class} is coloured"),
    "drawn_told": _("What is coloured speaks for {class}, the brighter the more. It sees the middle square."),
    "progress": _("{done} of {count}."),
}
