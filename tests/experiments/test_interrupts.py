"""Ctrl-C ends a study with one line and code 130, whatever it is doing: importing, training, evaluating."""

import os
import signal
import subprocess
import sys
import time

import pytest
from small_network import NETWORK

import vgglab

STUDY = f"name: s\ndefaults: {{data: {{limit: 100}}, model: {{name: '{NETWORK}'}}}}\nruns: [{{name: a}}, {{name: b}}]\n"
# Every process of the study has this as its sitecustomize: the first that comes to import the module of that name
# says so, and waits there until the signal was sent.
ANNOUNCE = """
import os, sys, time
class Announce:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["STAGE"] and not os.path.exists(os.environ["REACHED"]):
            open(os.environ["REACHED"], "w").close()
            while not os.path.exists(os.environ["SENT"]):
                time.sleep(0.01)
sys.meta_path.insert(0, Announce())
"""


@pytest.fixture
def interrupted(tmp_path):
    """Start the study, wait until a file is there, have the whole terminal interrupted: exit code and stderr."""
    (tmp_path / "sitecustomize.py").write_text(ANNOUNCE)
    (tmp_path / "s.yaml").write_text(STUDY)

    def interrupt(file: str, stage: str = "", epochs: int = 1, workers: int = 1) -> tuple[int, str]:
        command = [sys.executable, "-m", "vgglab", "study", "s.yaml", f"--epochs={epochs}", f"--workers={workers}"]
        files = {"REACHED": str(tmp_path / "reached"), "SENT": str(tmp_path / "sent")}
        environment = os.environ | files | {"STAGE": stage, "PYTHONPATH": str(tmp_path)}
        options = {"cwd": tmp_path, "env": environment, "start_new_session": True, "text": True}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, **options)
        while not (tmp_path / file).exists():
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        (tmp_path / "sent").touch()
        _, errors = process.communicate()
        return process.returncode, errors

    return interrupt


@pytest.mark.parametrize("stage", ["typer", "sklearn", "vgglab.experiments.grid.local", "keras", "keras.layers"])
def test_while_a_module_is_imported(interrupted, tmp_path, stage):
    code, errors = interrupted("reached", stage)
    assert code == 130 and "Traceback" not in errors and errors.splitlines()[-1].startswith("vgglab: interrupted")
    assert not list(tmp_path.glob("**/history.csv"))


def test_while_a_run_trains(interrupted, tmp_path):
    code, errors = interrupted("runs/s-digits-epochs-500/a/best.keras", epochs=500)
    assert code == 130 and "Traceback" not in errors
    assert errors.endswith("vgglab: interrupted; whole epochs are kept, and the same command goes on\n")
    run = vgglab.load(tmp_path / "runs/s-digits-epochs-500/a")
    assert run.record.status == "interrupted" and run.record.message == "stopped by the user"


def test_while_two_runs_train_beside_each_other(interrupted, tmp_path):
    code, errors = interrupted("runs/s-digits-epochs-500/b/best.keras", epochs=500, workers=2)
    assert code == 130 and errors.splitlines() == ["[1/2] a", "[2/2] b", errors.splitlines()[-1]]
    assert errors.endswith("vgglab: interrupted; whole epochs are kept, and the same command goes on\n")
    a, b = (vgglab.load(tmp_path / "runs/s-digits-epochs-500" / name) for name in "ab")
    assert (b.status, b.record.message) == ("interrupted", "stopped by the user")
    assert (a.status, a.record.message) in {("interrupted", "stopped by the user"), ("interrupted", "")}


def test_while_a_run_is_evaluated_or_the_next_one_begins(interrupted):
    code, errors = interrupted("runs/s-digits-epochs-1/a/metrics.json")
    assert code == 130 and "Traceback" not in errors and "[1/2] a" in errors
    assert errors.splitlines()[-1].startswith("vgglab: interrupted")


def test_a_run_whose_study_was_killed_ends_by_itself(tmp_path):
    (tmp_path / "s.yaml").write_text(STUDY)
    command = [sys.executable, "-m", "vgglab", "study", "s.yaml", "--epochs=10000"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    run = tmp_path / "runs/s-digits-epochs-10000/a"
    while not (run / "best.keras").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    while vgglab.load(run).record.status == "running":
        time.sleep(0.1)
    assert vgglab.load(run).record.message == "stopped by the user"
