"""Findings about the course of a training that only losses tell: of real numbers, or without an accuracy."""

import itertools
import math

from vgglab.diagnosis.findings.course import (
    BARELY,
    JUMP,
    OVERFIT_RISE,
    falls,
    flat_since,
    jumps_of,
    last_change,
    not_learned_yet,
    statistics_unsettled,
    training_too_short,
    validation_at_chance,
)
from vgglab.diagnosis.findings.evidence import LEARNED_SHARE, Evidence, Finding, at_end, finding, measured, scaled_rate

CONSTANT = 0.02  # deviation of the outputs between inputs, relative to that of the targets
UNEXPLAINED = 0.1  # share of the variance; less is next to none
WIDE_GAP = 0.1  # validation above training loss, in losses of guessing
BY_HEART = 0.15  # the same, where the validation loss does not rise
LONG = 10  # epochs, or more, whose course can be called smooth
SMOOTH = 0.95  # share of the epochs in which the loss falls
STRAIGHT = 0.5  # fall in the later half, relative to that in the first
FLAT = 0.97  # of the first epoch's loss
LITTLE = 0.02  # of the loss of guessing; a best epoch that is better than those beside it by less is no luck
LARGE_STEP = 0.1  # change of a kernel by a step; healthy is less


def constant_outputs(evidence: Evidence) -> Finding | None:
    """One and the same number for every input of a regression."""
    spread, size = (evidence.last.get("outputs") or {}).get("between"), evidence.task.get("deviation")
    explained = (evidence.last.get("fit") or {}).get("training")
    if not evidence.regression or not evidence.rows or not evidence.well_probed or None in (spread, size):
        return None
    if not size or spread >= CONSTANT * size or evidence.knows_training or (explained or 0.0) > UNEXPLAINED:
        return None
    large = evidence.largest_update[1] > LARGE_STEP
    figures = at_end(evidence) | {"outputs_between": measured(spread, round(0.1 * size, 6))}
    fix, values = scaled_rate(evidence, 0.1) if large else {}, {"between": spread, "deviation": size}
    return finding("constant_outputs", "error", figures, fix, "" if large else "quiet", **values)


def overfitting_by_losses(evidence: Evidence) -> Finding | None:
    """Training examples learned by heart, as the two losses show it."""
    rows, scale = evidence.held_out, _scale(evidence)
    best = min(rows, key=lambda row: row["val_loss"], default=None)
    if best is None or len(rows) < 3 or not scale:
        return None
    last = rows[-1]
    gap, since = (last["val_loss"] - last["loss"]) / scale, best["epoch"]
    lowest = best["val_loss"] if best["val_loss"] > 0 else math.inf
    rises = min(row["val_loss"] for row in rows[-2:]) >= (1 + OVERFIT_RISE) * lowest and last["loss"] < best["loss"]
    by_heart = gap >= max(BY_HEART, _chance_of_gap(evidence)) and evidence.knows_training
    if not (rises and gap >= WIDE_GAP) and not by_heart:
        return None
    figures = {"loss": measured(last["loss"]), "gap_loss": measured(gap, 0, 0.05)}
    figures["val_loss"] = measured(last["val_loss"], 0, round((1 + OVERFIT_RISE) * best["val_loss"], 4))
    values = {"first_loss": best["loss"], "loss": last["loss"], "lowest": best["val_loss"]}
    values |= {"val_loss": last["val_loss"], "gap": gap}
    fix = {"train.epochs": since} if rises else {}
    case, epoch = ("", since) if rises else ("gap_losses", None)
    return finding("overfitting", "warning", figures | _explained(evidence), fix, case, epoch, **values)


def unsettled_by_losses(evidence: Evidence) -> Finding | None:
    """A validation loss that jumps up and down again, where there is no accuracy to tell what that costs."""
    figures = {"lowest_val_loss": measured(min((row["val_loss"] for row in evidence.held_out), default=0.0))}
    scale = _scale(evidence) if evidence.held_out else 0.0
    return jumps_of(evidence, evidence.held_out, scale, _luck, figures) if scale else None


def _luck(evidence: Evidence) -> float:
    """By how much the lowest validation loss is below those beside it, beyond a jump: then it was luck."""
    losses = [row["val_loss"] for row in evidence.held_out]
    best = losses.index(min(losses))
    beside = min(losses[max(best - 1, 0) : best] + losses[best + 1 : best + 2])
    return min(beside - (1 + JUMP) * losses[best], beside - losses[best] - LITTLE * _scale(evidence))


def _scale(evidence: Evidence) -> float:
    """What a loss is measured by: the loss of guessing, or where it is not known, that of the first epoch."""
    return evidence.chance_loss if evidence.chance_known else max(evidence.rows[0]["loss"], 0.0)


def _chance_of_gap(evidence: Evidence) -> float:
    """A gap that so few validation examples may have by chance, in losses of guessing."""
    count = evidence.data.get("images", {}).get("validation", 0)
    return 2 / math.sqrt(count) if count else 0.0


def _explained(evidence: Evidence) -> dict:
    """Share of the variance that is explained, of each half of the probe."""
    fit, names = evidence.last.get("fit") or {}, {"training": "explained", "validation": "explained_validation"}
    return {name: measured(fit[half], 0.9, 1.0) for half, name in names.items() if fit.get(half) is not None}


def rate_slow(evidence: Evidence) -> Finding | None:
    """A loss that falls in a smooth straight line, epoch after epoch, and is still high: steps could be larger."""
    losses, typical = [row["loss"] for row in evidence.rows], evidence.typical_update
    if not evidence.watched or len(losses) < LONG or evidence.knows_training or not _straight(losses):
        return None
    if typical is not None and typical > LARGE_STEP:
        return None
    fall = 1 - losses[-1] / losses[0]
    figures = {"fall_in_all": measured(fall, 1 - LEARNED_SHARE, 1.0)} | at_end(evidence)
    values = {"rate": evidence.rate, "epochs": len(losses), "first_loss": losses[0], "loss": losses[-1]}
    return finding("learning_rate_too_small", "warning", figures, scaled_rate(evidence, 10.0), "slow", **values)


def _straight(losses: list[float]) -> bool:
    """Whether losses fall all the time, at the end about as much as at the beginning."""
    changes = [after - before for before, after in itertools.pairwise(losses)]
    middle = len(losses) // 2
    early, late = losses[0] - losses[middle], losses[middle] - losses[-1]
    smooth = sum(change < 0 for change in changes) >= SMOOTH * len(changes)
    return smooth and losses[0] > 0 and late >= STRAIGHT * early and early > 0


def loss_flat(evidence: Evidence) -> Finding | None:
    """A training loss that does not fall, where that of guessing is not known."""
    losses = [row["loss"] for row in evidence.rows]
    if evidence.chance_known or len(losses) < 3 or losses[0] <= 0 or min(losses) < FLAT * losses[0]:
        return None
    figures, fix = update_and_loss(evidence), {"train.epochs": 3 * len(losses)}
    values = {"first_loss": losses[0], "loss": losses[-1]}
    return finding("not_learned_yet", "warning", figures, fix, "flat", evidence.rows[-1]["epoch"], **values)


def update_and_loss(evidence: Evidence) -> dict:
    """The loss at the end, and how it changed last."""
    return {"loss": measured(evidence.rows[-1]["loss"]), "fall": measured(-last_change(evidence), 0)}


def underfitting_by_losses(evidence: Evidence) -> Finding | None:
    """Targets that are not reached, and no longer getting nearer."""
    if not evidence.chance_known or evidence.knows_training or len(evidence.rows) < 3 or falls(evidence):
        return None
    loss, chance = evidence.rows[-1]["loss"], evidence.chance_loss
    if loss >= BARELY * chance or last_change(evidence) < -0.02:
        return None
    severity = "info" if evidence.may_be_noise else "warning"
    values = {"loss": loss, "chance": chance, "share": loss / chance}
    return finding("underfitting", severity, at_end(evidence), {}, "losses", flat_since(evidence), **values)


def learned_by_losses(evidence: Evidence) -> Finding:
    """Nothing is wrong, as far as losses tell."""
    row, figures = evidence.rows[-1], at_end(evidence) | _explained(evidence)
    figures.setdefault("loss", measured(row["loss"]))
    values = {"loss": row["loss"], "chance": evidence.chance_loss, "first_loss": evidence.rows[0]["loss"]}
    values |= {"val_loss": row["val_loss"], "explained": (evidence.last.get("fit") or {}).get("training")}
    if row["val_loss"] is not None:
        figures["val_loss"] = measured(row["val_loss"])
    case = "losses" if evidence.chance_known else "curve"
    return finding("learned", "info", figures, case=case if evidence.held_out else f"{case}_alone", **values)


BY_LOSSES = (
    statistics_unsettled,
    unsettled_by_losses,
    overfitting_by_losses,
    validation_at_chance,
    training_too_short,
    loss_flat,
    not_learned_yet,
    underfitting_by_losses,
)
