"""The head of a run: it reads back, tells a newer version, and knows the best epoch."""

import math

import pytest

from vgglab.errors import RunError
from vgglab.runs.door import read_json
from vgglab.runs.files import write_json
from vgglab.runs.record import SCHEMA, RunRecord, best_row, read_record

RECORD = RunRecord(
    name="a",
    status="diverged",
    created="2026-09-01T12:00:00+02:00",
    message="the loss is nan in epoch 2",
    epochs_done=1,
    best_epoch=1,
    seconds=12.5,
    parameters={"total": 3, "trainable": 2, "frozen": 1},
    flops=99,
)


def refusal(folder) -> str:
    with pytest.raises(RunError) as caught:
        read_record(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_record_reads_back(tmp_path):
    RECORD.save(tmp_path)
    assert read_record(tmp_path) == RECORD
    assert read_json(tmp_path / "run.json", dict)["schema"] == SCHEMA == 1


def test_a_newer_record_is_refused_with_advice(tmp_path):
    RunRecord("a", "finished", "2026-09-01", schema=SCHEMA + 1).save(tmp_path)
    told = refusal(tmp_path)
    assert "run.json: written by a newer vgglab (schema 2, this one reads up to 1)" in told
    assert "pip install -U vgglab" in told


@pytest.mark.parametrize("tree", [{}, {"name": "a"}, {"schema": "1"}, [], None])
def test_a_record_without_a_version_is_refused(tmp_path, tree):
    write_json(tmp_path / "run.json", tree)
    assert "run.json: has no schema version" in refusal(tmp_path)


WHOLE = {"schema": 1, "name": "a", "status": "finished", "created": "2026-09-01"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": None}, "run.json: name is None; it should be a valid string"),
        ({"status": "lost"}, "run.json: status is 'lost'; it should be 'running', 'finished', 'diverged'"),
        ({"seconds": -1}, "run.json: seconds is -1; it should be greater than or equal to 0"),
        ({"flops": "many"}, "run.json: flops is 'many'; it should be a valid integer"),
        ({"best_epoch": [1]}, "run.json: best_epoch is [1]; it should be a valid integer"),
        ({"parameters": {"total": 1.5}}, "run.json: parameters.total is 1.5; it should be a valid integer"),
    ],
)
def test_a_field_that_is_damaged_is_named_with_what_stands_there(tmp_path, change, told):
    write_json(tmp_path / "run.json", WHOLE | change)
    assert told in refusal(tmp_path)


def test_a_field_that_is_missing_is_named(tmp_path):
    write_json(tmp_path / "run.json", {"schema": 1, "name": "a", "created": ""})
    assert "run.json: status is missing; restore the file" in refusal(tmp_path)


def test_a_field_that_is_not_known_is_passed_over(tmp_path):
    write_json(tmp_path / "run.json", WHOLE | {"more": [1, 2]})
    assert read_record(tmp_path).name == "a"


def test_a_folder_that_is_not_there_is_told_from_one_that_holds_no_run(tmp_path):
    assert refusal(tmp_path / "none") == f"{tmp_path / 'none'}: no such run folder; `vgglab runs` lists what is there"
    assert f"{tmp_path}: not a run folder, run.json is missing" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("accuracies", "losses", "expected"),
    [
        ([0.5, 0.7, 0.6], [1, 1, 1], 2),
        ([0.7, 0.7, 0.7], [2, 1, 1], 2),
        ([0.7, None, 0.9], [2, 1, None], 3),
        ([0.1, 0.1, math.nan], [math.nan, 5, 1], 2),
    ],
)
def test_the_best_row_has_the_highest_accuracy_then_the_lowest_loss_then_comes_first(accuracies, losses, expected):
    pairs = zip(accuracies, losses, strict=True)
    history = [{"epoch": i, "val_accuracy": a, "val_loss": b} for i, (a, b) in enumerate(pairs, 1)]
    assert best_row(history)["epoch"] == expected


def test_the_best_row_by_another_figure_has_the_lowest_loss_then_the_highest_accuracy():
    pairs = [(0.9, 2.0), (0.5, 1.0), (0.6, 1.0), (0.6, 1.0), (None, None)]
    history = [{"epoch": i, "val_accuracy": a, "val_loss": b} for i, (a, b) in enumerate(pairs, 1)]
    assert best_row(history, ("val_loss",))["epoch"] == 3


@pytest.mark.parametrize("history", [[], [{"epoch": 1, "accuracy": 0.5}], [{"epoch": 1, "val_accuracy": math.nan}]])
def test_there_is_no_best_row_without_validation(history):
    assert best_row(history) is None
