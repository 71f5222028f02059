"""Every text of the report is there in every language, and numbers are written as the language wants."""

import re

import pytest

from vgglab.config.study_file import load_study
from vgglab.diagnosis.reading import LANGUAGES, translations
from vgglab.report.language import DOMAIN, Language

OTHERS = [language for language in LANGUAGES if language != "en"]


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{[^}]*}", text))


def forms_of(message, catalog) -> list[str]:
    """The translations of a text; of one with a number those for 1 and 2."""
    return (
        [catalog.ngettext(*message, count) for count in (1, 2)]
        if isinstance(message, tuple)
        else [catalog.gettext(message)]
    )


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_with_the_same_placeholders(language):
    messages = pytest.importorskip("vgglab.locale.__main__").DOMAINS["report"]()
    catalog = translations(language, DOMAIN)
    known = {key[0] if isinstance(key, tuple) else key for key in catalog._catalog} - {""}
    assert len(messages) > 200 and known == {text[0] if isinstance(text, tuple) else text for text in messages}
    for message in messages:
        texts = message if isinstance(message, tuple) else (message,)
        assert list(map(placeholders, forms_of(message, catalog))) == list(map(placeholders, texts)), message


def test_the_questions_of_the_lab_are_asked_in_every_language():
    study = load_study("vgg16-lab")
    assert set(study.description) == set(LANGUAGES)
    assert all(set(question.title) == set(LANGUAGES) for question in study.questions)


def test_numbers_are_written_as_the_language_wants():
    en, fr = Language("en"), Language("fr")
    assert (en.percent(0.125), fr.percent(0.125)) == ("12.5\u00a0%", "12,5\u202f%")
    assert (en.whole(1234567), fr.whole(1234567)) == ("1,234,567", "1\u202f234\u202f567")
    assert [str(en.seconds(s)) for s in (3.21, 59.6, 250, 7500, 90000)] == [
        "3.2 s",
        "1 min 0 s",
        "4 min 10 s",
        "2 h 5 min",
        "25.0 h",
    ]
    assert (en.short(123456.0), en.short(1e8), en.number(None), en.number(float("nan"))) == (
        "1.23·10⁵",
        "10⁸",
        "\u2013",
        "\u2013",
    )


def test_french_is_set_as_in_french():
    assert (
        Language("fr").set_type("Qu'est-ce : « a » ; 5 % ?")
        == "Qu\u2019est-ce\u00a0: «\u00a0a\u00a0»\u202f; 5\u202f%\u202f?"
    )


def test_values_are_escaped_and_markup_is_not():
    say = Language("en")
    assert say("{run}: {sentence}", run="<a>", sentence=say("accuracy")) == "&lt;a&gt;: accuracy"
