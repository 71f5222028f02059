"""Documents cannot drift: every command they name is one that the command line takes, every file they name is there."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from vgglab.cli import app
from vgglab.options import expand_options

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


def commands_in(document: str) -> list[str]:
    """The `vgglab` commands in a document, without what stands before and without a comment."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [
        found.strip() for found in re.findall(r"\bvgglab (?:train|study|compare|runs|evaluate|summary)\b[^`\n#]*", text)
    ]


COMMANDS = [(document, command) for document in DOCUMENTS for command in commands_in(document)]


def test_the_documents_hold_commands_to_check():
    assert len(COMMANDS) >= 10 and {document for document, _ in COMMANDS} >= {"README.md", "docs/gpu.md"}


@pytest.mark.parametrize(("document", "command"), COMMANDS)
def test_every_command_in_a_document_is_one_that_the_command_line_takes(document, command):
    verb, *arguments = shlex.split(command)[1:]
    expand_options(app, [verb])
    typer.main.get_command(app).commands[verb].make_context(verb, [a for a in arguments if a != "--help"])


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
