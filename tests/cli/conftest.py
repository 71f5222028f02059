"""The command line, called as a person would."""

import pytest

from vgglab.cli.app import app
from vgglab.cli.console import run_command


@pytest.fixture
def vgglab(capfd, monkeypatch, tmp_path):
    """Call the command line in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VGGLAB_DATA", raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run_command(app, [str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return call
