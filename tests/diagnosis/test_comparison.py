"""Differences between runs are explained from what each recorded."""

import json
import math

import pytest
from typer.testing import CliRunner

from vgglab.cli.app import app
from vgglab.diagnosis.comparison import explain_differences, goes_against
from vgglab.diagnosis.records import write_signals
from vgglab.errors import UsageError
from vgglab.runs.files import write_json
from vgglab.runs.store import list_runs

CHANCE = math.log(10)
SGD = {"optimizer": "sgd", "learning_rate": 0.1}
ADAM = {"optimizer": "adam", "learning_rate": 0.1}


@pytest.fixture
def recorded(write_run, start, line):
    """`recorded("a", losses, accuracies, options, update=3.4)`: a run with signals, and a first step of that size."""

    def write(name, losses, accuracies, options, update=0.02, status="finished", **more):
        run = write_run(name, losses, accuracies, options, status=status)
        write_json(run.folder / "classes.json", {"schema": 1, "classes": list("0123456789")})
        write_signals(run.folder / "signals.jsonl", [start(), line(1, first_update={"conv1": update}), line(2, **more)])
        return run

    return write


@pytest.fixture
def good(recorded):
    return recorded("good", [1.0, 0.2], [0.7, 0.86], SGD)


def stuck(recorded, name="bad", options=ADAM):
    return recorded(name, [CHANCE, CHANCE], [0.1, 0.1], options, update=3.4, spread=1e-9)


def test_the_worse_run_is_held_against_the_one_that_learned(good, recorded):
    (found,) = explain_differences([good, stuck(recorded)])
    assert found["runs"] == ["bad", "good"] and found["fields"] == {"train.optimizer": ["adam", "sgd"]}
    assert "With optimizer=sgd (good) the network learns, accuracy 0.600" in found["sentence"]
    assert "with optimizer=adam (bad) it does not, 0.100" in found["sentence"]
    assert "step 1 changed conv1 by 340 % of its norm" in found["sentence"]


def test_the_figure_of_both_runs_is_the_evidence(good, recorded):
    (found,) = explain_differences([good, stuck(recorded)])
    assert found["finding"] == "learning_rate_too_large"
    assert found["evidence"]["largest_update"]["values"] == [3.4, 0.02]
    assert "largest change of a kernel in a step: 3.4, against 0.02 in good" in found["sentence"]


def test_it_is_said_in_french(good, recorded):
    (found,) = explain_differences([good, stuck(recorded)], "fr")
    assert "Avec optimizer=sgd (good), le réseau apprend" in found["sentence"] and "340 %" in found["sentence"]
    with pytest.raises(UsageError, match="expected one of en, fr"):
        explain_differences([good, stuck(recorded, "worse")], "de")


def test_the_run_that_differs_least_is_the_one_to_hold_against(good, recorded):
    other = recorded("other", [1.0, 0.2], [0.7, 0.99], {**SGD, "batch_norm": True})
    found = explain_differences([other, good, stuck(recorded)])
    assert [one["runs"] for one in found] == [["good", "other"], ["bad", "good"]]


def test_runs_that_differ_by_chance_or_in_their_data_are_not_explained(good, recorded):
    near = recorded("near", [1.0, 0.2], [0.7, 0.85], ADAM)
    other_data = recorded("data", [1.0, 0.2], [0.3, 0.3], {**SGD, "limit": 50})
    assert explain_differences([good, near, other_data]) == [] == explain_differences([good])


def test_a_run_at_chance_is_never_the_better_one(recorded):
    lucky = recorded("lucky", [CHANCE, CHANCE], [0.1, 0.3], SGD, spread=1e-9)
    assert explain_differences([lucky, stuck(recorded)]) == []


def test_a_run_that_diverged_in_its_first_epoch_is_explained_too(good, recorded):
    bad = recorded("bad", [], [], ADAM, update=40.0, status="diverged")
    (found,) = explain_differences([good, bad])
    assert "the training diverged" in found["sentence"] and found["finding"] == "diverged"


def test_without_a_cause_in_the_signals_none_is_made_up(good, recorded):
    (found,) = explain_differences([good, recorded("bad", [1.0, 0.2], [0.5, 0.6], ADAM)])
    assert found["finding"] is None and "name no cause" in found["sentence"]


def test_fewer_epochs_did_not_do_worse_as_the_images_were_learned_by_heart():
    fields = {"train.epochs": (10, 20)}
    assert goes_against({"code": "overfitting"}, fields)
    assert not goes_against({"code": "overfitting"}, {"train.epochs": (20, 10)})
    assert not goes_against({"code": "training_too_short"}, fields)
    assert goes_against({"code": "learning_rate_too_large"}, {"train.learning_rate": (0.01, 0.1)})


def test_compare_shows_it_as_text_and_as_json(good, recorded):
    folder = stuck(recorded).folder.parent
    text = CliRunner().invoke(app, ["compare", str(folder)])
    assert text.exit_code == 0 and "What explains the differences:" in text.stdout
    rows = json.loads(CliRunner().invoke(app, ["compare", str(folder), "--json"]).stdout)
    assert {row["run"]: (row["explanation"] or {}).get("runs") for row in rows} == {
        "good": None,
        "bad": ["bad", "good"],
    }
    assert len(list_runs(folder)) == 2
