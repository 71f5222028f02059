"""Progress: a live line on a terminal, JSON lines for machines, nothing otherwise."""

import json
import os
import pty
import subprocess
import sys

from small_network import NETWORK

from vgglab.training.progress import JsonProgress, format_seconds, make_progress

LOGS = {"accuracy": 0.5, "loss": 1.25, "val_accuracy": 0.25, "val_loss": 2.0}
COMMAND = [sys.executable, "-m", "vgglab", "train", "--limit=100", f"--model={NETWORK}", "--epochs=2", "--out"]


def run_on_a_terminal(command: list[str]) -> str:
    """What a command writes to a terminal that is its stderr."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=end)
    os.close(end)
    written = b""
    while True:
        try:
            written += os.read(terminal, 65536)
        except OSError:  # Linux says so when the last writer has closed
            break
    assert process.wait() == 0
    return written.decode()


def test_json_progress_is_one_object_an_epoch(capsys):
    progress = JsonProgress()
    for epoch in range(2):
        progress.on_epoch_begin(epoch)
        progress.on_epoch_end(epoch, LOGS)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["epoch"] for event in events] == [1, 2]
    assert list(events[0])[2:6] == ["loss", "accuracy", "val_loss", "val_accuracy"] and events[0]["loss"] == 1.25


def test_it_is_quiet_when_stderr_is_no_terminal():
    assert make_progress("auto", 100, 10, 2) == [] == make_progress("none", 100, 10, 2)


def test_a_terminal_shows_epochs_figures_rate_and_time_left(tmp_path):
    shown = run_on_a_terminal([*COMMAND, str(tmp_path)])
    assert "epoch 1/2 loss " in shown and "epoch 2/2 loss " in shown
    assert "val_accuracy " in shown and "images/s" in shown and " left" in shown


def test_seconds_are_told_as_people_tell_them():
    told = [format_seconds(seconds) for seconds in (0.4, 59, 61, 725, 12_000)]
    assert told == ["0 s", "59 s", "1 min 01 s", "12 min 05 s", "3 h 20 min"]
