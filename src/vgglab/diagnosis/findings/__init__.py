"""From signals and history to findings: pure functions, numbers as evidence, no language.

A finding is a dict: `code`, `case` (a variant of the code's text, or ""), `severity` (`error`, `warning`, `info`),
`epoch` (where on the learning curve it happens, from 1; None where it holds from the start), `values` (what its
sentence names), `evidence` (name -> `value` and its `healthy` range) and `try` (dotted config field -> value); and,
where the range test was done and the finding is about the rate, `range` (its `verdict` and the rate `suggested`);
and, in somebody's own script, `keras` (true: `try` has Keras's own names, and texts are read in its words).
`vgglab.diagnosis.catalog` has the texts, `vgglab.diagnosis.reading` puts the two together.
"""

from typing import Any

from vgglab.diagnosis.findings.course import COURSE, learned, still_improving
from vgglab.diagnosis.findings.data import DATA
from vgglab.diagnosis.findings.evidence import Evidence, Finding
from vgglab.diagnosis.findings.in_keras import in_keras
from vgglab.diagnosis.findings.network import NETWORK
from vgglab.diagnosis.findings.phases import in_phases
from vgglab.diagnosis.findings.steps import STEPS

__all__ = ["Evidence", "Finding", "diagnose", "findings_of"]

ABOUT_RATES = {
    "diverged",
    "learning_rate_too_large",
    "learning_rate_too_small",
    "signal_lost",
    "dead_units",
    "collapsed",
}
CONSEQUENCES = {"dead_units"}  # shown beside the cause that they follow from
IMBALANCE = {"class_imbalance"}
SCALE = {"inputs_out_of_scale"}
COPIES = {"duplicates"}  # a simple model knows them
EXPLAINED = dict.fromkeys(("collapsed", "not_learned_yet", "training_too_short"), IMBALANCE) | {
    "labels_shuffled": IMBALANCE | {"labels_renamed"},
    "duplicates": {"images_constant"},
    "labels_noisy": COPIES,
    "learning_rate_too_large": SCALE,
    "underfitting": IMBALANCE | SCALE | {"labels_noisy", "learning_rate_too_large"},
}


def diagnose(
    status: str,
    message: str,
    history: list[dict[str, Any]],
    signals: list[dict[str, Any]],
    classes: int,
    config: dict[str, Any] | None = None,
    rate_range: dict[str, Any] | None = None,
) -> list[Finding]:
    """What is the case with a run, causes before symptoms; a healthy run says so.

    Args:
        status: of the run, such as `finished` or `diverged`.
        message: why it stopped, where it did not simply finish.
        history: a row an epoch.
        signals: the lines of `signals.jsonl`; may be empty.
        classes: number of classes.
        config: dotted config field -> value, as far as known; what is tried is a change of it.
        rate_range: what `lr_range.json` holds, where the range test was done.

    Example:
        >>> rows = [{"epoch": 1, "loss": 2.3, "accuracy": 0.1, "val_loss": 2.3, "val_accuracy": 0.1}]
        >>> [found["code"] for found in diagnose("finished", "", rows, [], classes=10)]
        ['not_learned_yet']
    """
    return findings_of(Evidence(status, message, history, signals, classes, config or {}, rate_range or {}))


def findings_of(evidence: Evidence) -> list[Finding]:
    """The same from a run's `Evidence`."""
    if not evidence.rows and evidence.status != "diverged":
        return [in_full(one, evidence) for one in ranked(found_by(DATA + NETWORK, evidence))]
    found = found_by(DATA + NETWORK, evidence)
    if not certain(found):
        found += first_cause(STEPS, evidence)
    if not certain(found) and evidence.rows:
        found += first_and_remarks(found_by(COURSE, evidence))
    if evidence.rows and all(one["severity"] == "info" for one in found):
        found = [learned(evidence), *found, *still_improving(evidence)]
    return [in_full(one, evidence) for one in ranked(explained(found))]


def in_full(found: Finding, evidence: Evidence) -> Finding:
    """A finding with what to try as the run's phases want it, and what the range test says about its rate."""
    found = {**found, "try": in_phases(found["try"], evidence)}
    if evidence.rate_range and found["code"] in ABOUT_RATES:
        found["range"] = {key: evidence.rate_range[key] for key in ("verdict", "suggested")}
    return in_keras(found) if evidence.watched else found


def found_by(rules: tuple, evidence: Evidence) -> list[Finding]:
    """What each rule finds, in the order of the rules."""
    return [found for rule in rules if (found := rule(evidence)) is not None]


def first_cause(rules: tuple, evidence: Evidence) -> list[Finding]:
    """What the first rule that finds something finds, and its consequences."""
    found = found_by(rules, evidence)
    return found[:1] + [one for one in found[1:] if one["code"] in CONSEQUENCES]


def first_and_remarks(found: list[Finding]) -> list[Finding]:
    """The first warning, and what is only remarked."""
    warnings = [one for one in found if one["severity"] != "info"]
    return warnings[:1] + [one for one in found if one["severity"] == "info"]


def explained(found: list[Finding]) -> list[Finding]:
    """The findings without those that another one explains."""
    codes = {one["code"] for one in found}
    return [one for one in found if not EXPLAINED.get(one["code"], set()) & codes]


def certain(found: list[Finding]) -> bool:
    """Whether an error was found, which the rest would only repeat."""
    return any(one["severity"] == "error" for one in found)


def ranked(found: list[Finding]) -> list[Finding]:
    """The most severe first; among equals the order of the rules, causes before symptoms."""
    return sorted(found, key=lambda one: ("error", "warning", "info").index(one["severity"]))
