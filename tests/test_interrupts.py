"""An interrupt that falls at a bad moment still ends the command, with its code and nothing but its line."""

import signal
import subprocess
import sys
import threading
import zipfile

import pytest

from vgglab.interrupts import interrupt_first, raise_swallowed_again


class Interrupted:
    def __del__(self):
        raise KeyboardInterrupt


class Broken:
    def __del__(self):
        raise ValueError("damaged")


def test_an_interrupt_in_a_finalizer_comes_again_and_other_errors_are_reported_as_before(monkeypatch):
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", lambda error: reported.append(error.exc_type))
    raise_swallowed_again()
    with pytest.raises(KeyboardInterrupt):
        Interrupted()
        threading.Event().wait()
    Broken()
    assert reported == [ValueError]


def test_an_interrupt_while_a_zip_file_is_written_is_one_and_not_that_the_file_cannot_be_closed(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupt_first(), zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        file = archive.open("weights", "w")
        signal.raise_signal(signal.SIGINT)
    file.close()
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(ValueError, match="as it is"), interrupt_first():
        raise ValueError("as it is")


PROGRAM = """
from vgglab import __main__
from vgglab.cli import console

def run_command(app, arguments):
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        print("said")
        return 130

console.run_command = run_command
__main__.main()
"""


def test_a_command_that_was_interrupted_inside_an_exec_ends_with_the_code_and_not_by_a_signal(tmp_path):
    # Python remembers such an interrupt, and a module that is run ends by SIGINT whatever became of it.
    (tmp_path / "program.py").write_text(PROGRAM)
    ended = subprocess.run([sys.executable, "-m", "program"], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "said\n", "")
