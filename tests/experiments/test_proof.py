"""A suggestion is tried, and what came of it is kept and shown."""

import json
import shutil
import tempfile

import pytest
from typer.testing import CliRunner

import vgglab
from vgglab.cli.app import app
from vgglab.cli.console import explain
from vgglab.diagnosis.reading import describe, findings_text, read_findings
from vgglab.errors import DataError, RunError
from vgglab.experiments import proof
from vgglab.runs.door import read_json
from vgglab.runs.files import write_json, write_text
from vgglab.runs.store import Run

STUCK = {"limit": 100, "width": 0.05, "learning_rate": 0.1, "epochs": 4, "progress": "none", "batch_size": 10}


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A plain deep network, whose gradient does not arrive."""
    return vgglab.run(**STUCK, name="slow", out=tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def proven(slow):
    said: list[str] = []
    return proof.prove(slow, progress="none", say=said.append), said


def test_a_signal_that_is_lost_is_confirmed_by_batch_normalization_that_brings_it_back(slow, proven):
    found, said = proven
    assert found == read_json(slow.folder / "proof.json", dict)
    assert found["code"] == "signal_lost" and found["confirmed"] is True
    assert found["after"]["loss"] < 0.9 * found["before"]["loss"] and len(found["after"]["rows"]) == 4
    assert said[0] == "unchanged: the run's own first 4 epochs" and "with model.batch_norm=true" in said[1]


def test_nothing_of_the_short_training_is_left_behind(slow, proven):
    assert {path.name for path in slow.folder.parent.iterdir()} == {"slow"}
    assert not [name for name in shutil.os.listdir(tempfile.gettempdir()) if name.startswith("vgglab-proof-")]


def test_a_later_diagnosis_shows_it_in_both_languages(slow, proven):
    findings = read_findings(Run(slow.folder))
    assert describe(findings[0])["proof"]["confirmed"]
    assert "\n  confirmed: tried for 4 epochs of 100 images, model.batch_norm=true took" in findings_text(
        findings, slow.folder
    )
    assert "\n  confirmé : essayé pendant 4 époques" in findings_text(findings, slow.folder, "fr")


def test_a_proof_of_another_suggestion_is_not_shown(slow, proven, tmp_path):
    folder = shutil.copytree(slow.folder, tmp_path / "run")
    write_json(folder / "proof.json", proven[0] | {"try": {"train.learning_rate": 3.0}})
    assert not any("proof" in found for found in read_findings(Run(folder)))


def test_the_command_line_proves_and_prints(slow, tmp_path):
    folder = shutil.copytree(slow.folder, tmp_path / "run", ignore=lambda *_: ["proof.json"])
    done = CliRunner().invoke(app, ["diagnose", str(folder), "--prove", "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)[0]["proof"]["confirmed"] is True


def test_an_interrupted_proof_leaves_nothing(slow, tmp_path, monkeypatch):
    folder = shutil.copytree(slow.folder, tmp_path / "run", ignore=lambda *_: ["proof.json"])
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def interrupt(config, out, **_):
        assert list(temporary.iterdir())
        raise KeyboardInterrupt

    monkeypatch.setattr(proof, "train_run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        proof.prove(Run(folder), progress="none", say=lambda text: None)
    assert not list(temporary.iterdir()) and not (folder / "proof.json").exists()


def learned(folder):
    write_json(folder / "findings.json", {"schema": 1, "findings": []})
    (folder / "classes.json").unlink()


def without_suggestion(folder):
    findings = read_json(folder / "findings.json", dict)["findings"]
    write_json(
        folder / "findings.json", {"schema": 1, "findings": [{**findings[0], "code": "labels_shuffled", "try": {}}]}
    )


def imbalanced(folder):
    findings = read_json(folder / "findings.json", dict)["findings"]
    tried = {"code": "class_imbalance", "case": "", "try": {"train.class_weights": "balanced"}}
    write_json(folder / "findings.json", {"schema": 1, "findings": [findings[0] | tried]})


def other_data(folder):
    write_text(folder / "config.yaml", (folder / "config.yaml").read_text().replace("limit: 100", "limit: 90"))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (learned, RunError, "nothing was found yet"),
        (without_suggestion, RunError, "against labels_shuffled is no change of the config, so it cannot be run"),
        (imbalanced, RunError, "what train.class_weights=balanced does against class_imbalance shows in the accuracy"),
        (other_data, DataError, "holds other images than the run's"),
    ],
)
def test_what_cannot_be_proven_is_told_in_a_line(slow, tmp_path, change, error, message):
    folder = shutil.copytree(slow.folder, tmp_path / "run")
    change(folder)
    with pytest.raises(error, match=message) as raised:
        proof.prove(Run(folder), progress="none", say=lambda text: None)
    assert "\n" not in explain(raised.value)


def test_a_healthy_run_has_nothing_to_prove(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    healthy = {
        "code": "learned",
        "case": "",
        "severity": "info",
        "epoch": None,
        "values": {},
        "evidence": {},
        "try": {},
    }
    write_json(folder / "findings.json", {"schema": 1, "findings": [healthy]})
    done = CliRunner().invoke(app, ["diagnose", str(folder), "--prove"])
    assert done.exit_code == 1 and "nothing is wrong with the run" in str(done.exception)
