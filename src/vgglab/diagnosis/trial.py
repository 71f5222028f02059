"""How a finding's suggestion is tried: two short trainings that differ in it alone, and what confirms it. Pure.

The budget: at most BUDGET floating point operations a training (about a minute on two cores), by the network's own
count; where the whole data is too much, both trainings see fewer images, then fewer epochs.

What confirms, by what the finding is about:
    training     what keeps a network from learning (the default): the loss of the last epoch is at most CONFIRMED of
                 the unchanged one, and of that of guessing.
    validation   overfitting, and a validation that is unlike the network (VALIDATED): the mean validation loss of the
                 later half of the epochs is at most CONFIRMED of the unchanged one; or, for overfitting, it is no
                 worse and the gap of accuracy is at most half.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from vgglab.config.resolve import make_config
from vgglab.config.schema import RunConfig
from vgglab.diagnosis.findings import Finding
from vgglab.diagnosis.findings.phases import stretched

BUDGET = 1e13  # floating point operations of one short training
TRAINING_COST = 3  # forward and backward pass, in forward passes
SHORT = 5  # epochs that tell whether a network learns at all
LEAST_IMAGES, LEAST_EPOCHS = 200, 2
VALIDATED = ("overfitting", "validation_unsettled", "statistics_unsettled")
UNTRIED = ("class_imbalance",)  # what class weights are worth is in the classes' accuracies, and no loss shows it
CONFIRMED = 0.9

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """Two short trainings.

    Attributes:
        before: the run's config, shortened.
        after: the same with the suggestion.
        images: training images that each sees.
        recorded: epochs of the run's own history that tell what `before` would; 0 where it must be trained.
    """

    before: RunConfig
    after: RunConfig
    images: int
    recorded: int


def measure_of(finding: Finding) -> str:
    """`training` or `validation`: the loss that a suggestion should lower."""
    dropout = finding["code"] == "underfitting" and finding["case"] == "dropout"
    return "validation" if finding["code"] in VALIDATED or dropout else "training"


def plan_trial(config: RunConfig, finding: Finding, images: int, flops: int) -> Trial:
    """The two short trainings for a finding.

    Args:
        config: of the run.
        finding: has a suggestion.
        images: training images of the run.
        flops: of one image's forward pass.
    """
    tree = config.model_dump(mode="json")
    changed = make_config(tree, dict(finding["try"]), "what to try")
    wanted = short_epochs(config, finding)
    once = computes_once(config) and computes_once(changed)
    seen, epochs = (images, wanted) if once else within_budget(images, wanted, flops, config.train.batch_size)
    limit = seen if seen < images else config.data.limit
    longer = changed.train.epochs / config.train.epochs if "train.epochs" in finding["try"] else 1.0
    before = shortened(config, epochs, limit)
    after = shortened(changed, max(math.ceil(epochs * longer), 1), limit)
    own = limit == config.data.limit and follows_history(config, epochs)
    return Trial(before, after, seen, epochs if own else 0)


def short_epochs(config: RunConfig, finding: Finding) -> int:
    """Epochs after which the finding shows: all of them where the end matters, else SHORT, or where it happens."""
    whole = config.train.epochs
    if measure_of(finding) == "validation" or "train.epochs" in finding["try"]:
        return whole
    return min(whole, max(SHORT, finding["epoch"] or 0))


def computes_once(config: RunConfig) -> bool:
    """Whether only a head is trained, on features that are computed once: it costs next to nothing."""
    return config.train.cache and not config.augment.used and all(phase.freeze == "all" for phase in config.phases)


def within_budget(images: int, epochs: int, flops: int, batch_size: int) -> tuple[int, int]:
    """Images and epochs that the budget allows: fewer images first."""
    allowed = int(BUDGET / max(TRAINING_COST * flops, 1))
    least = min(images, max(LEAST_IMAGES, batch_size))
    seen = max(min(images, allowed // epochs), least)
    return seen, max(min(epochs, allowed // seen), min(epochs, LEAST_EPOCHS))


def shortened(config: RunConfig, epochs: int, limit: int | None) -> RunConfig:
    """The config for so many epochs and at most `limit` images; phases keep their shares."""
    tree = config.model_dump(mode="json")
    if tree["train"]["phases"]:
        tree["train"]["phases"] = stretched(tree["train"]["phases"], epochs)
        epochs = sum(phase["epochs"] for phase in tree["train"]["phases"])
    tree["train"] |= {"epochs": epochs, "warmup": min(tree["train"]["warmup"], epochs), "signals": False}
    tree["data"]["limit"] = limit
    return make_config(tree, source="short training")


def follows_history(config: RunConfig, epochs: int) -> bool:
    """Whether the run's own first epochs are what a shorter training would do: nothing depends on how long it is."""
    steady = not config.train.phases and config.train.schedule == "constant" and config.train.warmup <= epochs
    return steady or epochs == config.train.epochs


def judge(finding: Finding, before: Sequence[Row], after: Sequence[Row], chance: float) -> dict[str, Any]:
    """Whether the suggestion did what it should.

    Args:
        finding: what was found.
        before: the history of the unchanged training; may end early where it diverged.
        after: that of the changed one.
        chance: loss of guessing.

    Returns:
        `measure`, the measured loss `before` and `after` (None where there is none), and `confirmed`.
    """
    measure = measure_of(finding)
    old, new = (loss_of(rows, measure) for rows in (before, after))
    confirmed = new is not None and new <= CONFIRMED * min(math.inf if old is None else old, chance)
    if finding["code"] == "overfitting" and None not in (old, new):
        confirmed = confirmed or (new <= old and 0 < gap_of(before) >= 2 * gap_of(after))
    return {"measure": measure, "before": old, "after": new, "confirmed": bool(confirmed)}


def loss_of(rows: Sequence[Row], measure: str) -> float | None:
    """The loss that decides; None where it is no number."""
    if not rows:
        return None
    if measure == "training":
        return rows[-1]["loss"]
    values = [row["val_loss"] for row in rows[len(rows) // 2 :]]
    return None if None in values else round(fmean(values), 6)


def gap_of(rows: Sequence[Row]) -> float:
    """Accuracy on training above that on validation images, in the last epoch."""
    return round((rows[-1]["accuracy"] or 0.0) - (rows[-1]["val_accuracy"] or 0.0), 4)
