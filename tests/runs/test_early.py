"""A run that version 0.1.0 wrote opens: `written_by_0_1_0` is one, without its pictures and its last model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import vgglab
from vgglab.cli.app import app
from vgglab.cli.console import run_command
from vgglab.evaluation.thumbnails import save_png, to_picture
from vgglab.report.collect import collect
from vgglab.report.records import Records

WRITTEN = Path(__file__).parent / "written_by_0_1_0"


@pytest.fixture
def run(tmp_path) -> Path:
    """A copy of the run's folder."""
    return shutil.copytree(WRITTEN, tmp_path / "runs" / "early")


@pytest.fixture
def told(capfd):
    """What a command prints; it must not fail."""

    def call(*arguments: object) -> str:
        code = run_command(app, [str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert (code, err) == (0, "")
        return out

    return call


def test_its_records_are_read_as_they_were_written(run):
    opened = vgglab.load(run)
    assert (opened.name, opened.status, opened.config.train.epochs, len(opened.classes)) == (
        "scratch",
        "finished",
        2,
        10,
    )
    assert opened.metrics == json.loads((WRITTEN / "metrics.json").read_text())
    assert opened.history[0]["loss"] == 2.3026351928710938 and opened.best["epoch"] == 1
    assert [found["code"] for found in opened.findings] == ["dead_units"]


def test_a_report_reads_each_of_its_records(run):
    (records,) = collect([run]).runs
    names = [name for name, kind in vars(Records).items() if not name.startswith("_") and hasattr(kind, "func")]
    assert {"figures", "calibration", "network", "environment"} <= {*names}
    assert all(getattr(records, name) for name in names if name != "examples")  # its pictures are not kept here
    assert records.findings("fr") and records.split["validation"] == 60


def test_it_is_listed_compared_diagnosed_and_reported(run, told):
    assert json.loads(told("runs", run.parent, "--json"))[0]["test_accuracy"] == 0.1
    assert json.loads(told("compare", run, "--json"))[0]["parameters"] == 6127
    assert "fc1, fc2" in told("diagnose", run)
    assert (page := Path(told("report", run).strip())).name == "report.html" and "scratch" in page.read_text()


def test_its_model_predicts_and_is_summed_up(run, told):
    assert "Trainable params: 5,961" in told("summary", run)
    save_png(to_picture(np.zeros((32, 32, 3), "uint8")), run / "black.png")
    assert told("predict", run, run / "black.png", "--top", "1").split()[1:] == ["2", "0.1000"]
