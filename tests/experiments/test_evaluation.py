"""`vgglab evaluate` on a run's own pictures, here or elsewhere, and on others; and a run that goes on elsewhere."""

import json
import shutil
import subprocess
import sys

import keras
import pytest
from small_split import split_record

import vgglab
from vgglab.cli.app import app
from vgglab.cli.console import run_command
from vgglab.config.schema import DataConfig
from vgglab.datasets import load_data
from vgglab.errors import ConfigError, DataError, RunError, UsageError
from vgglab.experiments.run_data import moved
from vgglab.runs.files import machine, write_json
from vgglab.runs.saved_model import save_model
from vgglab.training.compiling import build_optimizer, compile_model

CLASSES = ["ants", "bees"]
LOST = {"code": "signal_lost", "case": "", "severity": "error", "epoch": 1, "values": {}, "evidence": {}}
LOST |= {"try": {"model.batch_norm": True}}


def by_path(root):
    return sorted(path.relative_to(root).as_posix() for path in root.glob("*/*"))


@pytest.fixture
def root(make_folder):
    return make_folder({"ants": 12, "bees": 12})


@pytest.fixture
def run(write_run, root):
    """A run on a folder of pictures with a network that nobody trained."""
    options = {"data": str(root), "image_size": 32, "width": 0.05, "epochs": 1, "batch_size": 8}
    run = write_run("seen", [2.3], options=options, status="finished")
    write_json(run.folder / "split.json", split_record(load_data(str(root), image_size=32)))
    write_json(run.folder / "classes.json", {"schema": 1, "classes": CLASSES})
    image = keras.Input((32, 32, 3))
    model = keras.Model(image, keras.layers.Dense(2, "softmax")(keras.layers.GlobalAveragePooling2D()(image)))
    compile_model(model, build_optimizer("sgd", 0.1))
    save_model(model, run.folder / "best.keras", CLASSES, {"history": []})
    return run


def test_the_very_pictures_elsewhere_are_the_runs_own_test(run, root, capsys):
    (ended := subprocess.Popen([sys.executable, "-c", ""])).wait()
    (left := run.folder / f".{ended.pid}-{machine()}-curves.png").touch()
    there = vgglab.evaluate(run.folder)
    assert not left.exists()  # of an evaluation that was killed
    moved = root.rename(root.with_name("moved"))
    assert run_command(app, ["evaluate", str(run.folder), "--data", str(moved), "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == there and "the pictures, here in another place, of the run's split" in told.err
    assert not (run.folder / "evaluations").exists()
    with pytest.raises(UsageError, match="leave --out out"):
        vgglab.evaluate(run.folder, data=moved, out=moved.with_name("out"))


def test_other_pictures_are_another_test_beside_the_own_one(run, make_folder, capsys):
    vgglab.evaluate(run.folder)
    other = make_folder({"ants": 3, "wasps": 2}, name="next month")
    assert run_command(app, ["evaluate", str(run.folder), "--data", str(other)]) == 0
    told = capsys.readouterr()
    assert "holds other pictures than those of the run's split: another test" in told.err
    for said in ("next month: accuracy", "the run's own test: accuracy", "left out: wasps (2)", "there: bees"):
        assert said in told.out
    folder = run.folder / "evaluations" / "next-month"
    names = {"metrics.json", "predictions.csv", *(f"confusion_matrix.{end}" for end in ("csv", "svg", "png"))}
    assert {path.name for path in folder.iterdir()} == names
    assert json.loads((folder / "metrics.json").read_text())["own"]["n"] > 0


def test_other_pictures_are_read_as_they_are_told_to_be(run, make_folder, capfd):
    parts = make_folder({"train_station/ants": 3, "test_track/bees": 2}, name="asked")
    with pytest.raises(DataError, match="Give --layout part/class"):
        vgglab.evaluate(run.folder, data=parts)
    with pytest.raises(DataError, match=r"none of its classes \(test_track, train_station\)"):
        vgglab.evaluate(run.folder, data=parts, layout="class")
    tabled, table = make_folder({"all": 3}, name="tabled"), parts.with_name("t.csv")
    table.write_text("000,ants\n001,bees\ngone,bees\n")
    assert run_command(app, ["evaluate", str(run.folder), "--data", str(tabled), "--labels", str(table)]) == 0
    assert "of 3 rows, 1 with no file below" in capfd.readouterr().err
    (kept,) = run.folder.glob("evaluations/*/metrics.json")
    record = json.loads(kept.read_text())
    assert (record["n"], record["labels"]) == (2, str(table)) and "layout" not in record


def test_a_folder_read_in_another_way_is_another_test_kept_beside_the_first(run, make_folder):
    other = make_folder({"ants": 3, "bees": 2}, name="new")
    table = other.with_name("t.csv")
    table.write_text("ants/000,bees\nants/001,ants\n")
    for settings in ({}, {"labels": table}, {"labels": table}, {"layout": "class"}, {"layout": "class"}):
        vgglab.evaluate(run.folder, data=other, **settings)
    kept = {path.parent.name: json.loads(path.read_text()) for path in run.folder.glob("evaluations/*/metrics.json")}
    assert {name: metrics["n"] for name, metrics in kept.items()} == {"new": 5, "new-2": 2, "new-3": 5}


def test_how_a_folder_is_read_is_checked_before_it_is(run, root):
    for data, settings, error, expected in (
        (None, {"labels": "t.csv"}, UsageError, "--labels says how the folder of --data is read"),
        (root, {"layout": "classes"}, ConfigError, "data.layout is 'classes'; expected one of auto, class"),
        (root, {"layout": "class", "labels": "t.csv"}, ConfigError, "leave one of the two out"),
    ):
        with pytest.raises(error, match=expected):
            vgglab.evaluate(run.folder, data=data, **settings)


def test_the_runs_own_pictures_are_found_through_the_table_that_is_given(run, root, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("\n".join(f"{file},{file.partition('/')[0]}" for file in by_path(root)))
    assert "data" not in vgglab.evaluate(run.folder, data=root, labels=table)
    table.write_text(table.read_text().replace("ants/000.png,ants", "ants/000.png,bees"))
    assert vgglab.evaluate(run.folder, data=root, labels=table)["labels"] == str(table)


def test_the_same_other_folder_is_evaluated_anew_and_one_of_its_name_beside_it(run, make_folder):
    first, second = make_folder({"ants": 3, "bees": 2}, name="a/new"), make_folder({"ants": 4, "bees": 2}, name="b/new")
    for data in (first, first, second):
        vgglab.evaluate(run.folder, data=data)
    kept = {
        path.name: json.loads((path / "metrics.json").read_text())["n"] for path in run.folder.glob("evaluations/*")
    }
    assert kept == {"new": 5, "new-2": 6}


def test_a_folder_that_grew_is_another_test_without_what_was_trained_on(run, root, make_folder):
    fresh = make_folder({"ants": 2}, name="fresh")
    for path in (fresh / "ants").iterdir():
        shutil.copy(path, root / "ants" / f"fresh-{path.name}")
    figures = vgglab.evaluate(run.folder, data=root)
    split = json.loads((run.folder / "split.json").read_text())
    assert figures["seen"] == len(split["train"]) + len(split["validation"]) == 20 and figures["n"] == 4 + 2


def test_a_model_file_is_evaluated_on_other_pictures_and_kept_where_it_is_told(run, root, tmp_path, capsys):
    arguments = ["evaluate", str(run.folder / "best.keras"), "--data", str(root)]
    before = sorted(run.folder.rglob("*"))
    assert run_command(app, arguments) == 0 and "written" not in capsys.readouterr().err
    assert run_command(app, [*arguments, "--out", str(tmp_path / "kept")]) == 0
    assert (tmp_path / "kept" / "metrics.json").exists() and sorted(run.folder.rglob("*")) == before
    with pytest.raises(RunError, match="exists already"):
        vgglab.evaluate(run.folder / "best.keras", data=root, out=tmp_path / "kept")
    with pytest.raises(UsageError, match="with --data"):
        vgglab.evaluate(run.folder / "best.keras")


@pytest.fixture
def stopped(run):
    """The run, interrupted, with a finding that can be tried."""
    run.record.status = "interrupted"
    run.record.save(run.folder)
    write_json(run.folder / "findings.json", {"schema": 1, "findings": [LOST]})
    return str(run.folder)


def test_a_run_goes_on_where_its_pictures_are_now(stopped, root, capsys):
    other = root.with_name("other")
    shutil.copytree(root, other)
    (other / "ants/000.png").unlink()
    moved = root.rename(root.with_name("moved"))
    for verb in (["lr-range"], ["diagnose", "--prove"], ["train", "--resume"]):
        assert run_command(app, [*verb, stopped]) == 1
        assert "name the one that the run's pictures are in now with --data" in capsys.readouterr().err
        assert run_command(app, [*verb, stopped, "--data", str(other)]) == 1
        assert "1 file is gone (ants/000.png)" in capsys.readouterr().err
    assert run_command(app, ["diagnose", "--prove", stopped, "--data", str(moved)]) == 0
    assert run_command(app, ["train", "--resume", stopped, "--data", str(moved)]) == 0
    assert vgglab.load(stopped).status == "finished" and (vgglab.load(stopped).folder / "proof.json").exists()


def test_a_run_on_a_built_in_data_set_has_no_folder_that_moved(trained, tmp_path, capsys):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    assert run_command(app, ["lr-range", str(folder), "--data", str(tmp_path)]) == 2
    assert "trained on digits, which is no folder" in capsys.readouterr().err
    assert run_command(app, ["diagnose", str(folder), "--data", str(tmp_path)]) == 2
    assert "--data is for --prove" in capsys.readouterr().err


def test_a_run_on_a_folder_named_without_a_path_is_read_where_the_folder_is_not(run, tmp_path):
    path = run.folder / "config.yaml"
    path.write_text(path.read_text().replace(run.config.data.name, "pics"))
    assert vgglab.load(run.folder).config.data.name == "./pics"


def test_a_table_of_labels_moves_with_the_folder_that_it_lies_in(tmp_path):
    for table, expected in (("old/t.csv", "new/t.csv"), ("t.csv", "t.csv")):
        config = DataConfig(name=str(tmp_path / "old"), labels=str(tmp_path / table))
        assert moved(config, tmp_path / "new").labels == str(tmp_path / expected)
