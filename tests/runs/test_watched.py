"""The folder of a training that was only watched: a run like any other, and what it lacks is said."""

import pytest

from vgglab.config.schema import flatten
from vgglab.config.watched import make_watched_config
from vgglab.errors import ConfigError, RunError
from vgglab.runs.door import read_json
from vgglab.runs.files import write_json
from vgglab.runs.measures import measures_of
from vgglab.runs.store import Run, list_runs
from vgglab.runs.watched import WatchedRun, create_watched_run

KNOWN = {
    "model": {"class": "Sequential", "layers": 3, "parameters": 97},
    "train": {"optimizer": "adam", "learning_rate": 0.01, "loss": "mean_squared_error"},
}


@pytest.fixture
def watched(tmp_path) -> WatchedRun:
    """A run that has just begun."""
    return create_watched_run(tmp_path / "deep" / "mine", make_watched_config({"name": "x", **KNOWN}))


def test_a_watched_run_begins_with_what_is_known_of_it_and_its_process_holds_it(watched):
    run = Run(watched.folder)
    assert (run.name, run.status, run.watched, run.record.parameters) == ("mine", "running", True, {"total": 97})
    assert flatten(run.config)["model.class"] == "Sequential" and run.config.train.epochs is None
    assert "keras" in read_json(run.folder / "environment.json", dict)["packages"]


def test_epochs_findings_and_the_end_are_kept(watched):
    watched.add_epoch({"loss": -1.5}, None, 0.5)
    watched.add_epoch({"loss": float("nan"), "val_loss": 2.0}, 0.01, 0.5)
    watched.keep_findings([])
    watched.end("diverged", "the loss is nan in epoch 2")
    run = Run(watched.folder)
    assert [row["loss"] for row in run.history] == [-1.5, None] and run.best["epoch"] == 2
    assert (run.status, run.record.epochs_done, run.record.seconds) == ("diverged", 2, 1.0)
    assert read_json(run.folder / "findings.json", dict) == {"schema": 1, "findings": []}


def test_a_run_that_goes_on_counts_its_epochs_on(watched):
    watched.add_epoch({"loss": 1.0}, 0.01, 0.5)
    watched.end()
    watched.go_on()
    assert Run(watched.folder).status == "running"
    assert watched.add_epoch({"loss": 0.5}, 0.01, 0.5)["epoch"] == 2


def test_a_run_is_never_overwritten_nor_a_file_of_its_name(watched, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "history.csv").write_text("mine")
    for folder, told in ((watched.folder, "holds a run"), (tmp_path / "notes", "holds a file history.csv")):
        with pytest.raises(RunError, match=told):
            create_watched_run(folder, make_watched_config({"name": "x"}))
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["history.csv"]


def test_a_folder_that_holds_no_run_is_taken(tmp_path):
    (tmp_path / "weights.h5").touch()
    assert create_watched_run(tmp_path, make_watched_config({"name": "x"})).record.name == tmp_path.name


def test_a_run_without_a_kind_is_one_that_was_trained(write_run, tmp_path):
    folder = write_run("a", [2.3]).folder
    tree = read_json(folder / "run.json", dict)
    assert tree.pop("kind") == "trained"
    write_json(folder / "run.json", tree)
    assert not Run(folder).watched and len(list_runs(tmp_path)) == 1


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ([], "config: expected a mapping"),
        ({"name": "x", "train": {"speed": 1}}, "config: unknown key 'train.speed'; known: optimizer, learning_rate,"),
        ({"name": "x", "model": {"clas": "y"}}, "did you mean 'class'"),
        ({"name": "x", "model": {"class": ""}}, "config: model.class is ''; it should have at least 1 character"),
        ({"name": "x", "train": {"epochs": 0}}, "config: train.epochs is 0; it should be greater than or equal to 1"),
    ],
)
def test_a_config_of_another_shape_is_one_line(tree, told):
    with pytest.raises(ConfigError) as caught:
        make_watched_config(tree)
    assert told in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("logs", "measures"),
    [
        ({"loss": 1, "acc": 0.5, "val_loss": 2.0}, {"loss": 1.0, "accuracy": 0.5, "val_loss": 2.0}),
        ({"loss": "x", "val_binary_accuracy": 0.9}, {"loss": None, "val_accuracy": 0.9}),
        ({"loss": float("inf"), "accuracy": 55.0}, {"loss": None, "accuracy": None}),
        ({"loss": 1.0, "out_loss": 2.0, "top_k_categorical_accuracy": 1.0, "mae": 3.0}, {"loss": 1.0}),
    ],
)
def test_measures_are_known_by_the_names_that_keras_gives_them(logs, measures):
    assert measures_of(logs) == measures
