"""Runs become rows, whatever stage they are at, and fast."""

import csv
import io
import subprocess
import sys

import pytest

import vgglab
from vgglab.errors import RunError
from vgglab.report.compare import compare, config_table, results_table, rows_to_csv
from vgglab.runs.record import MEASURES

ROW = {
    "run": "a",
    "status": "finished",
    "epochs": 3,
    "loss": 1.2,
    "accuracy": 0.6,
    "val_loss": 1.7,
    "val_accuracy": 0.8,
    "best_epoch": 2,
    "best_loss": 1.1,
    "best_accuracy": 0.6,
    "best_val_loss": 1.6,
    "best_val_accuracy": 0.9,
    "test_accuracy": 0.85,
    "parameters": 1234,
    "seconds": 6.0,
    "flops": 5678,
    "config": {},
    "seeds": {
        "run": "a",
        "n": 1,
        "best_val_accuracy": {"mean": 0.9, "sd": None, "n": 1},
        "best_val_loss": {"mean": 1.6, "sd": None, "n": 1},
        "test_accuracy": {"mean": 0.85, "sd": None, "n": 1},
        "seconds": {"mean": 6.0, "sd": None, "n": 1},
        "against": [],
    },
    "folds": None,
    "rank": None,
}


@pytest.fixture
def two(write_run, tmp_path):
    """The folder of two runs that differ in optimizer and epochs."""
    write_run("a", [2.3, 1.1, 1.2], [0.2, 0.9, 0.8], test_accuracy=0.85)
    write_run("b", [2.3, 2.2], [0.1, 0.1], options={"optimizer": "adam", "epochs": 2}, status="diverged")
    return tmp_path


def test_a_row_has_the_last_and_the_best_epoch_and_the_cost(two):
    assert compare(two / "a") == [ROW]


def test_only_the_settings_that_differ_are_shown(two):
    first, second = compare(two / "a", two / "b")
    assert first["config"] == {"train.optimizer": "sgd", "train.epochs": 10}
    assert second["config"] == {"train.optimizer": "adam", "train.epochs": 2}


def test_runs_that_differ_in_name_alone_differ_in_nothing(write_run, tmp_path):
    write_run("a"), write_run("b")
    rows = compare(tmp_path)
    assert [row["config"] for row in rows] == [{}, {}] and config_table(rows) == (["run"], [])


def test_a_study_folder_stands_for_its_runs(two):
    assert compare(two) == compare(two / "a", two / "b")


def test_runs_keep_the_order_they_are_given_in(two):
    assert [row["run"] for row in compare(two / "b", two / "a")] == ["b", "a"]


def test_a_run_that_never_finished_an_epoch_leaves_gaps(write_run):
    run = write_run("a", status="diverged")
    (row,) = compare(run.folder)
    gaps = {name for name, value in row.items() if value is None}
    measures = {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert gaps == measures | {f"best_{name}" for name in measures} | {"best_epoch", "test_accuracy", "folds", "rank"}
    assert results_table([row])[1] == [["a", "diverged", "last 0", "", "", "", "", "", "1,234", "0"]]


def test_the_table_has_a_line_for_the_last_epoch_and_one_for_the_best(two):
    header, cells = results_table(compare(two / "a"))
    assert header == ["run", "status", "epoch", *MEASURES, "test_accuracy", "parameters", "seconds"]
    assert cells == [
        ["a", "finished", "last 3", "1.2000", "0.6000", "1.7000", "0.8000", "", "1,234", "6"],
        ["", "", "best 2", "1.1000", "0.6000", "1.6000", "0.9000", "0.8500", "", ""],
    ]


def test_the_table_of_settings_has_a_line_a_run(two):
    assert config_table(compare(two)) == (
        ["run", "train.optimizer", "train.epochs"],
        [["a", "sgd", "10"], ["b", "adam", "2"]],
    )


def test_csv_reads_back(two):
    rows = compare(two)
    read = list(csv.DictReader(io.StringIO(rows_to_csv(rows))))
    left_out = ("config", "seeds", "folds", "rank")
    flat = [{key: value for key, value in (row | row["config"]).items() if key not in left_out} for row in rows]
    assert read == [{key: "" if value is None else str(value) for key, value in row.items()} for row in flat]
    assert read[1]["train.optimizer"] == "adam" and read[1]["test_accuracy"] == ""


def test_csv_tells_what_several_seeds_come_to(write_run, tmp_path):
    for seed, accuracy in ((0, 0.4), (1, 0.6)):
        write_run(f"seed-{seed}", [1.0], [accuracy], {"seed": seed}, parent=tmp_path / "a")
    read = list(csv.DictReader(io.StringIO(rows_to_csv(compare(tmp_path)))))
    assert [row["run"] for row in read] == ["a/seed-0", "a/seed-1"]
    told = {(row["group"], row["n_seeds"], row["seeds_mean"], row["seeds_sd"][:6]) for row in read}
    assert told == {("a", "2", "0.5", "0.1414")}


def test_what_holds_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="holds no run"):
        compare(tmp_path)
    with pytest.raises(RunError, match="nothing: no such run folder"):
        compare(tmp_path / "nothing")


def test_comparing_nothing_is_no_row():
    assert compare() == []


def test_the_library_and_the_command_line_compare_alike():
    assert vgglab.compare is compare


COMPARE = """
import sys
from collections import Counter
opened = Counter()
sys.addaudithook(lambda event, given: opened.update([str(given[0])] if event == "open" else []))
from vgglab.cli.app import app
from vgglab.cli.console import run_command
code = run_command(app, ["compare", sys.argv[1]])
print(max(number for path, number in opened.items() if path.startswith(sys.argv[1])), *sys.modules, file=sys.stderr)
"""


def test_a_hundred_runs_are_compared_without_a_backend_and_no_file_is_read_over_and_over(write_run, tmp_path):
    for number in range(100):
        write_run(f"run-{number}", [2.3] * 20, options={"seed": number}, test_accuracy=0.5)
    command = [sys.executable, "-c", COMPARE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    times, *imported = done.stderr.split()
    assert done.stdout.count("best 1 ") == 100 and "vgglab.report.compare" in imported and int(times) <= 2
    assert not set(imported) & {"keras", "tensorflow", "jax", "torch"}
