"""Documents cannot drift: every command they name is one that the command line takes, every file they name is there."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from vgglab.cli.app import app
from vgglab.cli.console import _command
from vgglab.cli.options import expand_options
from vgglab.config.resolve import from_options, make_config

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "src/vgglab/models/builtin/CARD.md", *PAGES]
VERBS = tuple(name.replace("_", "-") for name in typer.main.get_command(app).commands)


def commands_in(document: str) -> list[str]:
    """The `vgglab` commands in a document's code, without what stands before and without a comment.

    A verb alone, such as `vgglab compare`, is a name and no command, where the verb wants more.
    """
    text = (ROOT / document).read_text(encoding="utf-8")
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    lines = [line for block in fenced for line in block.splitlines()] + [" ".join(span.split()) for span in spans]
    found = re.findall(rf"(?<![\w/-])vgglab (?:{'|'.join(VERBS)})(?: [^#|\n]+)?", "\n".join(lines))
    return [command.strip() for command in found if not {"[OPTIONS]", "..."} & set(command.split())]


COMMANDS = sorted({(document, command) for document in DOCUMENTS for command in commands_in(document)})


def parse(command: str):
    """What Typer makes of a command; it fails as the command line would."""
    if expand_options(app, shlex.split(command)[1:]):
        _command.cache_clear()  # for tests that call the command line after these
    verb, *arguments = shlex.split(command)[1:]
    parser = typer.main.get_command(app).commands[verb]
    while hasattr(parser, "commands"):
        verb, *arguments = arguments
        parser = parser.commands[verb]
    return parser.make_context(verb, [argument for argument in arguments if argument != "--help"])


def test_the_documents_hold_commands_to_check():
    assert len(COMMANDS) >= 60 and {document for document, _ in COMMANDS} >= {"README.md", "docs/gpu.md"}


def test_every_verb_is_in_a_document_that_a_person_wrote():
    written = [command for document, command in COMMANDS if "reference" not in document]
    assert {command.split()[1] for command in written} == set(VERBS)


@pytest.mark.parametrize(("document", "command"), COMMANDS)
def test_every_command_in_a_document_is_one_that_the_command_line_takes(document, command):
    if command.split()[1:] in ([verb] for verb in VERBS) or command == "vgglab data check":
        return
    context = parse(command)
    options = {param.name for param in context.command.params if param.param_type_name == "option"} & config_options()
    settings = {name: context.params[name] for name in options}
    data = settings.get("data") or context.params.get("path")
    make_config({}, from_options(settings | {"data": data and as_data(str(data))}))


def config_options() -> set[str]:
    from vgglab.config.schema import config_fields, option_name

    return {option_name(dotted) for dotted in config_fields()}


def as_data(data: str) -> str:
    """The data set; a folder, which need not be there, as a path."""
    from vgglab.config.schema import DATASETS

    return data if data in DATASETS else f"./{data}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_local_link_in_a_document_leads_somewhere(document):
    links = re.findall(r"\]\((?!http)([^)#]+)", (ROOT / document).read_text(encoding="utf-8"))
    missing = [link for link in links if not ((ROOT / document).parent / link).exists()]
    assert not missing


def test_the_readme_is_at_most_150_lines():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_every_dependency_is_pinned_to_a_version_and_nothing_else():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines and all(re.fullmatch(r"[\w.-]+==[\w.+]+", line) for line in lines)
