"""Pages that are written from the code are those that the code writes now."""

import re

import pytest

import vgglab

STALE = "stale: run python docs/scripts/{}.py"


@pytest.fixture(scope="module")
def reference(script):
    return script("reference")


@pytest.fixture(scope="module")
def findings(script):
    return script("findings")


def test_the_reference_is_what_the_code_says(reference):
    for name, text in reference.pages().items():
        assert (reference.FOLDER / name).read_text(encoding="utf-8") == text, STALE.format("reference")


def test_the_reference_names_every_verb_every_field_and_every_public_name(reference):
    pages = reference.pages()
    assert {"train", "data preview", "lr-range", "predict"} <= {verb.name for verb in reference.verbs()}
    assert all(f"| `{field}` |" in pages["config.md"] for field in reference.config_fields())
    assert all(f"## vgglab.{name}\n" in pages["python.md"] for name in vgglab.__all__)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_findings_page_is_what_the_catalog_says(findings, language):
    text = findings.PAGES[language].read_text(encoding="utf-8")
    assert text == findings.page(language), STALE.format("findings")
    assert {f"### {code}" for code in findings.codes()} <= set(text.splitlines())


def test_every_picture_of_the_findings_is_there_and_small(findings):
    text = findings.PAGES["en"].read_text(encoding="utf-8")
    named = set(re.findall(r"\(findings/(\w+\.png)\)", text))
    assert named == {path.name for path in findings.PICTURES.iterdir()} and len(named) >= 8
    assert all((findings.PICTURES / name).stat().st_size < 40_000 for name in named)
