"""The range test of a run and of a config."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from small_network import NETWORK
from typer.testing import CliRunner

from vgglab.cli.app import app
from vgglab.cli.console import run_command
from vgglab.diagnosis.rate_range import STEPS
from vgglab.diagnosis.reading import findings_text, read_findings
from vgglab.experiments.rate_range import find_range
from vgglab.runs.door import read_json
from vgglab.runs.files import write_json
from vgglab.runs.store import Run

SMALL = {"data.limit": 20, "model.name": NETWORK}  # fewer images than a batch has


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """The range test of a config, with Adam."""
    out = tmp_path_factory.mktemp("ranges")
    return find_range(None, SMALL | {"train.optimizer": "adam", "name": "small"}, out, None, "none")


def test_a_config_has_its_own_folder_with_the_curve(tested):
    folder, told = tested
    assert folder.name == "small-lr-range"
    assert {path.name for path in folder.iterdir()} == {f"lr_range.{end}" for end in ("json", "svg", "png")} | {
        "config.yaml"
    }
    assert told == read_json(folder / "lr_range.json", dict)
    assert (told["optimizer"], told["batch_size"]) == ("adam", 20)


def test_a_network_that_learns_gets_a_rate_and_one_that_is_too_large_runs_away(tested):
    _, told = tested
    assert told["verdict"] == "rate" and 1e-5 <= told["suggested"] <= 0.1
    assert told["start"] == pytest.approx(told["losses"][0], rel=0.3) and told["steps"] == len(told["losses"]) <= STEPS


def test_the_picture_shows_the_curve(tested):
    image = np.asarray(Image.open(tested[0] / "lr_range.png").convert("RGB"))
    assert image.shape[1] > 800 and len(np.unique(image.reshape(-1, 3), axis=0)) > 20
    svg = (tested[0] / "lr_range.svg").read_text()
    assert "suggested: " in svg and "learning rate (adam, one step each)" in svg


def test_a_run_is_tested_in_its_own_folder_and_not_changed(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = CliRunner().invoke(app, ["lr-range", str(folder), "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)["steps"] > 20
    assert {path: path.read_bytes() for path in before} == before and (folder / "lr_range.svg").exists()


def test_findings_about_the_rate_cite_it(write_run):
    run = write_run("bad", [2.3, 2.3], [0.1, 0.1], options={"learning_rate": 0.5}, status="diverged")
    write_json(run.folder / "classes.json", {"schema": 1, "classes": list("abcdefghij")})
    write_json(run.folder / "lr_range.json", {"schema": 1, "verdict": "rate", "suggested": 0.02})
    findings = read_findings(Run(run.folder))
    assert findings[0]["try"] == {"train.learning_rate": 0.02}
    assert "range test: it suggests the rate 0.02." in findings_text(findings, run.folder)
    assert "test de plage : il propose le taux 0,02." in findings_text(findings, run.folder, "fr")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{run}", "--optimizer", "adam"], 2, "its own config is tested; leave the settings out"),
        (["nowhere.yaml"], 2, "no such file"),
        (["nowhere"], 1, "no such run folder"),
        (["--optimizer", "adan"], 2, "did you mean 'adam'"),
        (["--limit", "60", "--batch-size", "20", "--name", "taken", "--out", "{out}"], 1, "is there already"),
    ],
)
def test_what_cannot_be_tested_is_told_in_a_line(trained, tmp_path, capsys, arguments, code, message):
    (tmp_path / "taken-lr-range").mkdir()
    arguments = [part.format(run=trained.folder, out=tmp_path) for part in arguments]
    assert run_command(app, ["lr-range", *arguments]) == code
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error
