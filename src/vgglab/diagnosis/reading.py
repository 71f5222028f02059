"""Findings in a person's language. Imports no backend."""

import gettext
import json
import shlex
import string
from functools import cache
from pathlib import Path
from typing import Any

from vgglab.config.schema import LANGUAGES
from vgglab.diagnosis.catalog import LABELS, TEXTS, WORDS, text_of
from vgglab.diagnosis.findings import Evidence, Finding, findings_of
from vgglab.diagnosis.rate_range import RANGE_FILE
from vgglab.diagnosis.records import read_signals
from vgglab.errors import RunError, UsageError
from vgglab.runs.door import read_json
from vgglab.runs.shapes import Proof, RateRange
from vgglab.runs.store import Run

SHOWN = 3  # findings, before all are asked for
LOCALE = Path(__file__).parent.parent / "locale"
DOMAIN = "findings"
PROOF = "proof.json"
RANGE = f"{RANGE_FILE}.json"
UNKNOWN_TASK = {"kind": "unknown", "form": "unknown"}  # where no signals say what is learned: no loss of guessing


def read_findings(run: Run) -> list[Finding]:
    """What its run folder holds; diagnosed anew where it holds nothing, or what an older version wrote.

    Raises:
        RunError: a record is damaged.
    """
    tested = (run.folder / RANGE).exists()  # after the findings were written, if at all
    check_texts(run)
    if run.findings and not tested and all("epoch" in found for found in run.findings):
        return with_proof(run, run.findings)
    if not run.watched and not (run.folder / "classes.json").exists():
        return []  # it stopped before it knew its data
    return with_proof(run, findings_of(evidence_of(run)))


def check_texts(run: Run) -> None:
    """Make sure that there is a text for each finding of a run's folder, and a name for each of its figures.

    Raises:
        RunError: there is none: it is damaged, or of a newer version.
    """
    for place, found in enumerate(run.findings):
        if "sentence" in found:
            continue
        unknown = [f"evidence.{name}" for name in found.get("evidence", {}) if name.partition(" ")[0] not in LABELS]
        unknown += [key for key in ("case", "values", "evidence") if key not in found]
        unknown += [] if found.get("code") in TEXTS else [f"code {found.get('code')}"]
        unknown += ["try"] if isinstance(found["try"], str) else []
        if unknown:
            raise RunError(
                f"{run.folder / 'findings.json'}: findings.{place} is none that this version knows, for its "
                f"{', '.join(unknown)}; restore the file from a copy, or `pip install -U vgglab`"
            )


def with_proof(run: Run, findings: list[Finding]) -> list[Finding]:
    """The findings, the one that was tried with what came of it as its `proof`."""
    proof = read_json(run.folder / PROOF, Proof) if (run.folder / PROOF).exists() else {}
    return [
        {**found, "proof": proof} if all(proof.get(key) == found.get(key) for key in ("code", "case", "try")) else found
        for found in findings
    ]


def evidence_of(run: Run) -> Evidence:
    """What a run left behind, for `diagnose`."""
    signals = read_signals(run.folder / "signals.jsonl")
    classes = len(run.classes) if (run.folder / "classes.json").exists() else 1
    if run.watched:
        return watched_evidence(run.status, run.record.message, run.history, signals, run.settings)
    tested = read_json(run.folder / RANGE, RateRange) if (run.folder / RANGE).exists() else {}
    return Evidence(run.status, run.record.message, run.history, signals, classes, run.settings, tested)


def watched_evidence(
    status: str,
    message: str,
    history: list[dict[str, Any]],
    signals: list[dict[str, Any]],
    config: dict[str, Any] | None = None,
) -> Evidence:
    """What somebody's own script left behind, for `findings_of`, which then speaks in Keras's words.

    Args:
        status: `running`, `finished`, `diverged`, `interrupted` or `failed`.
        message: why it stopped, where it did not simply finish.
        history: a row an epoch.
        signals: lines as `signals.jsonl` has them; without one, next to nothing is known of the task.
        config: dotted field -> value, as `config.watched` names them.
    """
    start = next((line for line in signals if line["epoch"] == 0), {"epoch": 0})
    start = {**start, "task": start.get("task") or UNKNOWN_TASK}
    told = [start, *(line for line in signals if line["epoch"])]
    return Evidence(status, message, history, told, start["task"].get("classes") or 0, config or {}, watched=True)


def check_language(language: str) -> None:
    """Make sure that there are texts in a language.

    Raises:
        UsageError: there are none.
    """
    translations(language)


@cache
def translations(language: str, domain: str = DOMAIN) -> gettext.NullTranslations:
    """The catalog of a language; `domain` says of which texts.

    Raises:
        UsageError: there is none.
    """
    if language not in LANGUAGES:
        raise UsageError(f"--lang is {language!r}; expected one of {', '.join(LANGUAGES)}")
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation(domain, LOCALE, [language])


class Numbers(string.Formatter):
    """Fills placeholders; numbers as a language writes them, and "?" for what is not known."""

    def __init__(self, language: str):
        self.comma = language == "fr"

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:
        """What a placeholder stands for; None where that is not known."""
        return kwargs.get(key)

    def format_field(self, value: Any, spec: str) -> str:
        """A value as the language writes it; a share whose `spec` ends in % as a percentage."""
        if value is None:
            return "?"
        if isinstance(value, str):
            return value
        text = f"{format(100 * value, spec[:-1] + 'f')} %" if spec.endswith("%") else format(value, spec)
        return text.replace(".", ",") if self.comma else text


def describe(finding: Finding, language: str = "en") -> dict[str, Any]:
    """A finding with its texts: `sentence`, `why`, `advice`, `source` and `label` of each piece of evidence.

    The advice is in Keras's own words where the finding's `keras` is true.
    """
    if "sentence" in finding:  # an older version wrote the text itself
        return {"advice": finding["try"], "code": "", **finding, "try": {}, "evidence": {}}
    translate, numbers = translations(language).gettext, Numbers(language)
    text = text_of(finding["code"], finding["case"], finding.get("keras", False))
    texts = {
        name: numbers.vformat(translate(part), (), finding["values"]) if part else ""
        for name, part in (("sentence", text.sentence), ("why", text.why), ("advice", text.advice))
    }
    evidence = {name: {**figure, "label": label(name, language)} for name, figure in finding["evidence"].items()}
    return {**finding, **texts, "source": text.source, "evidence": evidence}


def label(name: str, language: str) -> str:
    """What a piece of evidence is called; a name of two words is a figure of one layer."""
    key, _, layer = name.partition(" ")
    return translations(language).gettext(LABELS[key]) + (f", {layer}" if layer else "")


def one_line(finding: Finding, language: str = "en") -> str:
    """`error: What is the case. Try: what to do, field=value`, on one line."""
    found, word = describe(finding, language), words(language)
    tried = [part for part in (found["advice"], changes(finding)) if part]
    return said(found, word) + (f" {word['try']} {'; '.join(tried)}" if tried else "")


def said(found: dict[str, Any], word: dict[str, str]) -> str:
    """`error: What is the case.`"""
    return word["said"].format(severity=word[found["severity"]], sentence=found["sentence"])


def changes(finding: Finding) -> str:
    """What to try, as assignments: `train.learning_rate=0.001`."""
    tried = finding["try"] if isinstance(finding["try"], dict) else {}
    return " ".join(f"{field}={written(value)}" for field, value in tried.items())


def written(value: Any) -> str:
    """A value as it is written on the command line."""
    if isinstance(value, list | tuple):
        return json.dumps(value, separators=(",", ":"))
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def findings_text(findings: list[Finding], folder: Path | None, language: str = "en", everything: bool = False) -> str:
    """Findings for a person: sentence, evidence, why, what to try; the first three unless all are wanted."""
    shown = findings if everything else findings[:SHOWN]
    word = words(language)
    parts = [finding_text(found, folder, language) for found in shown]
    if not findings:
        parts = [word["nothing"]]
    elif len(shown) < len(findings):
        parts.append(word["more"].format(count=len(findings) - len(shown), folder=folder))
    return "\n\n".join(parts)


def finding_text(finding: Finding, folder: Path | None, language: str) -> str:
    """One finding in a few lines."""
    found, word = describe(finding, language), words(language)
    lines = [said(found, word), *evidence_lines(found["evidence"], language)]
    lines += [f"  {word[part]} {found[key]}" for part, key in (("why", "why"), ("source", "source")) if found[key]]
    if found["advice"]:
        lines.append(f"  {word['try']} {found['advice']}")
    if "range" in found:
        pattern = word["range_rate" if found["range"]["suggested"] else "range_none"]
        lines.append(f"  {Numbers(language).vformat(pattern, (), found['range'])}")
    label, tried = to_try(finding, folder, word)
    if tried:
        lines.append(f"  {label} {tried}")
    if "proof" in found:
        lines.append(f"  {proof_text(found['proof'], language)}")
    return "\n".join(lines)


def proof_text(proof: dict[str, Any], language: str) -> str:
    """`confirmed: train.learning_rate=0.001 took the training loss from 2.3 to 0.4 in 5 epochs ...`, in a line."""
    word, numbers = words(language), Numbers(language)
    values = {name: proof[name] for name in ("epochs", "images")} | {"changes": changes(proof)}
    for side in ("before", "after"):
        loss = proof[side]["loss"]
        values[side] = word["no_number"] if loss is None else numbers.format_field(loss, ".3f")
    pattern = word["tried_validation" if proof["measure"] == "validation" else "tried_training"]
    verdict = word["confirmed" if proof["confirmed"] else "not_confirmed"]
    return f"{verdict} {numbers.vformat(pattern, (), values)}"


def evidence_lines(evidence: dict[str, dict[str, Any]], language: str) -> list[str]:
    """A table of figures with their healthy ranges, as text."""
    cells = evidence_cells(evidence, language)
    width = max((len(name) for name, _, _ in cells), default=0)
    return [f"  {name:<{width}}  {value:<9}  {limits}".rstrip() for name, value, limits in cells]


def evidence_cells(evidence: dict[str, dict[str, Any]], language: str) -> list[tuple[str, str, str]]:
    """What each figure is called, its value and its healthy range, as the language writes them."""
    write = Numbers(language).format_field
    return [
        (
            figure["label"],
            write(figure["value"], "" if isinstance(figure["value"], int) else ".4g"),
            healthy(figure["healthy"], language),
        )
        for figure in evidence.values()
    ]


def healthy(limits: list[float | None] | None, language: str) -> str:
    """`healthy: 0.001 to 0.1`; nothing where there is no range."""
    if not limits:
        return ""
    word = words(language)
    low, high = (None if limit is None else Numbers(language).format_field(limit, ".4g") for limit in limits)
    pattern = word["at_most" if low in (None, "0") and high != "0" else "at_least" if high is None else "between"]
    between = low if low == high else pattern.format(low=low, high=high)
    return word["healthy"].format(range=between)


def to_try(finding: Finding, folder: Path | None, word: dict[str, str]) -> tuple[str, str]:
    """What to try, as it is written, after what it is: a command, or the changes where a command cannot do it."""
    tried = changes(finding)
    if finding.get("keras") or folder is None or not tried:
        return word["set"], tried
    return word["command"], command(finding, folder)


def command(finding: Finding, folder: Path) -> str:
    """The command that runs the same config with the suggested changes, beside the run."""
    name = f"{folder.name}-{finding['code'].replace('_', '-')}"
    parts = ["vgglab", "train", str(folder / "config.yaml"), "--name", name, "--out", str(folder.parent)]
    for field, value in finding["try"].items():
        parts += ["--set", f"{field}={written(value)}"]
    return shlex.join(parts)


@cache
def words(language: str) -> dict[str, str]:
    """The words around the findings."""
    return {key: translations(language).gettext(text) for key, text in WORDS.items()}
