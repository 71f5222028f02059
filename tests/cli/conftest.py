"""The command line, called as a person would."""

import pytest


@pytest.fixture
def vgglab(told, monkeypatch, tmp_path):
    """Call the command line in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VGGLAB_DATA", raising=False)
    return told
