"""Cross-validation: a folder for each fold, and what they say together."""

import csv
import shutil
import signal

import numpy as np
import pytest
from small_network import NETWORK

import vgglab
from vgglab.datasets import load_data
from vgglab.errors import RunError, UsageError
from vgglab.report.html import write_report
from vgglab.runs.folds import read_judged
from vgglab.runs.seeds import folded
from vgglab.training.checkpoint import Checkpoint

PARTS = ("train", "validation", "test")
TINY = {"limit": 60, "model": NETWORK, "epochs": 2, "name": "tiny", "progress": "none", "folds": 2}


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    """The two runs of two folds."""
    return vgglab.run_folds(**TINY, out=tmp_path_factory.mktemp("runs"))


def test_each_picture_is_judged_once_by_a_network_that_did_not_see_it(folds):
    with open(folds[0].folder.parent / "predictions.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["index"] for row in rows}) == 60
    for row in rows:
        split = folds[int(row["fold"]) - 1].split
        assert int(row["index"]) in split["test"] and int(row["index"]) not in split["train"] + split["validation"]


def test_the_probabilities_are_those_of_the_fold_that_judged(folds):
    judged = read_judged(folded(folds)[0])
    shown = [float(row["label_probability"]) for row in judged.rows]
    assert np.allclose(judged.probabilities[np.arange(60), judged.labels], shown, atol=1e-5)


def test_mean_deviation_and_the_whole_are_told(folds):
    row = vgglab.compare(folds[0].folder.parent)[0]["folds"]
    accuracies = [run.metrics["accuracy"] for run in folds]
    assert row["test_accuracy"]["mean"] == pytest.approx(np.mean(accuracies)) and row["whole"]["n"] == 60
    assert row["test_accuracy"]["sd"] == pytest.approx(np.std(accuracies, ddof=1))
    assert row["whole"]["accuracy"] == pytest.approx(np.mean(accuracies))  # both folds judge 30


@pytest.mark.parametrize(("language", "text"), [("en", "each judged once"), ("fr", "chacune jugée une seule fois")])
def test_the_report_tells_of_the_folds(folds, tmp_path, language, text):
    page = write_report([folds[0].folder.parent], tmp_path / "r.html", language).read_text()
    assert page.count(text) == 2 and "by more than seeds" not in page  # at a glance, and its own part


def test_what_is_finished_is_not_trained_again_and_other_settings_are_refused(folds):
    parent = folds[0].folder.parents[1]
    before = {path: path.stat().st_mtime_ns for path in parent.glob("*/fold-*/*.*")}
    vgglab.run_folds(**TINY, out=parent)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    with pytest.raises(RunError, match="with other settings"):
        vgglab.run_folds(**TINY | {"folds": 3}, out=parent)


def test_stopped_in_the_middle_of_a_fold_the_same_call_ends_in_the_same_bits(folds, tmp_path, monkeypatch):
    whole = shutil.copytree(folds[0].folder.parent, tmp_path / "tiny")
    expected = (whole / "predictions.csv").read_bytes()
    shutil.rmtree(whole / "fold-2")
    (whole / "predictions.csv").unlink()
    keep = Checkpoint.on_epoch_end
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoint, "on_epoch_end", lambda *given: keep(*given) or signal.raise_signal(signal.SIGINT))
        vgglab.run_folds(**TINY, out=tmp_path)
    assert vgglab.load(whole / "fold-2").record.epochs_done == 1 and not (whole / "predictions.csv").exists()
    vgglab.run_folds(**TINY, out=tmp_path)
    assert (whole / "predictions.csv").read_bytes() == expected


def test_as_one_the_folds_are_tested_on_published_test_images_that_none_of_them_saw(folds):
    told = vgglab.evaluate_ensemble(folds[0].folder.parent)
    test = load_data("digits", limit=60).test
    assert not {index for run in folds for part in PARTS for index in run.split[part]} & set(test.indices.tolist())
    mean = np.mean([np.asarray(run.predict(test.images)) for run in folds], axis=0)
    assert (told["n"], told["accuracy"]) == (60, (mean.argmax(axis=1) == test.labels).mean())


def test_doubtful_labels_are_told_in_a_table_and_a_page_and_none_is_overwritten(folds, tmp_path):
    pytest.importorskip("cleanlab")
    found = vgglab.find_doubts(folds[0].folder.parent, top=5, output=tmp_path / "d.csv")
    rows = list(csv.DictReader((tmp_path / "d.csv").read_text().splitlines()))
    assert [row["class"] for row in rows] == [doubt.label for doubt in found] and len(rows) == 5
    assert (tmp_path / "d.html").read_text().count("data:image/jpeg;base64,") == 5
    with pytest.raises(UsageError, match="may have been corrected"):
        vgglab.find_doubts(folds[0].folder.parent, output=tmp_path / "d.csv")
