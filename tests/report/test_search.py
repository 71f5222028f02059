"""The page of a search says how many trials the figure was chosen from, what matters, and what the test says, once."""

import json
import shutil

import pytest

from vgglab.report.blocks import Words
from vgglab.report.charts.parallel import Axis, Line, parallel_chart
from vgglab.report.language import Language
from vgglab.report.search_folder import read_search
from vgglab.runs.files import write_json
from vgglab.runs.record import HISTORY_FIELDS

SPACE = {"train.learning_rate": "log 1e-4 1e-1", "train.optimizer": "choice sgd,adam"}
ENDS = {"trial-000": ("finished", 0.9), "trial-001": ("pruned", 0.4), "trial-002": ("hopeless", 0.1)}
ENDS |= {"trial-003": ("finished", 0.7), "trial-004": ("failed", None)}


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory):
    """A search of five trials, four of them copies of a real run, of which one was tested."""
    folder = tmp_path_factory.mktemp("found") / "rates"
    rows = []
    for number, (name, (how, figure)) in enumerate(ENDS.items()):
        settings = {"train.learning_rate": 10.0 ** -(1 + number % 4), "train.optimizer": ("sgd", "adam")[number % 2]}
        done = {"finished": 3, "failed": 0}.get(how, 1)
        row = {"name": name, "how": how, "why": "", "settings": settings, "figure": figure, "epochs": done}
        rows.append(row | {"planned": 3 if done else 0, "seconds": 10.0 * done})
        if figure is not None:
            copy_trial(trained.folder, folder / name, figure, tested=name == "trial-000")
    tree = {"schema": 1, "name": "rates", "measure": "val_accuracy", "space": SPACE, "trials": rows}
    importance = {"train.learning_rate": 0.8, "train.optimizer": 0.2}
    write_json(folder / "search.json", tree | {"best": "trial-000", "importance": importance, "tested": ["trial-000"]})
    return folder


def copy_trial(source, target, figure, tested):
    """A run as a trial leaves it: without test figures."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.keras", *([] if tested else ["metrics.json"])))
    record = json.loads((target / "run.json").read_text())
    (target / "run.json").write_text(json.dumps(record | {"name": target.name, "seconds": 30.0}))
    lines = [f"{epoch},2.0,0.5,2.0,{figure * epoch / 3},0.1,1.0,1" for epoch in (1, 2, 3)]
    (target / "history.csv").write_text("\n".join([",".join(HISTORY_FIELDS), *lines]) + "\n")


def test_the_page_says_what_came_of_the_trials(folder, page):
    words = page(folder).words
    assert "5 trials: 2 came to the end, 1 cut short, being behind others, 1 cut short after an epoch" in words
    assert "its val_accuracy of 90.0 % is the best of 5 trials, all judged on the same validation images" in words
    assert "The test images were looked at once, by the best trial alone. It is right in" in words
    assert "It trained 8 of 12 epochs in 1 min 20 s. What ended before its last epoch saved 4 of them." in words
    assert "how the 2 trials that came to their end differ" in words and "With so few it is a hint, no more." in words
    assert "Training took 2 min 0 s in all." in words


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_is_valid_and_shows_the_best_run_alone_in_full(folder, page, language):
    shown = page(folder, language=language)
    assert shown.tree.get("lang") == language and shown.count("<h2") == shown.count('class="level2"')
    assert (
        "trial-003" in shown.words
        and shown.count('id="run-settings"') == 1
        and shown.count('class="trial chosen"') == 1
    )
    assert ("Quels réglages comptent" in shown.words) is (language == "fr")


def test_a_damaged_record_of_a_search_is_a_gap_and_its_runs_are_shown(folder, page, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "rates")
    (copy / "search.json").write_text("{}")
    words = page(copy).words
    assert "search.json" in words and "It is written by vgglab search" in words and "Comparison of the runs" in words


def test_a_search_that_was_tested_again_says_so(folder, page, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "rates")
    tree = json.loads((copy / "search.json").read_text())
    write_json(copy / "search.json", tree | {"tested": ["trial-003", "trial-000"]})
    assert (
        "looked at 2 times, as the search was gone on with after a test: by trial-003 and trial-000" in page(copy).words
    )


def test_the_best_comes_first_and_what_has_no_figure_last(folder):
    found = read_search(folder)
    assert [row["name"][-1] for row in found.ranked] == ["0", "3", "1", "2", "4"]
    assert found.run.metrics and found.as_json()["folder"] == str(folder) and "80%" in found.told


def test_values_are_where_their_axes_say():
    axes = [Axis("rate", "log", (0.001, 0.1)), Axis("kind", "choice", ("a", "b", "c")), Axis("got", "uniform", (0, 1))]
    picture = parallel_chart(axes, [Line("x", [0.01, "b", 0.5], "trial")], "title", "told", Language("en"))
    (path,) = [shape for shape in picture.shapes if shape.css == "trial"]
    heights = {part.split()[1] for part in path.d.removeprefix("M").split("L")}
    assert len(heights) == 1 and len(path.d.split("L")) == 3
    assert picture.shapes.index(path) < min(at for at, shape in enumerate(picture.shapes) if isinstance(shape, Words))
