"""Findings are read in English and French, and no text is missing or stale."""

import io
import re
import shlex
import shutil

import pytest
from typer.testing import CliRunner

from vgglab.cli.app import app
from vgglab.diagnosis.catalog import LABELS, TEXTS, messages, text_of
from vgglab.diagnosis.findings.evidence import finding, measured
from vgglab.diagnosis.reading import (
    LANGUAGES,
    LOCALE,
    changes,
    describe,
    finding_text,
    findings_text,
    one_line,
    read_findings,
    translations,
)
from vgglab.errors import UsageError
from vgglab.runs.store import Run


def large_rate(**fix):
    """A finding about a learning rate."""
    values = {"layer": "conv1", "update": 3.39, "step": 1, "rate": 0.1, "loss": 12.0}
    return finding("learning_rate_too_large", "error", {"largest_update": measured(3.39, 0.001, 0.1)}, fix, **values)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{[^}]*}", text))


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_text_is_translated_with_the_same_placeholders(language):
    catalog = translations(language)
    assert len(messages()) > 150
    for text in messages():
        assert text in catalog._catalog, f"no translation; run python -m vgglab.locale: {text}"
        assert placeholders(catalog.gettext(text)) == placeholders(text)
    assert set(catalog._catalog) - {""} == set(messages()), "a translation is left of a text that is gone"


@pytest.mark.parametrize("path", sorted(LOCALE.glob("*/LC_MESSAGES/*.po")), ids=str)
def test_what_is_read_is_what_the_translator_wrote(path):
    mofile, pofile = (pytest.importorskip(f"babel.messages.{name}") for name in ("mofile", "pofile"))
    compiled = io.BytesIO()
    with path.open("rb") as source:
        mofile.write_mo(compiled, pofile.read_po(source))
    assert compiled.getvalue() == path.with_suffix(".mo").read_bytes()


@pytest.mark.parametrize("key", TEXTS)
def test_every_finding_has_a_sentence_a_reason_and_a_source(key):
    text = text_of(*key.split("."))
    assert text.sentence.endswith(".") and text.why.endswith(".") and text.source
    assert text.advice or key.startswith("learned")


def test_numbers_are_written_as_the_language_does():
    english, french = (describe(large_rate(), language)["sentence"] for language in LANGUAGES)
    assert english == "The learning rate 0.1 is too large: step 1 changed conv1 by 339 % of its norm."
    assert french == "Le taux d'apprentissage 0,1 est trop grand : le pas 1 a changé conv1 de 339 % de sa norme."


def test_a_value_that_is_not_known_is_a_question_mark():
    unknown = finding("learning_rate_too_small", "error", {}, update=1e-5, rate=None)
    assert "learning rate ? is too small" in describe(unknown)["sentence"]


def test_a_language_without_a_catalog_is_refused():
    with pytest.raises(UsageError, match="'de'; expected one of en, fr"):
        describe(large_rate(), "de")


def test_what_to_try_is_a_command_that_can_be_run(tmp_path):
    tried = large_rate(**{"train.learning_rate": 0.001, "model.batch_norm": True})
    assert changes(tried) == "train.learning_rate=0.001 model.batch_norm=true"
    command = finding_text(tried, tmp_path / "first run", "en").splitlines()[-1].partition("vgglab ")[2]
    assert shlex.split(command)[:2] == ["train", str(tmp_path / "first run" / "config.yaml")]
    assert shlex.split(command)[-2:] == ["--set", "model.batch_norm=true"]


def test_evidence_comes_with_its_healthy_range():
    text = finding_text(large_rate(), LOCALE, "en")
    assert "largest change of a kernel in a step  3.39" in text and "healthy: 0.001 to 0.1" in text
    assert "sain : 0,001 à 0,1" in finding_text(large_rate(), LOCALE, "fr")


def test_three_findings_are_shown_first(write_run):
    run = write_run("a", [2.3])
    text = findings_text([large_rate()] * 5, run.folder)
    assert text.count("error:") == 3 and "2 more: vgglab diagnose" in text
    assert findings_text([large_rate()] * 5, run.folder, everything=True).count("error:") == 5


def test_findings_of_an_older_version_are_made_again_or_read_as_they_are(write_run):
    old = dict.fromkeys(("why", "source", "try"), "") | {"severity": "info", "sentence": "It learned.", "evidence": {}}
    assert one_line(old) == "info: It learned."
    run = write_run("a", [2.3, 0.2], options={"epochs": 2})
    assert read_findings(run) == []
    (run.folder / "classes.json").write_text('{"schema": 1, "classes": ["a", "b", "c"]}')
    assert read_findings(run)


def test_diagnose_prints_findings_in_both_languages_and_as_json(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    for options, expected in (([], "training loss"), (["--lang", "fr"], "perte"), (["--json"], '"evidence"')):
        done = CliRunner().invoke(app, ["diagnose", str(folder), *options])
        assert done.exit_code == 0 and expected in done.stdout
    assert Run(folder).findings


def test_every_figure_of_evidence_has_a_name():
    source = "".join(path.read_text() for path in (LOCALE.parent / "diagnosis" / "findings").glob("*.py"))
    named = re.findall(r'"(\w+)": measured|figures\["(\w+)"\]|found\["(\w+)"\] = measured', source)
    assert len(named) > 30 and {name for group in named for name in group if name} <= set(LABELS)
