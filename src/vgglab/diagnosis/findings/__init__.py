"""From signals and history to findings: pure functions, numbers as evidence, no language.

A finding is a dict: `code`, `case` (a variant of the code's text, or ""), `severity` (`error`, `warning`, `info`),
`epoch` (where on the learning curve it happens, from 1; None where it holds from the start), `values` (what its
sentence names), `evidence` (name -> `value` and its `healthy` range) and `try` (dotted config field -> value); and,
where the range test was done and the finding is about the rate, `range` (its `verdict` and the rate `suggested`);
and, in somebody's own script, `keras` (true: `try` has Keras's own names, and texts are read in its words).
`vgglab.diagnosis.catalog` has the texts, `vgglab.diagnosis.reading` puts the two together.
"""

from typing import Any

from vgglab.diagnosis.findings.batches import batches_of_one_class, steps_too_few
from vgglab.diagnosis.findings.course import COURSE, learned, still_improving
from vgglab.diagnosis.findings.data import DATA
from vgglab.diagnosis.findings.evidence import Evidence, Finding
from vgglab.diagnosis.findings.fitting import FITTING, accuracy_of_regression
from vgglab.diagnosis.findings.in_keras import in_keras
from vgglab.diagnosis.findings.losses import BY_LOSSES, constant_outputs, learned_by_losses, rate_slow
from vgglab.diagnosis.findings.network import NETWORK
from vgglab.diagnosis.findings.own import for_own_network
from vgglab.diagnosis.findings.phases import in_phases
from vgglab.diagnosis.findings.scale import SCALES
from vgglab.diagnosis.findings.steps import STEPS
from vgglab.diagnosis.findings.units import initial_weights

__all__ = ["Evidence", "Finding", "diagnose", "findings_of"]

ABOUT_RATES = {
    "diverged",
    "learning_rate_too_large",
    "learning_rate_too_small",
    "signal_lost",
    "dead_units",
    "collapsed",
}
# In the order in which one causes the next.
STRUCTURE = (*FITTING, *DATA, *SCALES, *NETWORK, batches_of_one_class, initial_weights, steps_too_few)
SYMPTOMS = (*STEPS, constant_outputs, rate_slow)
REMARKS = (accuracy_of_regression,)
CONSEQUENCES = {"dead_units", "saturated_units"}  # shown beside the cause that they follow from
# In somebody's own script shown beside an error that was found before: what happened, or a cause of its own.
BESIDE = {"diverged", "learning_rate_too_large", "learning_rate_too_small"} | CONSEQUENCES
IMBALANCE = {"class_imbalance"}
SCALE = {"inputs_out_of_scale", "targets_out_of_scale"}
UNFIT = {"activation_mismatch", "labels_mismatch", "loss_mismatch"}
WEIGHTS, ORDER, SHORT = {"initial_weights"}, {"batches_of_one_class"}, {"training_too_short"}
COPIES = {"duplicates"}  # a simple model knows them
NO_START = UNFIT | SCALE | WEIGHTS | ORDER | SHORT | {"saturated_units"}
EXPLAINED = {
    "collapsed": IMBALANCE | NO_START,
    "constant_outputs": NO_START,
    "not_learned_yet": IMBALANCE | NO_START,
    "training_too_short": IMBALANCE,
    "signal_lost": NO_START,
    "labels_shuffled": IMBALANCE | {"labels_renamed"},
    "duplicates": {"images_constant"},
    "labels_noisy": COPIES,
    "learning_rate_too_large": SCALE,
    "learning_rate_too_large.adaptive": set(),  # the first step of Adam is the rate, whatever the scale
    "underfitting": IMBALANCE | SCALE | {"labels_noisy", "learning_rate_too_large"},
    "wrong_outputs": {"labels_mismatch"},
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
    found = found_by(STRUCTURE, evidence)
    if evidence.rows or evidence.status == "diverged":
        found = course_of(evidence, found)
    return [in_full(one, evidence) for one in ranked(explained(found + found_by(REMARKS, evidence)))]


def course_of(evidence: Evidence, found: list[Finding]) -> list[Finding]:
    """What was found in data and network, and what the training then shows; that all is well, where it is."""
    classes = evidence.kind in ("classes", "binary")
    by_losses = not (classes and evidence.scored and evidence.chance_known)
    if not certain(found):
        found = found + first_cause(SYMPTOMS, evidence)
    elif evidence.watched:
        found = found + [one for one in found_by(SYMPTOMS, evidence) if one["code"] in BESIDE]
    if not certain(found) and evidence.rows:
        found = found + first_and_remarks(found_by(BY_LOSSES if by_losses else COURSE, evidence))
    if evidence.rows and all(one["severity"] == "info" for one in found):
        healthy = [learned_by_losses(evidence)] if by_losses else [learned(evidence), *still_improving(evidence)]
        return [*healthy[:1], *found, *healthy[1:]]
    return found


def in_full(found: Finding, evidence: Evidence) -> Finding:
    """A finding with what to try as the run's phases want it, and what the range test says about its rate."""
    found = {**found, "try": for_own_network(in_phases(found["try"], evidence), evidence)}
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
    """The findings without those that another one explains, and of one code the first."""
    codes = {one["code"] for one in found if one["severity"] != "info"}
    first = {one["code"]: one for one in reversed(found)}
    return [one for one in found if first[one["code"]] is one and not causes_of(one) & codes]


def causes_of(found: Finding) -> set[str]:
    """Codes that explain a finding: those of its case, or else of its code."""
    code = found["code"]
    return EXPLAINED.get(f"{code}.{found['case']}", EXPLAINED.get(code, set()))


def certain(found: list[Finding]) -> bool:
    """Whether an error was found, which the rest would only repeat."""
    return any(one["severity"] == "error" for one in found)


def ranked(found: list[Finding]) -> list[Finding]:
    """The most severe first; among equals the order of the rules, causes before symptoms."""
    return sorted(found, key=lambda one: ("error", "warning", "info").index(one["severity"]))
