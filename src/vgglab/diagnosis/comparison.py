"""Why runs of a study differ, from what each recorded: run folders -> sentences with evidence. Imports no backend."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from vgglab.config.schema import APART, option_name
from vgglab.diagnosis.catalog import DIFFERENCES
from vgglab.diagnosis.findings import Evidence, Finding
from vgglab.diagnosis.findings.comparable import figures_of
from vgglab.diagnosis.reading import Numbers, describe, evidence_of, label, read_findings, translations, written
from vgglab.errors import RunError
from vgglab.runs.store import Run

Difference = dict[str, Any]

MOST_FIELDS = 3  # config fields in which two runs may differ, for the difference to be put down to them
CLEARLY = 2.0  # times the other run's figure
SURE = 2.0  # standard errors between two validation accuracies
# Code -> config field -> 1 where more of it is what the finding asks for, -1 where less is.
_SMALLER, _LONGER = {"train.learning_rate": -1}, {"train.epochs": 1, "train.batch_size": -1}
_VARIED = {"model.dropout": 1, "backbone.head_dropout": 1, "augment.crop": 1}
_VARIED |= {"augment.randaugment": 1, "augment.cutout": 1}
ASKED_FOR = {
    "overfitting": _VARIED | {"train.weight_decay": 1, "train.epochs": -1, "model.width": -1},
    "underfitting": {"model.dropout": -1, "backbone.head_dropout": -1, "model.width": 1, "train.epochs": 1},
    "training_too_short": _LONGER,
    "not_learned_yet": _LONGER,
    "statistics_unsettled": _LONGER | {"train.settle_batch_norm": 1},
    "learning_rate_too_small": {"train.learning_rate": 1, "train.epochs": 1},
    "learning_rate_too_large": _SMALLER,
    "validation_unsettled": _SMALLER,
    "diverged": _SMALLER | {"train.clip_norm": 1},
    "dead_units": _SMALLER,
}
LESS = 0.8  # of another run's validation loss, where there is no accuracy and hence no error to go by
FEW_IMAGES = 100  # validation images, where no record says how many there were


@dataclass(frozen=True)
class Told:
    """A run, and what a comparison takes from it."""

    run: Run

    @cached_property
    def evidence(self) -> Evidence:
        """Its status, history, signals and config."""
        return evidence_of(self.run)

    @cached_property
    def warnings(self) -> list[Finding]:
        """What is wrong with it, the most severe first."""
        return [found for found in read_findings(self.run) if found["severity"] != "info"]

    def read(self, damaged: Callable[[RunError], None] | None) -> bool:
        """Read everything; whether that can be done, where `damaged` is told of what cannot.

        Raises:
            RunError: a record is damaged, and there is nothing to tell of it.
        """
        try:
            self.evidence, self.warnings, self.images  # noqa: B018 - they are kept once they are read
        except RunError as error:
            if damaged is None:
                raise
            damaged(error)
            return False
        return True

    @cached_property
    def config(self) -> dict[str, Any]:
        """Dotted config field -> value."""
        return self.run.settings

    @cached_property
    def accuracy(self) -> float:
        """The validation accuracy of its best epoch; 0 without one."""
        return (self.run.best or {}).get("val_accuracy") or 0.0

    @property
    def by_loss(self) -> bool:
        """Whether its losses are all there is to judge it by."""
        return self.run.watched and not any(row["val_accuracy"] is not None for row in self.run.history)

    @cached_property
    def loss(self) -> float:
        """The validation loss of its best epoch; infinite without one."""
        lowest = (self.run.best or {}).get("val_loss")
        return math.inf if lowest is None else lowest

    @cached_property
    def task(self) -> dict[str, Any]:
        """What of a watched run tells its data from others."""
        return {**self.evidence.task, "images": self.evidence.data.get("images")}

    @cached_property
    def error(self) -> float:
        """Standard error of that accuracy, from the number of validation images."""
        share = min(max(self.accuracy, 1 / self.images), 1 - 1 / self.images)
        return math.sqrt(share * (1 - share) / self.images)

    @cached_property
    def images(self) -> int:
        """Validation images."""
        count = self.evidence.data.get("images", {}).get("validation")
        if not count and (self.run.folder / "split.json").exists():
            count = len(self.run.split["validation"])
        return count or FEW_IMAGES


def explain_differences(
    runs: Sequence[Run], language: str = "en", damaged: Callable[[RunError], None] | None = None
) -> list[Difference]:
    """For each run that another one beats clearly: the run most like it that does, what differs, and what was recorded.

    Runs are held against each other that share the data and differ in at most MOST_FIELDS config fields. "Clearly" is
    by more than SURE standard errors of the best epochs' validation accuracies.

    Args:
        runs: of a study, or any others.
        language: `en` or `fr`.
        damaged: told of each run whose signals or findings are damaged, which is then left out; None refuses it.

    Returns:
        Dicts with `sentence`, `runs` (names: the worse, the better), `fields` (config field -> values of the two),
        `finding` (code of the worse run's finding that is cited, or None) and `evidence` (name -> `values` of the two,
        `healthy`, `label`), in the order of the runs.

    Raises:
        RunError: a run is damaged, and there is nothing to tell of it.
        UsageError: there is no such language.
    """
    told = [one for one in map(Told, runs) if (one.run.history or one.run.status == "diverged") and one.read(damaged)]
    pairs = [(worse, better) for worse in told if (better := nearest_better(worse, told)) is not None]
    return [explain(worse, better, language) for worse, better in pairs]


def nearest_better(worse: Told, others: Sequence[Told]) -> Told | None:
    """Of the runs that are clearly better the one that differs in the fewest fields; the best of equals."""
    candidates = []
    for other in others:
        if not comparable(worse, other) or not clearly_better(other, worse):
            continue
        fields = differing(worse, other)
        alike = 0 < len(fields) <= MOST_FIELDS and not any(field.startswith("data.") for field in fields)
        if alike and not other.evidence.failed:
            candidates.append((len(fields), -other.accuracy, other))
    return min(candidates, key=lambda one: one[:2])[2] if candidates else None


def comparable(one: Told, other: Told) -> bool:
    """Whether both were trained by vgglab, or both by scripts, with the same loss on what looks like the same data."""
    if one.run.watched != other.run.watched or one.by_loss != other.by_loss:
        return False
    same = one.run.watched and one.config.get("train.loss") == other.config.get("train.loss")
    return not one.run.watched or (same and one.task == other.task)


def clearly_better(one: Told, other: Told) -> bool:
    """Whether a run does better than another by more than chance; by its loss where there is no accuracy."""
    if one.by_loss:
        return 0 <= one.loss < LESS * other.loss
    return one.accuracy - other.accuracy > SURE * math.hypot(one.error, other.error)


def differing(one: Told, other: Told) -> dict[str, tuple[Any, Any]]:
    """Config field -> its values in two runs, where they are not alike; the seed only where nothing else differs."""
    both = [field for field in one.config if field in other.config and field not in APART]
    pairs = {field: (one.config[field], other.config[field]) for field in both}
    unlike = {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}
    return {field: pair for field, pair in unlike.items() if field != "train.seed"} or unlike


def explain(worse: Told, better: Told, language: str) -> Difference:
    """What differs between two runs, in a sentence or three."""
    fields = differing(worse, better)
    finding, evidence = cited(worse, better, language)
    return {
        "sentence": " ".join(sentences(worse, better, finding, evidence, language)),
        "runs": [worse.run.name, better.run.name],
        "fields": {field: list(values) for field, values in fields.items()},
        "finding": finding["code"] if finding else None,
        "evidence": evidence,
    }


def cited(worse: Told, better: Told, language: str) -> tuple[Finding | None, dict[str, Any]]:
    """The worse run's finding that tells the two apart, and its figures side by side, the one that says most first.

    A finding that both have counts only where a figure of it is clearly apart; one against which the better run's
    settings go does not count.
    """
    fields = differing(worse, better)
    theirs = {found["code"] for found in better.warnings}
    for finding in worse.warnings:
        if goes_against(finding, fields):
            continue
        evidence = contrast(finding, worse, better, language)
        apart = {name: ratio(*figure["values"]) for name, figure in evidence.items()}
        first = next((name for name in apart if apart[name] > CLEARLY), None)
        if finding["code"] not in theirs or first:
            return finding, {first: evidence[first], **evidence} if first else {}
    return None, {}


def goes_against(finding: Finding, fields: dict[str, tuple[Any, Any]]) -> bool:
    """Whether the better run has less of what the finding asks for, or more of what it is said to have too much of."""
    asked = ASKED_FOR.get(finding["code"], {})
    pairs = [(asked[field], *(value or 0 for value in pair)) for field, pair in fields.items() if field in asked]
    return any((better - worse) * direction < 0 for direction, worse, better in pairs)


def ratio(mine: float, theirs: float) -> float:
    """How many times one figure is the other, whichever is larger."""
    small, large = sorted((abs(mine), abs(theirs)))
    return large / max(small, 1e-9)


def sentences(worse: Told, better: Told, finding: Finding | None, evidence: dict[str, Any], language: str) -> list[str]:
    """What came of the two, what was found in the worse, and the figure that tells them apart."""
    say = partial(tell, language)
    said = [outcome(worse, better, say)]
    if finding is None:
        return [*said, say("nothing", name=worse.run.name)]
    said.append(say("cause", name=worse.run.name, finding=describe(finding, language)["sentence"]))
    if any(found["code"] == finding["code"] for found in better.warnings):
        said.append(say("shared", other=better.run.name))
    for figure in list(evidence.values())[:1]:
        mine, theirs = figure["values"]
        said.append(say("contrast", label=figure["label"], worse=mine, better=theirs, other=better.run.name))
    return said


def tell(language: str, key: str, **values: Any) -> str:
    """A sentence of DIFFERENCES."""
    return Numbers(language).vformat(translations(language).gettext(DIFFERENCES[key]), (), values)


def outcome(worse: Told, better: Told, say: Callable[..., str]) -> str:
    """What came of two runs, with the settings in which they differ."""
    fields = differing(worse, better)
    told = {"settings": assigned(fields, 0), "others": assigned(fields, 1)}
    told |= {"name": worse.run.name, "other": better.run.name}
    diverged = worse.run.status == "diverged"
    if worse.by_loss:
        return say("diverged_by_loss" if diverged else "worse_by_loss", better=better.loss, worse=worse.loss, **told)
    case = "diverged" if diverged else "stuck" if worse.evidence.failed else "worse"
    figures = {"better": better.accuracy, "worse": worse.accuracy, "trained": better.evidence.rows[-1]["accuracy"]}
    return say(case, **figures, **told)


def assigned(fields: dict[str, tuple[Any, Any]], place: int) -> str:
    """`optimizer=adam, learning_rate=0.1`: the settings of one of two runs."""
    return ", ".join(f"{option_name(field)}={written(values[place])}" for field, values in fields.items())


def contrast(finding: Finding, worse: Told, better: Told, language: str) -> dict[str, Any]:
    """The figures of a finding that both runs recorded, side by side, those that say most first."""
    mine, theirs = figures_of(worse.evidence), figures_of(better.evidence)
    return {
        name: {
            "values": [mine[name], theirs[name]],
            "healthy": finding["evidence"][name]["healthy"],
            "label": label(name, language),
        }
        for name in mine
        if name in finding["evidence"] and name in theirs
    }
