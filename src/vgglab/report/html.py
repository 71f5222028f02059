"""The report: run folders -> one HTML file that needs nothing else. A reader: it trains nothing, loads no backend."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from vgglab.errors import UsageError
from vgglab.report.collect import Collected, collect
from vgglab.report.language import Language
from vgglab.report.parts.page import Page, make_page
from vgglab.runs.files import write_text
from vgglab.runs.remote.folder import sent
from vgglab.runs.remote.names import here
from vgglab.runs.store import find_folder

FILE = "report.html"


def write_report(paths: Sequence[Path | str], output: Path | None = None, language: str = "en") -> Path:
    """Write the report of studies and runs; where, unless `output` says so, follows from what is reported.

    Args:
        paths: folders of runs or of studies.
        output: file to write; None for `report.html` in the folder, or in `.` where there are several.
        language: `en` or `fr`.

    Returns:
        The file.

    Raises:
        RunError: a path is neither a run nor a folder of runs.
        UsageError: there is no such language, or no folder to write into.
    """
    say, collected = Language(language), collect(paths)
    target = here(output, "--output") if output else (find_folder(paths[0]) if len(paths) == 1 else Path()) / FILE
    if not target.absolute().parent.is_dir():
        raise UsageError(f"--output: there is no folder {target.parent}; make it first")
    if target.is_dir():
        raise UsageError(f"--output is {target}, a folder; expected the name of a file, such as {target / FILE}")
    write_text(target, render(collected, say))
    sent(target.parent)
    return target


def render(collected: Collected, say: Language) -> str:
    """The page of some runs as text."""
    return render_page(make_page(collected, say), say)


def render_page(page: Page, say: Language) -> str:
    """A page as text."""
    numbers = count(1)
    given = {"page": page, "say": say, "ids": lambda: f"picture-{next(numbers)}"}
    return environment().get_template("page.html").render(given)


@cache
def environment(package: str = "vgglab.report") -> Environment:
    """Jinja2 as the templates of a package want it: everything is escaped, nothing may be missing."""
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["plain"] = lambda text: Markup(
        re.sub("<[^>]*>", "", escape(text))
    )  # striptags would join fixed spaces
    made.filters["style"] = lambda name: Markup(made.loader.get_source(made, name)[0])
    return made
