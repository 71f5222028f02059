"""The report is one valid file that needs nothing else, and says what the runs' numbers say."""

import json
import re
import shutil
from collections import Counter
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from vgglab.cli.app import app
from vgglab.errors import RunError, UsageError
from vgglab.report.collect import collect
from vgglab.report.html import write_report

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=["en", "fr"])
def text(request, lab, page):
    """The lab's page in both languages."""
    return page(lab, language=request.param)


@pytest.fixture(scope="module")
def english(lab, page):
    return page(lab).words


def test_the_markup_is_valid_and_the_language_is_named(text):
    tree = text.tree
    assert tree.get("lang") in ("en", "fr") and len(list(tree.iter(f"{SVG}svg"))) > 30
    assert len(list(tree.iter(f"{HTML}main"))) == len(list(tree.iter(f"{HTML}h1"))) == 1


def check_references(tree):
    """Every id is unique, and every link and label leads to one."""
    nodes = list(tree.iter())
    ids = Counter(node.get("id") for node in nodes if node.get("id"))
    assert set(ids.values()) == {1}
    referred = [node.get("aria-labelledby", "").split() for node in nodes]
    links = [node.get("href")[1:] for node in nodes if node.tag == f"{HTML}a"]
    assert {name for names in [*referred, links] for name in names} <= set(ids)
    assert len(ids) > 20


def test_every_reference_leads_somewhere(text):
    check_references(text.tree)


def test_headings_go_down_one_level_at_a_time(text):
    levels = [int(node.tag[-1]) for node in text.tree.iter() if re.fullmatch(rf"{HTML}h[1-6]", str(node.tag))]
    assert levels[0] == 1 and all(after <= before + 1 for before, after in pairwise(levels))


def test_pictures_and_tables_are_named_for_who_cannot_see_them(text):
    tree = text.tree
    assert all(image.get("alt") for image in tree.iter(f"{HTML}img"))
    assert all(svg.find(f"{SVG}title").text and svg.find(f"{SVG}desc").text for svg in tree.iter(f"{SVG}svg"))
    tables = list(tree.iter(f"{HTML}table"))
    assert len(tables) > 50 and all(
        len(table.find(f"{HTML}caption")) or table.find(f"{HTML}caption").text for table in tables
    )
    assert all(cell.get("scope") for cell in tree.iter(f"{HTML}th"))


def test_nothing_is_fetched(text):
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources and all(source.startswith(("#", "data:")) for source in sources)
    assert not re.search(r"url\(|@import|https?://", re.sub(r'xmlns="[^"]*"', "", text))


def test_the_lab_is_small(lab, tmp_path):
    assert write_report([lab], tmp_path / "report.html").stat().st_size < 3_000_000


def test_every_question_is_asked_in_the_labs_order(text):
    labels = re.findall(r'<h3 [^>]*><span class="label">(\w+)</span>', text)
    assert labels == ["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "F1", "F2", "F3", "F4", "F", "X1"]


def test_a_run_on_cifar100_answers_the_question_for_it(lab_copy, page):
    config = (lab_copy / "optimal" / "config.yaml").read_text()
    assert "name: digits" in config
    (lab_copy / "optimal" / "config.yaml").write_text(config.replace("name: digits", "name: cifar100"))
    assert "X2 Try CIFAR-100. optimal learned. optimal: after epoch 3" in page(lab_copy).words


def test_which_runs_learned_is_told_from_their_figures(english):
    assert "Of these runs batchnorm-sgd learned. batchnorm-adam is no better than guessing (10.0 %)." in english
    assert "reference-sgd and reference-adam are no better than guessing" in english


def test_where_adam_learns_and_sgd_does_not_the_text_says_so(lab_copy, page):
    (lab_copy / "batchnorm-sgd").rename(lab_copy / "was-sgd")
    (lab_copy / "batchnorm-adam").rename(lab_copy / "batchnorm-sgd")
    (lab_copy / "was-sgd").rename(lab_copy / "batchnorm-adam")
    for name in ("batchnorm-sgd", "batchnorm-adam"):
        record = json.loads((lab_copy / name / "run.json").read_text())
        (lab_copy / name / "run.json").write_text(json.dumps(record | {"name": name}))
    assert "Of these runs batchnorm-adam learned. batchnorm-sgd is no better" in page(lab_copy).words


def test_the_choice_is_told_with_the_runner_up(english):
    assert "Chosen is batchnorm-sgd: of 6 candidates it has the best validation accuracy, 90.0 % in epoch 3." in english
    assert "Next is dropout-sgd with 80.0 %, 10.0 points less." in english


def test_half_precision_is_told_with_what_it_was_not_used_for(write_run):
    from vgglab.report.language import Language
    from vgglab.report.parts.run import precision_of
    from vgglab.report.records import Records

    runs = [write_run(name, options={"precision": name}) for name in ("float32", "bfloat16")]
    assert precision_of(Records(runs[0]), Language("en")) == []
    (told,) = precision_of(Records(runs[1]), Language("fr"))
    assert "Les couches ont calculé en bfloat16" in str(told.text) and "float32" in str(told.text)


def test_a_change_names_settings_figures_and_chance(english):
    against = "batchnorm-sgd against reference-sgd (model.batch_norm: false → true): "
    figures = "the best validation accuracy is 90.0 % instead of 10.0 %, 80.0 points more. "
    assert against + figures in english
    chance = (
        r"\d+ are recognised by batchnorm-sgd alone and 0 by reference-sgd alone: more than chance \(McNemar, p < 0.001"
    )
    assert re.search(chance, english)


def test_a_question_without_runs_is_a_gap_unless_it_is_optional(lab_copy, page):
    for name in ("frozen", "frozen-longer", "frozen-normalized", "another"):
        (lab_copy / name).rename(lab_copy.parent / name)
    shown = page(lab_copy).words
    assert "No run of this report is about it; expected frozen-longer." in shown and "X1" not in shown


def test_what_a_run_is_decides_which_question_it_answers(lab_copy, page):
    assert "X1 Try another pretrained network. another learned." in page(lab_copy).words
    config = (lab_copy / "another" / "config.yaml").read_text().replace("MobileNetV2", "VGG16")
    (lab_copy / "another" / "config.yaml").write_text(config)
    assert "X1" not in page(lab_copy).words


def test_a_study_of_an_older_version_is_asked_the_shipped_questions(lab_copy, page):
    text = (lab_copy / "study.yaml").read_text()
    start, end = text.index("questions:"), text.index("runs:\n- name")
    (lab_copy / "study.yaml").write_text(text[:start] + text[end:])
    assert "S1 Define the reference VGG-16" in page(lab_copy).words
    (lab_copy / "study.yaml").write_text((text[:start] + text[end:]).replace("name: vgg16-lab", "name: mine", 1))
    shown = page(lab_copy).words
    assert "S1 Define" not in shown and "mine on digits" in shown and "Comparison of the runs" in shown


def test_runs_of_one_name_stay_apart_and_one_run_is_there_once(lab, lab_copy):
    renamed = lab_copy.rename(lab_copy.with_name("other"))
    names = [run.name for run in collect([lab / "optimal", renamed / "optimal", lab / "frozen", lab / "frozen"]).runs]
    assert names == ["lab/optimal", "other/optimal", "frozen"]


EVIL = """</script><script>x()</script>"'&{{7*7}}"""


def test_what_a_user_names_is_escaped(run_copy, page):
    for file, place, key in (("run.json", [], "message"), ("metrics.json", ["per_class", 0], "class")):
        tree = json.loads((run_copy / file).read_text())
        entry = tree
        for step in place:
            entry = entry[step]
        entry[key] = EVIL
        (run_copy / file).write_text(json.dumps(tree))
    matrix = (run_copy / "confusion_matrix.csv").read_text()
    (run_copy / "confusion_matrix.csv").write_text(matrix.replace("predicted,0,", "predicted,<i>,"))
    shown = page(run_copy)
    assert shown.tree is not None and shown.count("<script>") == 1 and "<i>" not in shown
    assert shown.words.count(EVIL) == 2 and "&lt;i&gt;" in shown


def test_one_run_alone_has_a_page_without_a_comparison(trained, page):
    text = page(trained.folder)
    check_references(text.tree)
    assert "Learning curves" in text and "Comparison" not in text and "Run by run" not in text


def test_examples_are_in_the_page_with_what_speaks_for_them(trained, page):
    examples = json.loads((trained.folder / "examples.json").read_text())["examples"]
    pictures = len(examples) + sum(bool(example["explanation"]) for example in examples)
    shown = page(trained.folder)
    assert shown.count('src="data:image/png;base64,') == pictures > 8 and "Most confident mistakes" in shown


def test_a_network_that_is_surer_than_right_is_told(run_copy, page):
    metrics = json.loads((run_copy / "metrics.json").read_text())
    metrics["calibration"] = {"error": 0.4, "bins": [dict(low=0.9, high=1.0, count=20, confidence=0.95, accuracy=0.55)]}
    (run_copy / "metrics.json").write_text(json.dumps(metrics))
    told = (
        "The expected calibration error is 40.0 %. It is surer than it should be: confidence exceeds accuracy by 40.0"
    )
    assert told in page(run_copy).words


@pytest.fixture
def evaluated(run_copy):
    """A run that was evaluated on other pictures too; `write(name, **changes)` changes what came out."""
    own = {"n": 60, "accuracy": 0.9, "accuracy_interval": [0.8, 0.95], "recall": {"3": 0.7}, "differs": True}
    own |= {"difference": -0.25, "difference_interval": [-0.36, -0.12], "loss": None, "loss_interval": None}
    told = {
        "data": "/pictures/next month",
        "labels": "/their.csv",
        "lacking": {"ten": 4},
        "missing": ["9"],
        "seen": 1,
        "unreadable": 0,
    }
    metrics = json.loads((run_copy / "metrics.json").read_text()) | told

    def write(name, **changes):
        folder = run_copy / "evaluations" / name
        folder.mkdir(parents=True)
        shutil.copy(run_copy / "confusion_matrix.csv", folder)
        (folder / "metrics.json").write_text(json.dumps(metrics | {"own": own | changes}))
        return folder

    write("next-month")
    return run_copy, write


def test_other_pictures_stand_beside_the_own_test(evaluated, page):
    shown = page(evaluated[0]).words
    for said in (
        "Other pictures: next-month",
        "right in 90.0 % of 60 images of these classes (95 % interval 80.0 % to 95.0 %): here it is worse by 25.0",
        "(95 % interval of the difference \u221236.0 to \u221212.0 points)",
        "Their classes are those of the table /their.csv.",
        "The network lacks these classes, whose pictures are left out: ten (4).",
        "There is no picture of these classes: 9. 1 picture is left out, as the network was trained or chosen on it.",
    ):
        assert said in shown.replace("\u00a0", " ")
    assert "Autres images : next-month" in page(evaluated[0], language="fr").words.replace("\u00a0", " ")


def test_no_difference_and_a_better_one_are_told_and_a_damaged_one_is_a_gap(evaluated, page):
    folder, write = evaluated
    write("better", difference=0.05, difference_interval=[0.01, 0.08])
    write("same", differs=False)
    (write("damaged") / "metrics.json").write_text("{}")
    shown = page(folder).words.replace("\u00a0", " ")
    assert "here it is better by 5.0" in shown and "no difference that chance could not make" in shown
    assert "evaluations/damaged/metrics.json in" in shown and "cannot be used" in shown


def test_the_command_writes_where_it_is_told(run_copy, tmp_path):
    done = CliRunner().invoke(app, ["report", str(run_copy), "--lang", "fr", "-o", str(tmp_path / "r.html")])
    assert done.exit_code == 0 and done.stdout.strip() == str(tmp_path / "r.html")
    assert '<html lang="fr">' in (tmp_path / "r.html").read_text()
    CliRunner().invoke(app, ["report", str(run_copy)])
    assert (run_copy / "report.html").exists()


def test_what_cannot_be_reported_is_told_in_one_line(tmp_path, trained):
    (tmp_path / "empty").mkdir()
    for paths, output, language, error, message in (
        ([tmp_path / "nowhere"], None, "en", RunError, "no such folder"),
        ([tmp_path / "empty"], None, "en", RunError, "holds no run"),
        ([trained.folder], tmp_path / "no" / "r.html", "en", UsageError, "there is no folder"),
        ([trained.folder], tmp_path, "en", UsageError, "a folder; expected the name of a file"),
        ([trained.folder], None, "de", UsageError, "expected one of en, fr"),
    ):
        with pytest.raises(error, match=message):
            write_report(paths, output, language)
