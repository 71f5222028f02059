"""A run with several seeds: a folder for each, gone on with like a study."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from small_network import NETWORK

import vgglab
from vgglab.config.resolve import make_config
from vgglab.config.study_file import Study, plan_runs
from vgglab.datasets import load_data
from vgglab.errors import RunError
from vgglab.experiments.study import open_folder, run_study, seeds_study
from vgglab.runs.record import HISTORY_FIELDS
from vgglab.runs.seeds import find_group

TINY = {"limit": 100, "model": NETWORK, "epochs": 1, "name": "tiny", "progress": "none"}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """The two runs of two seeds."""
    return vgglab.run_seeds(**TINY, out=tmp_path_factory.mktemp("runs"), seeds="1,7")


def test_each_seed_has_an_ordinary_run_folder(seeds):
    assert [run.folder.name for run in seeds] == ["seed-1", "seed-7"]
    assert [(run.name, run.config.train.seed) for run in seeds] == [("tiny/seed-1", 1), ("tiny/seed-7", 7)]
    first, second = ((run.status, run.split["sha256"]) for run in seeds)
    assert first == second == ("finished", first[1]) and seeds[0].history != seeds[1].history


def test_what_is_finished_is_not_trained_again_and_seeds_are_added(seeds):
    parent = seeds[0].folder.parents[1]
    before = {path: path.stat().st_mtime_ns for path in parent.glob("*/seed-*/*.*")}
    record = seeds[1].record
    again = vgglab.run_seeds(**TINY, out=parent, seeds=[1, 7, 2])
    assert [run.config.train.seed for run in again] == [1, 7, 2] and again[1].record == record
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.fixture(scope="module")
def digits():
    """The images that the seeds are tested on."""
    return load_data("digits", limit=100).test


def test_asked_as_one_they_answer_as_their_saved_model_does(seeds, told, digits, tmp_path):
    folder, saved = seeds[0].folder.parent, tmp_path / "e.keras"
    for number, image in enumerate(digits.images[:3]):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    options = [*tmp_path.glob("*.png"), "--json", "--top", 10]
    assert told("ensemble", folder, "-o", saved, "--tta", "flip")[0] == 0
    answers = (told("predict", *model, *options) for model in ([folder, "--ensemble", "--tta", "flip"], [saved]))
    for one, other in zip(*(map(json.loads, out.splitlines()) for _, out, _ in answers), strict=True):
        first, second = ({pair["class"]: pair["probability"] for pair in each["top"]} for each in (one, other))
        assert first == pytest.approx(second, abs=1e-5) and len(first) == 10


def test_as_one_they_are_tested_on_the_test_part_with_their_mean_beside_it(seeds, told, digits, tmp_path):
    folder, views = seeds[0].folder.parent, (digits.images, digits.images[:, :, ::-1])
    runs = find_group(folder).runs
    mean = np.mean([np.asarray(run.predict(view)) for run in runs for view in views], axis=0)
    code, out, _ = told("evaluate", folder, "--ensemble", "--tta", "flip", "--out", tmp_path / "kept")
    kept = json.loads((tmp_path / "kept" / "metrics.json").read_text())
    assert code == 0 and kept["accuracy"] == (mean.argmax(axis=1) == digits.labels).mean()
    assert kept["members"]["accuracies"] == pytest.approx([run.metrics["accuracy"] for run in runs])
    assert f"mean accuracy {kept['members']['mean']:.4f} of {len(runs)}" in out
    assert (tmp_path / "kept" / "predictions.csv").read_text().startswith("index,label,predicted")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["predict", "NAME", "a.png"], "name one of the runs in it, or all with the --ensemble"),
        (["predict", "NAME/seed-1", "a.png", "--ensemble"], "expected the folder of a run's seeds or folds"),
        (["predict", "NAME", "a.png", "--ensemble", "--engine", "onnx"], "save that with vgglab ensemble"),
        (["predict", "NAME/seed-1", "a.png", "--tta", "rotate"], "--tta is 'rotate'; expected one of flip"),
        (["evaluate", "NAME", "--tta", "flip"], "name one of the runs in it, or all with the --ensemble"),
        (["evaluate", "NAME", "--ensemble", "--classes", "a.txt"], "networks that know theirs; leave it out"),
        (["evaluate", "NAME", "--ensemble", "--out", "NAME"], "exists already; choose another --out"),
        (["evaluate", "NAME/seed-1/best.keras", "--tta", "flip"], "knows no test images; name a folder"),
    ],
)
def test_what_cannot_be_asked_as_one_is_one_line(seeds, told, arguments, line):
    _, out, err = told(*(each.replace("NAME", str(seeds[0].folder.parent)) for each in arguments))
    assert out == "" and line in err and err.count("\n") == 1


def test_a_seed_that_fails_stops_no_other_and_is_named(seeds, tmp_path):
    parent = shutil.copytree(seeds[0].folder.parents[1], tmp_path / "runs")
    (parent / "tiny" / "seed-7" / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"seed-7.*run.json.*; 1 of 4 seeds are not done"):
        vgglab.run_seeds(**TINY, out=parent, seeds=[7, 1, 2, 3])
    assert vgglab.load(parent / "tiny" / "seed-3").status == "finished"


def test_a_study_chooses_by_the_mean_and_trains_the_chosen_with_each_seed(tmp_path):
    steps = [{"name": "steady"}, {"name": "lucky", "set": {"train.learning_rate": 0.2}}]
    steps.append({"name": "best", "select": {"best": "val_accuracy", "among": ["*"]}, "set": {"train.epochs": 2}})
    study = Study(name="s", runs=steps, seeds=[0, 3])
    accuracies = {"steady/seed-0": 0.6, "steady/seed-3": 0.6, "lucky/seed-0": 0.9, "lucky/seed-3": 0.2}

    def train(folder, quiet):
        run = vgglab.load(folder)
        accuracy = accuracies.get(run.name, 0.5)
        (folder / "history.csv").write_text(f"{','.join(HISTORY_FIELDS)}\n1,2.3,0.1,2.3,{accuracy},0.01,1.0,1\n")
        run.record.status = "finished"
        run.record.save(folder)

    assert not run_study(study, plan_runs(study, {}), tmp_path, True, lambda line: None, train)
    assert json.loads((tmp_path / "study.json").read_text())["choices"]["best"]["chosen"] == "steady"
    settings = [vgglab.load(tmp_path / "best" / f"seed-{seed}").config.train for seed in (0, 3)]
    assert [(each.seed, each.learning_rate, each.epochs) for each in settings] == [(0, 0.01, 2), (3, 0.01, 2)]


def test_other_settings_are_refused_before_anything_is_trained(tmp_path):
    first, other = (seeds_study(make_config({"name": "a"}, o), (0, 1)) for o in ({}, {"train.epochs": 3}))
    open_folder(tmp_path, first, plan_runs(first, {}))
    with pytest.raises(RunError, match="with other settings"):
        open_folder(tmp_path, other, plan_runs(other, {}))
