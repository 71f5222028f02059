"""Write docs/findings.md and docs/fr/constats.md from the catalog of findings, with an example for each.

    python docs/scripts/findings.py

The examples are trainings that `python benchmarks/diagnosis.py record` made, on the digits, of small networks with a
planted fault: what they recorded is in tests/diagnosis/corpus.jsonl.gz. Their learning curves are drawn anew.
"""

import gzip
import json
import string
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from vgglab.diagnosis.catalog import TEXTS, text_of
from vgglab.diagnosis.findings import diagnose
from vgglab.diagnosis.reading import changes, describe, evidence_cells, translations, words
from vgglab.diagnosis.texts_of_data import TEXTS_OF_DATA
from vgglab.diagnosis.texts_of_training import TEXTS_OF_TRAINING
from vgglab.evaluation.displays import draw_curves, write_figure

DOCS = Path(__file__).parents[1]
CORPUS = DOCS.parent / "tests" / "diagnosis" / "corpus.jsonl.gz"
PICTURES = DOCS / "findings"
PAGES = {"en": DOCS / "findings.md", "fr": DOCS / "fr" / "constats.md"}
GIVEN = ("status", "message", "history", "signals", "classes", "config")
WRITTEN = "<!-- Written by docs/scripts/findings.py from src/vgglab/diagnosis; change that, and run it. -->"
DOTS_PER_INCH, COLOURS = 110, 32
DRAWN_FROM = 4  # epochs, below which a curve shows nothing
HEADINGS = {
    "en": {
        "title": "The findings, one by one",
        "lead": "A finding says what is the case with a run, with the figures that show it, why that happens, and "
        "what to try first. `vgglab diagnose RUN` prints those of a run, `vgglab diagnose RUN --prove` tries the first "
        "suggestion. Causes come before symptoms, and errors before warnings. Words in *italics* are filled in for "
        "each run. The examples are recorded trainings of small networks on the digits, each with a planted fault "
        "([how often the diagnosis is right](results/diagnosis.md)).",
        "data": "Data and network",
        "training": "Training",
        "scripts": "In anybody's Keras script",
        "also": "Other wordings:",
        "example": "Example",
        "figures": ["figure", "value", "healthy"],
        "curve": "Learning curves of the training",
    },
    "fr": {
        "title": "Les constats, un par un",
        "lead": "Un constat dit ce qu'il en est d'un entraînement, avec les chiffres qui le montrent, pourquoi cela "
        "arrive et quoi essayer d'abord. `vgglab diagnose RUN --lang fr` affiche ceux d'un entraînement, "
        "`vgglab diagnose RUN --prove` essaie la première proposition. Les causes viennent avant les symptômes, les "
        "erreurs avant les avertissements. Les mots en *italique* sont remplis pour chaque entraînement. Les "
        "exemples sont des entraînements enregistrés de petits réseaux sur les chiffres, chacun avec un "
        "défaut introduit exprès.",
        "data": "Données et réseau",
        "training": "Entraînement",
        "scripts": "Dans n'importe quel programme Keras",
        "also": "Autres formulations :",
        "example": "Exemple",
        "figures": ["grandeur", "valeur", "sain"],
        "curve": "Courbes d'apprentissage de l'entraînement",
    },
}


def write_all() -> None:
    """Write the pages and the pictures."""
    PICTURES.mkdir(exist_ok=True)
    for path in PICTURES.iterdir():
        path.unlink()
    for code, (entry, _) in examples().items():
        if is_drawn(code, entry):
            draw_small(draw_curves(entry["history"], entry["name"], entry["classes"]), PICTURES / f"{code}.png")
    for language, path in PAGES.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(language), encoding="utf-8")


def draw_small(figure: Any, path: Path) -> None:
    """Write a figure as a PNG of few colours, which a repository can bear."""
    buffer = BytesIO()
    write_figure(figure, "png", buffer, DOTS_PER_INCH)
    Image.open(buffer).convert("RGB").quantize(COLOURS).save(path, optimize=True)


def page(language: str) -> str:
    """The page in a language."""
    heading = HEADINGS[language]
    parts = [WRITTEN, f"# {heading['title']}", heading["lead"]]
    for group in ("data", "training", "scripts"):
        parts.append(f"## {heading[group]}")
        parts += [entry_of(code, language) for code in codes() if group_of(code) == group]
    return "\n\n".join(parts) + "\n"


def group_of(code: str) -> str:
    """The heading that a finding stands under."""
    return "data" if code in TEXTS_OF_DATA else "training" if code in TEXTS_OF_TRAINING else "scripts"


def codes() -> list[str]:
    """The code of each finding, without its cases, in the catalog's order."""
    return list(dict.fromkeys(key.partition(".")[0] for key in TEXTS))


def entry_of(code: str, language: str) -> str:
    """What is said of one finding."""
    translate, word, heading = translations(language).gettext, words(language), HEADINGS[language]
    text = text_of(code)
    others = dict.fromkeys(TEXTS[key].sentence for key in TEXTS if key.startswith(f"{code}.") and TEXTS[key].sentence)
    parts = [f"### {code}", f"> {in_italics(translate(text.sentence))}"]
    if others:
        parts.append("\n".join([heading["also"], "", *(f"- {in_italics(translate(other))}" for other in others)]))
    for name, said in (("why", text.why), ("try", text.advice), ("source", text.source)):
        if said:
            parts.append(f"**{word[name].capitalize()}** {in_italics(said if name == 'source' else translate(said))}")
    if code in examples():
        parts.append(example_of(code, language))
    return "\n\n".join(parts)


def example_of(code: str, language: str) -> str:
    """A recorded training in which it was found: its sentence, its figures, its curve."""
    (entry, finding), heading = examples()[code], HEADINGS[language]
    found, word = describe(finding, language), words(language)
    said = f"{word[finding['severity']]}: {found['sentence']}"
    parts = [f"*{heading['example']}* (`{entry['name'].rpartition(': ')[2]}`): {said}"]
    if changes(finding):
        parts[0] += f" {word['try']} `{changes(finding)}`"
    rows = evidence_cells(found["evidence"], language)
    if rows:
        rows = [[label, value, healthy.rpartition(":")[2].strip()] for label, value, healthy in rows]
        lines = [heading["figures"], ["---"] * 3, *rows]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    if is_drawn(code, entry):
        below = "" if language == "en" else "../"
        parts.append(f"![{heading['curve']}]({below}findings/{code}.png)")
    return "\n\n".join(parts)


def is_drawn(code: str, entry: dict[str, Any]) -> bool:
    """Whether a learning curve says something of a finding."""
    return len(entry["history"]) >= DRAWN_FROM and code not in TEXTS_OF_DATA


@cache
def examples() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Code -> a recorded training of which it is the first finding (else any), and the finding."""
    first, later = {}, {}
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        for entry in map(json.loads, lines):
            for place, finding in enumerate(diagnose(*(entry[key] for key in GIVEN))):
                (later if place else first).setdefault(finding["code"], (entry, finding))
    return later | first


def in_italics(text: str) -> str:
    """A text with its placeholders as words in italics."""
    parts = string.Formatter().parse(text)
    return "".join(before + (f"*{name.replace('_', ' ')}*" if name else "") for before, name, _, _ in parts)


if __name__ == "__main__":
    write_all()
