"""A study writes its report at its end; what only the report reads does not make it another study."""

import shutil

import pytest
import yaml
from small_network import NETWORK

from vgglab.cli.app import app
from vgglab.cli.console import run_command
from vgglab.config.study_file import load_study, plan_runs
from vgglab.errors import ConfigError
from vgglab.experiments.study import open_folder

DEFAULTS = {
    "data": {"limit": 100},
    "model": {"name": NETWORK},
    "train": {"learning_rate": 0.1, "epochs": 3},
}
QUESTION = {"title": {"en": "What came of it?", "fr": "Qu'en est-il ?"}, "answer": ["runs"], "runs": ["trained"]}


@pytest.fixture
def done(trained, tmp_path, capsys):
    """A study whose only run is done; a function that goes on with it and gives the exit code and what was said."""
    shutil.copytree(trained.folder, tmp_path / "out" / "s" / "trained")
    study = {"name": "s", "defaults": DEFAULTS, "runs": [{"name": "trained"}], "questions": [QUESTION]}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(study))

    def go_on(*options):
        given = ["study", str(tmp_path / "s.yaml"), "--out", str(tmp_path / "out"), "--name", "s", *options]
        return run_command(app, given), capsys.readouterr().err

    return go_on


def test_a_study_writes_its_report_and_says_where(done, tmp_path):
    code, said = done()
    assert code == 0 and f"report: {tmp_path / 'out' / 's' / 'report.html'}" in said
    assert "What came of it?" in (tmp_path / "out" / "s" / "report.html").read_text()
    done("--lang", "fr")
    assert "Qu\u2019en est-il\u202f?" in (tmp_path / "out" / "s" / "report.html").read_text()


def test_a_report_that_cannot_be_written_does_not_fail_the_study(done, tmp_path):
    (tmp_path / "out" / "s" / "report.html").mkdir()
    code, said = done()
    assert code == 0 and "no report was written: " in said and "a folder" in said


def test_a_language_without_texts_is_told_before_anything_is_trained(done, tmp_path):
    code, said = done("--lang", "de")
    assert code == 2 and "expected one of en, fr" in said
    assert not (tmp_path / "out" / "s" / "study.yaml").exists()


def test_other_questions_are_the_same_study(done, tmp_path):
    done()
    study = load_study(tmp_path / "s.yaml")
    changed = study.model_copy(update={"questions": [], "description": "new"})
    open_folder(tmp_path / "out" / "s", changed, plan_runs(study, {}))
    assert "What came" not in (tmp_path / "out" / "s" / "study.yaml").read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": ["runz"]}, "questions.0.answer.0 is 'runz'"),
        ({"where": {"data.nam": ["digits"]}}, "no field 'data.nam'; did you mean 'data.name'"),
        ({"titel": {}}, "unknown key 'questions.0.titel'; known: id, title"),
    ],
)
def test_a_wrong_question_is_told_in_one_line(tmp_path, change, message):
    study = {"name": "s", "runs": [{"name": "a"}], "questions": [QUESTION | change]}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(study))
    with pytest.raises(ConfigError) as caught:
        load_study(tmp_path / "s.yaml")
    assert message in str(caught.value) and "\n" not in str(caught.value)
