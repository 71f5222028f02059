"""Runs of several seeds are told together, and what seeds alone may make is said."""

import json
from html import unescape

import pytest
from scipy.stats import ttest_ind

from vgglab.config.study_file import Question
from vgglab.evaluation.significance import compare_seeds
from vgglab.report.charts.curves import overlaid_curves
from vgglab.report.collect import Collected, named
from vgglab.report.compare import compare, config_table
from vgglab.report.language import Language, code
from vgglab.report.parts.answers import ask
from vgglab.report.parts.page import make_page
from vgglab.report.parts.seeds import courses_of, seeds_choice
from vgglab.report.seeds import explain_runs, middle, seed_pairs, seeds_table, verdicts_table
from vgglab.runs.files import write_json
from vgglab.runs.seeds import grouped

GUESSING, MIXED = [0.10, 0.12, 0.11], [0.33, 0.75, 0.60]
BATCH_NORM = {"batch_norm": True}


@pytest.fixture
def write_seeds(write_run, tmp_path):
    """Write the runs of a run's seeds, by their validation accuracies."""

    def write(name, accuracies, options=None):
        parent, settings, losses = tmp_path / name, options or {}, [1.0, 0.2]
        made = [
            write_run(f"seed-{n}", losses, [0.1, good], {"seed": n, **settings}, test_accuracy=good, parent=parent)
            for n, good in enumerate(accuracies)
        ]
        for run in made:
            write_json(run.folder / "classes.json", {"schema": 1, "classes": list("0123456789")})
        return made

    return write


def told(*names):
    """What is said of the seeds of each run, once each."""
    return {row["seeds"]["run"]: row["seeds"] for row in compare(*names)}


def test_runs_that_differ_in_their_seed_alone_are_a_group(write_seeds, write_run):
    mixed, one = write_seeds("mixed", MIXED), write_run("one")
    other = write_run("seed-9", options={"epochs": 3}, parent=mixed[0].folder.parent)
    groups = grouped([mixed[0], one, other, *mixed[1:]])
    assert [(group.name, len(group.runs)) for group in groups] == [("mixed", 3), ("one", 1), ("mixed", 1)]
    assert middle(groups[0]).name == "mixed/seed-2"


def test_a_row_has_mean_deviation_and_number_of_its_seeds(write_seeds, tmp_path):
    write_seeds("mixed", MIXED)
    figures = told(tmp_path)["mixed"]["best_val_accuracy"]
    assert figures == {"mean": pytest.approx(0.56), "sd": pytest.approx(0.21283797), "n": 3}
    assert seeds_table(compare(tmp_path))[1] == [["mixed", "3", "0.5600", "0.2128", "0.5600", "0.2128", "4", "0"]]


def test_two_runs_are_told_apart_by_welchs_test(write_seeds, tmp_path):
    write_seeds("guessing", GUESSING), write_seeds("mixed", MIXED, BATCH_NORM)
    welch = ttest_ind(MIXED, GUESSING, equal_var=False)
    (pair,) = told(tmp_path)["mixed"]["against"]
    assert (pair["run"], pair["test"], pair["n"], pair["differs"]) == ("guessing", "Welch's t-test", [3, 3], False)
    assert (pair["difference"], pair["p"]) == (pytest.approx(0.45), pytest.approx(welch.pvalue))
    assert pair["interval"] == pytest.approx(list(welch.confidence_interval()))
    (back,) = told(tmp_path)["guessing"]["against"]
    assert back["interval"] == pytest.approx([-bound for bound in reversed(pair["interval"])])


def test_steady_runs_differ_by_more_than_seeds_do(write_seeds, tmp_path):
    write_seeds("guessing", GUESSING), write_seeds("steady", [0.90, 0.91, 0.92], BATCH_NORM)
    assert told(tmp_path)["steady"]["against"][0]["differs"] is True
    assert verdicts_table(compare(tmp_path))[1][0][-2:] == ["Welch's t-test", "more than seeds"]


def test_one_seed_cannot_tell(write_seeds, write_run, tmp_path):
    write_seeds("mixed", MIXED), write_run("one", [1.0], [0.1])
    (pair,) = told(tmp_path)["one"]["against"]
    assert (pair["n"], pair["p"], pair["test"], pair["differs"]) == ([1, 3], None, None, None)
    assert seed_pairs(grouped([write_run("two", [1.0]), write_run("three", [1.0])])) == []


@pytest.mark.parametrize(("ours", "theirs", "p"), [(0.1, 0.1, 1.0), (0.1, 0.2, 0.1)])
def test_without_any_spread_a_permutation_test_says_how_little_three_seeds_tell(ours, theirs, p):
    test = compare_seeds([ours] * 3, [theirs] * 3)
    assert (test.name, test.interval, test.p) == ("permutation test", None, pytest.approx(p))


def test_p_is_adjusted_for_the_number_of_pairs(write_seeds):
    runs = [*write_seeds("a", GUESSING), *write_seeds("b", MIXED), *write_seeds("c", [0.5, 0.6, 0.7])]
    pairs = seed_pairs(grouped(runs))
    assert len(pairs) == 3 and min(p.adjusted for p in pairs) == pytest.approx(3 * min(p.test.p for p in pairs))


def test_settings_are_told_a_run_not_a_seed(write_seeds, tmp_path):
    write_seeds("a", GUESSING), write_seeds("b", MIXED, BATCH_NORM)
    header, cells = config_table(compare(tmp_path))
    assert header == ["run", "model.batch_norm"] and cells == [["a", "False"], ["b", "True"]]


@pytest.mark.parametrize(("language", "said"), [("en", "may differ by their seeds alone"), ("fr", "par leurs graines")])
def test_what_explains_a_difference_is_followed_by_what_seeds_make(write_seeds, language, said):
    runs = write_seeds("guessing", GUESSING) + write_seeds("mixed", MIXED, BATCH_NORM)
    (found,) = explain_runs(runs, language)
    assert found["runs"] == ["guessing/seed-2", "mixed/seed-2"] and "seed=" not in found["sentence"]
    assert said in found["sentence"] and "p = 0" in found["sentence"].replace(",", ".")
    json.dumps(found)


def page(runs) -> str:
    """The French page of some runs, as text."""
    return unescape(str(make_page(Collected(named(runs), [], []), Language("fr")).sections))


def test_the_report_tells_means_tests_and_curves_with_their_band(write_seeds):
    text = page(write_seeds("guessing", GUESSING) + write_seeds("mixed", MIXED, BATCH_NORM))
    assert "Moyenne et écart type sur les graines" in text and "mixed (n = 3)" in text
    assert "guessing et mixed ne diffèrent peut-être que par leurs graines" in text and "test t de Welch" in text


def test_the_band_is_one_deviation_to_either_side_of_the_mean(write_seeds):
    (course,) = courses_of(named(write_seeds("mixed", MIXED)), Language("en"))
    assert [row["val_accuracy"] for row in course.history] == pytest.approx([0.1, 0.56])
    assert course.spread["val_accuracy"][2] == pytest.approx((0.56 - 0.21283797, 0.56 + 0.21283797))
    shapes = overlaid_curves([course], "val_loss", Language("en")).shapes
    assert sum("spread" in getattr(shape, "css", "") for shape in shapes) == 1


def test_a_choice_by_the_mean_is_told_with_its_candidates(write_seeds):
    runs = named(write_seeds("lucky", [0.1, 0.9]) + write_seeds("steady", [0.7, 0.8]))
    text, table = seeds_choice("steady", runs, Language("en"))
    assert "over its 2 seeds it has the best validation accuracy on average, 75.0" in unescape(text.text)
    assert [row[0] for row in table.rows] == [code("steady"), code("lucky")]


def test_a_question_about_a_run_is_about_its_seeds(write_seeds):
    question = Question(title={"en": "?"}, answer=["runs"], runs=["mixed"], against=["guessing"])
    asked = ask(question, named(write_seeds("mixed", MIXED) + write_seeds("guessing", GUESSING)), {}, [])
    assert len(asked.runs) == 3 == len(asked.against[0])
