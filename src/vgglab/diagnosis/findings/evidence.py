"""What a run left behind, and the figures that several rules take from it."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import Any

from vgglab.diagnosis.findings.optimizers import RESETTING, within_scale

Finding = dict[str, Any]

CHANCE_LOSS_SHARE = 0.97  # of the loss of guessing; a network that learned anything at all is below
CONSTANT_SPREAD = 1e-3  # probabilities that differ by less between images do not depend on them
LEARNED_SHARE = 0.35  # of the loss of guessing; below, the training images are mostly known
LEAST_PROBED = 20  # images of the probe; fewer may well get one answer, or light up none of a layer, by chance
PROBE_HALF = 64  # images of each part that the probe has at most
ZERO_NORM = 1e-8  # of a kernel
NEAR_ZERO = 0.1  # of a kernel's initial norm; ten times too small
FEWEST_SETTLED = 4  # epochs
BELOW_CHANCE = 0.9  # of the loss of guessing; something was learned
FLAT = 0.97  # of the loss a quarter of the epochs before
DEAD = 0.99  # share of a layer's units; the rest cannot carry the signal


@dataclass(frozen=True)
class Evidence:
    """A run's status, history, signals and config, as `diagnose` takes them."""

    status: str
    message: str
    history: list[dict[str, Any]]
    signals: list[dict[str, Any]]
    classes: int
    config: dict[str, Any]
    rate_range: dict[str, Any] = field(default_factory=dict)
    watched: bool = False

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The epochs with a training loss; an accuracy that was not logged is that of the probe, where it has one."""
        lines = {line["epoch"]: line for line in self.lines}
        return [_with_probe(row, lines.get(row["epoch"], {})) for row in self.history if row["loss"] is not None]

    @cached_property
    def held_out(self) -> list[dict[str, Any]]:
        """The epochs with a validation loss."""
        return [row for row in self.rows if row["val_loss"] is not None]

    @cached_property
    def validated(self) -> list[dict[str, Any]]:
        """The epochs with a validation loss and accuracy."""
        return [row for row in self.held_out if None not in (row["accuracy"], row["val_accuracy"])]

    @property
    def scored(self) -> bool:
        """Whether every epoch has an accuracy, and a validation accuracy where it has a validation loss."""
        return len(self.validated) == len(self.held_out) and all(row["accuracy"] is not None for row in self.rows)

    @cached_property
    def start(self) -> dict[str, Any]:
        """The signals before the first step."""
        return next((line for line in self.signals if line["epoch"] == 0), {})

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """The signals of whole epochs."""
        return [line for line in self.signals if line["epoch"] > 0 and "dead" in line]

    @property
    def last(self) -> dict[str, Any]:
        """The signals of the last whole epoch; those before the first step where there was none."""
        return self.lines[-1] if self.lines else self.start

    @cached_property
    def first_epoch(self) -> dict[str, Any]:
        """The signals of the first epoch, whole or not."""
        return next((line for line in self.signals if line["epoch"] == 1), {})

    @property
    def data(self) -> dict[str, Any]:
        """What was found in images and labels."""
        return self.start.get("data") or {}

    @property
    def model(self) -> dict[str, Any]:
        """What is known of the network's layers, loss and outputs."""
        return self.start.get("model") or {}

    @property
    def task(self) -> dict[str, Any]:
        """What is learned, and how it is written; empty where it was not recorded: then it is classes."""
        return self.start.get("task") or {}

    @property
    def kind(self) -> str:
        """What is learned: `classes`, `binary`, `labels`, `regression` or `unknown`."""
        return self.task.get("kind", "classes")

    @property
    def regression(self) -> bool:
        """Whether real numbers are learned."""
        return self.kind == "regression"

    @cached_property
    def frequencies(self) -> list[float]:
        """Share of each class among the training images; all alike where they were not counted."""
        mean = self.task.get("mean")
        if self.kind == "binary" and mean is not None:
            ones = min(max((mean + 1) / 2 if self.task["form"] == "signs" else mean, 0.0), 1.0)
            return [1 - ones, ones]
        counts = self.data.get("counts", {}).get("training") or [1] * max(self.classes, 1)
        return [count / max(sum(counts), 1) for count in counts]

    @cached_property
    def chance_loss(self) -> float:
        """The lowest loss without looking at the inputs: of the best constant output, for these targets and this loss.

        Without a record of it the entropy of the classes' frequencies, at most ln C. Infinite where it is not known, or
        no measure as the loss may be negative: then nothing is at chance.
        """
        if not self.task:
            return max(-sum(share * math.log(share) for share in self.frequencies if share), 1e-9)
        guess = self.task.get("guess_loss")
        return guess if guess and guess > 0 else math.inf

    @property
    def chance_known(self) -> bool:
        """Whether the loss of guessing is known."""
        return math.isfinite(self.chance_loss)

    def guesses(self, row: dict[str, Any]) -> bool:
        """Whether an epoch's training loss is that of guessing."""
        return row["loss"] > CHANCE_LOSS_SHARE * self.chance_loss

    @property
    def at_chance(self) -> bool:
        """Whether the last epoch's training loss is that of guessing."""
        return bool(self.rows) and self.guesses({"loss": self.final_loss})

    @cached_property
    def final_loss(self) -> float:
        """The last epoch's training loss; in somebody's own script the probe's, where penalties or weights raise it."""
        loss, line = self.rows[-1]["loss"], self.last
        probed = (line.get("training") or {}).get("loss") if line.get("epoch") == self.rows[-1]["epoch"] else None
        return min(loss, probed) if self.watched and probed is not None else loss

    @property
    def stuck(self) -> bool:
        """Whether the output no longer depends on the input, so that no gradient tells inputs apart."""
        spread, between = self.last.get("spread"), (self.last.get("outputs") or {}).get("between")
        if self.regression:
            size = self.task.get("deviation")
            return self.well_probed and None not in (between, size) and between < CONSTANT_SPREAD * size
        return self.well_probed and spread is not None and spread < CONSTANT_SPREAD

    @property
    def well_probed(self) -> bool:
        """Whether enough images were shown to the network to say that it treats all of them alike."""
        parts = self.data.get("images", {}).values()
        return not parts or sum(min(count, PROBE_HALF) for count in parts) >= LEAST_PROBED

    @property
    def loss_in_training(self) -> float:
        """The training loss at the end, as in training: of the last epoch, or of the later half of the only one."""
        steps = [loss for loss in self.first_epoch.get("step_loss", []) if loss is not None]
        later = steps[len(steps) // 2 :]
        return sum(later) / len(later) if later and len(self.rows) == 1 else self.rows[-1]["loss"]

    @property
    def knows_training(self) -> bool:
        """Whether the training images are mostly learned."""
        explained = (self.last.get("fit") or {}).get("training") or 0.0
        guessing = self.chance_loss if self.chance_known else self.rows[0]["loss"] if self.rows else 0.0
        return explained > 1 - LEARNED_SHARE or (bool(self.rows) and self.loss_without_noise < LEARNED_SHARE * guessing)

    @property
    def loss_without_noise(self) -> float:
        """The last training loss, or that in inference where it is lower: without dropout, on images as they are."""
        inferred = (self.last.get("training") or {}).get("loss")
        return self.final_loss if inferred is None else min(self.final_loss, inferred)

    @property
    def optimizer(self) -> str:
        """The optimizer's name in lower case; "" where it is not known."""
        return (self.config.get("train.optimizer") or self.model.get("optimizer", "")).lower()

    @property
    def may_be_noise(self) -> bool:
        """Whether what is not learned may lie in the targets: of somebody's own table or text nobody knows."""
        return self.watched and not (self.start.get("input") or {}).get("images")

    @property
    def settled(self) -> bool:
        """Whether a loss that may be noise came below that of guessing, and no longer falls: no step would help."""
        losses = [row["loss"] for row in self.rows]
        if not self.may_be_noise or len(losses) < FEWEST_SETTLED or self.final_loss > BELOW_CHANCE * self.chance_loss:
            return False
        return losses[-1] > FLAT * losses[-len(losses) // 4 - 1]

    @property
    def failed(self) -> bool:
        """Whether the run ended without having learned anything."""
        return self.status == "diverged" or self.at_chance

    @property
    def rate(self) -> float | None:
        """The learning rate of the first epoch."""
        phases = self.config.get("train.phases") or [{"learning_rate": self.config.get("train.learning_rate")}]
        return phases[0]["learning_rate"] or next((row.get("learning_rate") for row in self.rows), None)

    @cached_property
    def sampled_updates(self) -> list[tuple[int, dict[str, float]]]:
        """(step, layer -> relative change of its kernel) for the sampled steps of the first epoch."""
        line = self.first_epoch
        steps = {1: line.get("first_update", {})} | {
            int(key): found for key, found in line.get("step_update", {}).items()
        }
        began = self.start.get("norm") or {}  # a change relative to a kernel of zeros is no measure
        finite = {
            step: {k: v for k, v in found.items() if v is not None and (began.get(k) is None or began[k] > ZERO_NORM)}
            for step, found in steps.items()
        }
        own = 2 if self.watched and self.optimizer in RESETTING else 1  # the first step that the rate has a say in
        return [(step, finite[step]) for step in sorted(finite) if finite[step] and step >= own]

    @cached_property
    def largest_update(self) -> tuple[str, float, int]:
        """Layer, relative change and step of the largest sampled change of a kernel; ("", 0.0, 0) without one."""
        found = [(name, value, step) for step, changes in self.sampled_updates for name, value in changes.items()]
        return max(found, key=lambda one: one[1], default=("", 0.0, 0))

    @cached_property
    def typical_update(self) -> float | None:
        """Median relative change of a kernel in the sampled steps after the first, or in the first alone."""
        later = [changes for step, changes in self.sampled_updates if step > 1]
        values = [value for changes in later or [one for _, one in self.sampled_updates] for value in changes.values()]
        return median(values) if values else None

    @cached_property
    def moved(self) -> float:
        """How far kernels came in all, at most, in units of their size: the median of them, summed over the looks."""
        updates = [[value for value in line.get("update", {}).values() if value is not None] for line in self.lines]
        return sum(median(values) for values in updates if values)

    @cached_property
    def left_at_zero(self) -> bool:
        """Whether kernels that the first step took to about zero are there at the end, and nothing was learned."""
        began, ended = self.start.get("norm") or {}, self.last.get("norm") or {}
        ratios = [ended.get(name, 0.0) / norm for name, norm in began.items() if norm and ended.get(name) is not None]
        resets = self.watched and self.optimizer in RESETTING and self.at_chance and bool(ratios)
        return resets and median(ratios) < NEAR_ZERO

    @cached_property
    def worst_step_loss(self) -> float | None:
        """The largest loss of a step of the first epoch, in units of the loss of guessing."""
        losses = [loss for loss in self.first_epoch.get("step_loss", []) if loss is not None]
        return max(losses) / self.chance_loss if losses else None

    @cached_property
    def first_step_loss(self) -> float:
        """The loss before any step, in units of the loss of guessing; 1 where it was not recorded."""
        losses = self.first_epoch.get("step_loss") or [None]
        return 1.0 if losses[0] is None else losses[0] / self.chance_loss

    @cached_property
    def dead_layers(self) -> dict[str, float]:
        """Activation layer -> share of its dead units, for those that let nothing through."""
        found = self.last.get("dead", {}) if self.well_probed else {}
        return {name: share for name, share in found.items() if share >= DEAD}

    def dead_since(self, layer: str) -> int:
        """The epoch since which a layer lets nothing through, to the end; 0 for before the first step."""
        shares = {line["epoch"]: line.get("dead", {}).get(layer, 0) for line in [self.start, *self.lines] if line}
        alive = max((epoch for epoch, share in shares.items() if share < DEAD), default=-1)
        return min((epoch for epoch in shares if epoch > alive), default=0)

    @property
    def frozen(self) -> bool:
        """Whether layers of a pretrained network are frozen to the end."""
        return self.pretrained and self._freezes

    @property
    def frozen_backbone(self) -> str:
        """The published network of which layers are frozen to the end, trained before or not; "" for none."""
        return (self.config.get("backbone.name") or "") if self._freezes else ""

    @property
    def _freezes(self) -> bool:
        phases = self.config.get("train.phases") or [{"freeze": self.config.get("train.freeze")}]
        return phases[-1]["freeze"] not in (None, "none")

    @property
    def pretrained(self) -> bool:
        """Whether the network, or a part of it, was trained before."""
        name, weights = self.config.get("backbone.name"), self.config.get("backbone.weights")
        return bool(name or weights) and weights != "none"


def _with_probe(row: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    """An epoch with the probe's accuracies where it has none of its own."""
    found = {"accuracy": line.get("training"), "val_accuracy": line.get("validation")}
    given = {name: (half or {}).get("accuracy") for name, half in found.items() if row.get(name) is None}
    return row | {name: value for name, value in given.items() if value is not None} if given else row


def measured(value: Any, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    """A figure of a finding's evidence with its healthy range; None for an open end, both for no range."""
    low, high = _finite(low), _finite(high)
    rounded = float(f"{value:.4g}") + 0.0 if isinstance(value, float) else value  # no -0
    return {"value": _finite(rounded), "healthy": None if low is None and high is None else [low, high]}


def _finite(value: Any) -> Any:
    """The value; None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def finding(
    code: str,
    severity: str,
    evidence: dict[str, Any],
    fix: dict[str, Any] | None = None,
    case: str = "",
    epoch: int | None = None,
    **values: Any,
) -> Finding:
    """A finding; `values` are what its sentence names, `epoch` is one of them."""
    values = {name: _finite(value) for name, value in values.items()} | {"epoch": epoch}
    return {
        "code": code,
        "case": case,
        "severity": severity,
        "epoch": epoch,
        "values": values,
        "evidence": evidence,
        "try": fix or {},
    }


def listed(names: Any, most: int = 3) -> str:
    """The first few of some names, and how many more there are."""
    names = list(names)
    return ", ".join(names[:most]) + (f" (+{len(names) - most})" if len(names) > most else "")


def scaled_rate(evidence: Evidence, factor: float) -> dict[str, float]:
    """The learning rate times `factor`, as a power of ten: what to try, in the optimizer's own scale."""
    if not evidence.rate:
        return {}
    rate = float(f"1e{round(math.log10(evidence.rate * factor))}")
    return {"train.learning_rate": within_scale(evidence.optimizer, rate, factor > 1) if evidence.watched else rate}


def smaller_rate(evidence: Evidence) -> dict[str, float]:
    """What the range test suggests; else the rate at which the first step changes no kernel by more than a fiftieth.

    Without the range test it is at most a tenth of the run's.
    """
    suggested = evidence.rate_range.get("suggested")
    if suggested and suggested < (evidence.rate or 0):
        return {"train.learning_rate": suggested}
    first = next((changes.values() for step, changes in evidence.sampled_updates if step == 1), ())
    return scaled_rate(evidence, min(max(0.02 / max(*first, 0.02, 0.0), 1e-4), 0.1))


def at_end(evidence: Evidence) -> dict[str, Any]:
    """How a run stands at its end: loss against guessing, variety of the predictions."""
    last = evidence.last
    found = {"chance_loss": measured(evidence.chance_loss)} if evidence.chance_known else {}
    if evidence.rows:
        found["loss"] = measured(evidence.rows[-1]["loss"], None, round(LEARNED_SHARE * evidence.chance_loss, 3))
    if last.get("spread") is not None and "classes_predicted" in last:
        found["spread"] = measured(last["spread"], 0.1)
        found["classes_predicted"] = measured(last["classes_predicted"], min(evidence.classes, 3))
    explained = (last.get("fit") or {}).get("training")
    return found if explained is None else found | {"explained": measured(explained, 1 - LEARNED_SHARE, 1.0)}
