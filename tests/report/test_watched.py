"""Readers take a run that was only watched: what it lacks is left out, or refused in one line."""

import json

import pytest

import vgglab
from vgglab.errors import RunError
from vgglab.report.compare import compare
from vgglab.report.html import write_report

FALLS, STAYS = [2.0, 1.0, 0.2, 0.1], [2.0, 2.1, 2.2, 2.3]
SLOW = {"learning_rate": 1e-6}


@pytest.fixture(scope="module")
def runs(watch_in, tmp_path_factory):
    """A folder of a regression that learned, one that did not, and one of classes."""
    folder = tmp_path_factory.mktemp("watched")
    watch_in(folder, "good", FALLS)
    watch_in(folder, "bad", STAYS, **SLOW)
    watch_in(folder, "classes", [1.0, 0.4], accuracies=[0.5, 0.9])
    return folder


def test_it_is_listed_with_its_kind_and_its_lowest_validation_loss(runs, told):
    code, shown, said = told("runs", runs)
    head, *lines = shown.splitlines()
    assert (code, said) == (0, "") and head.split()[2:5] == ["kind", "status", "epochs"]
    assert [line.split()[2:] for line in lines if "/good" in line] == [["watched", "finished", "4", "0.1000"]]
    assert {row["kind"] for row in json.loads(told("runs", runs, "--json")[1])} == {"watched"}


def test_a_list_of_trained_runs_has_the_columns_that_it_had(write_run, tmp_path, told):
    write_run("own", [1.0])
    columns = "folder created status epochs best val_accuracy"
    assert told("runs", tmp_path)[1].split("\n")[0].split() == columns.split()


def test_runs_without_accuracy_are_ranked_by_validation_loss_among_those_of_their_loss(runs, write_watched):
    rows = compare(runs, write_watched("other", STAYS, loss="huber").folder)
    assert {row["run"]: row["rank"] for row in rows} == dict(good=1, bad=2, classes=None, other=1)
    assert "rank  run    val_loss  epoch\n   1  good" in str(rows)


def test_it_is_compared_with_a_run_of_vgglabs_own_in_the_settings_that_both_have(runs, write_run):
    rows = compare(write_run("own", [2.3, 1.0]).folder, runs / "bad")
    assert [row["config"]["train.learning_rate"] for row in rows] == [0.01, 1e-6]
    assert "model.width" not in rows[0]["config"] and "train.learning_rate" in str(rows)


def test_what_is_not_known_of_it_is_no_difference_and_an_empty_cell(runs, write_watched, write_run, told):
    assert "train.steps_per_epoch" not in compare(runs)[0]["config"]
    other, own = write_watched("other", STAYS, loss="huber"), write_run("own", [1.0])
    _, shown, _ = told("compare", other.folder, own.folder, runs, "--csv")
    head, *lines = (line.split(",") for line in shown.splitlines())
    assert [line[head.index("train.loss")] for line in lines][:2] == ["huber", ""]


def test_a_worse_run_is_explained_by_its_loss(runs, told):
    _, shown, _ = told("compare", runs)
    assert "With learning_rate=0.01 (good) the validation loss is 0.1, with learning_rate=1e-06 (bad) it is 2." in shown
    _, shown, _ = told("compare", runs, "--lang", "fr")
    assert "(good), la perte de validation est de 0,1" in shown


@pytest.mark.parametrize(("change", "count"), [({"loss": "huber"}, 0), ({"batch_size": 64}, 1)])
def test_losses_are_held_against_each_other_only_where_they_are_of_one_kind(
    write_watched, tmp_path, told, change, count
):
    write_watched("a", FALLS)
    write_watched("b", STAYS, **change)
    rows = json.loads(told("compare", tmp_path, "--json")[1])
    assert sum(row["explanation"] is not None for row in rows) == count


def test_runs_in_folders_of_their_seeds_are_one_run(watch_in, tmp_path):
    for seed in (0, 1):
        watch_in(tmp_path / "mine", f"seed-{seed}", FALLS, accuracies=[0.5, 0.6, 0.7, 0.8 + 0.1 * seed])
    (first, second) = compare(tmp_path / "mine")
    assert first["seeds"]["n"] == 2 and first["seeds"]["best_val_accuracy"]["mean"] == pytest.approx(0.85)
    assert second["seeds"]["run"] == "mine"


@pytest.fixture(scope="module")
def seeded(watch_in, tmp_path_factory):
    """Two regressions with three seeds each, and one of another loss."""
    folder = tmp_path_factory.mktemp("seeds")
    lowest = {"good": [0.10, 0.12, 0.11], "bad": [0.5, 0.6, 0.7], "other": [0.1, 0.1, 0.2]}
    for name, found in lowest.items():
        loss = {"loss": "huber"} if name == "other" else {"learning_rate": 0.01 if name == "good" else 1e-4}
        for seed, value in enumerate(found):
            watch_in(folder / name, f"seed-{seed}", [2.0, value], **loss)
    return folder


def test_seeds_of_runs_without_accuracy_are_told_apart_by_their_losses(seeded):
    rows = compare(seeded)
    figures = {row["seeds"]["run"]: row["seeds"] for row in rows}
    assert {name: [one["run"] for one in each["against"]] for name, each in figures.items()} == {
        "good": ["bad"],
        "bad": ["good"],
        "other": [],
    }
    (pair,) = figures["bad"]["against"]
    assert (pair["measure"], pair["differs"], pair["n"]) == ("best_val_loss", True, [3, 3])
    assert pair["difference"] == pytest.approx(0.49) and "lowest val_loss" in str(rows)
    assert "best val_accuracy" not in str(rows)


@pytest.mark.parametrize(("language", "said"), [("en", "lowest validation loss"), ("fr", "perte de validation")])
def test_a_page_says_whether_losses_differ_by_more_than_seeds_do(seeded, language, said):
    page = write_report([seeded], language=language).read_text()
    assert said in page and ("differ by more than seeds do" in page) == (language == "en")


def test_a_page_tells_what_there_is_and_leaves_the_rest_out(runs, tmp_path):
    page = write_report([runs / "good"], tmp_path / "page.html").read_text()
    assert "Its own script trained it and vgglab watched" in page and "mean_squared_error" in page
    for missing in ("Test figures", "Confusion matrix", "is missing in", "Accuracy by epoch", "No run was tested"):
        assert missing not in page, missing
    assert page.count("<svg") == 1 and "Loss by epoch." in page


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_page_of_several_draws_each_where_it_has_figures(runs, tmp_path, language):
    page = write_report([runs], tmp_path / "page.html", language).read_text()
    assert "no better than guessing" in page or language == "fr"
    assert ("Validation accuracy of the runs" in page) == (language == "en") and "is missing in" not in page


def test_findings_on_a_page_are_in_keras_words(runs, write_watched):
    run = write_watched("diverged", [2.0, float("nan")], status="diverged")
    page = write_report([run.folder]).read_text()
    assert "<code>learning_rate</code>" in page and "vgglab train" not in page


def test_in_a_notebook_it_shows_itself(runs):
    run = vgglab.load(runs / "good")
    assert "val_loss there" in run._repr_html_() and run.curves()._repr_png_()
    assert run.findings._repr_html_() and run.metrics is None and run.config.train.optimizer == "adam"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "{}"], "there are no test images"),
        (["predict", "{}", "."], "there is no model in the folder"),
        (["explain", "{}", "."], "there is no model in the folder"),
        (["train", "--resume", "{}"], "only that script can go on with it"),
        (["lr-range", "{}"], "try rates in that script"),
        (["diagnose", "{}", "--prove"], "vgglab cannot run it"),
        (["summary", "{}"], "there is no network in the folder"),
        (["train", "{}/config.yaml"], "tells of a training that was only watched"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_it_cannot_do_is_refused_in_one_line(runs, told, arguments, said):
    code, shown, error = told(*(argument.format(runs / "good") for argument in arguments))
    assert code in (1, 2) and shown == "" and error.count("\n") == 1 and said in error and "only watched" in error


def test_what_needs_a_model_is_refused_in_python_too(runs):
    run = vgglab.load(runs / "good")
    for ask in (run.confusion, lambda: run.predict([])):
        with pytest.raises(RunError, match="the run was only watched, its own script trained it"):
            ask()
