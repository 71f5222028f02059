"""Findings about the course of a training that got away from guessing: too little, too much, or unlike validation."""

import itertools
import math
from collections.abc import Callable

from vgglab.diagnosis.findings.data import error_of
from vgglab.diagnosis.findings.evidence import Evidence, Finding, at_end, finding, measured, scaled_rate
from vgglab.diagnosis.findings.steps import lacks_batch_norm, settle, settled, update_figures, weak_gradient

INITIAL_SHARE = 0.01  # of BatchNormalization's initial statistics; less does not show
MISJUDGED = 2.0  # loss on training images in inference, relative to the loss in training
VALIDATION_CHANCE_SHARE = 0.9  # of the loss of guessing; a validation loss never below has not left it
JUMP = 0.25  # a change of the validation loss from one epoch to the next, relative
JUMP_SIZE = 0.15  # and in losses of guessing: a jump of a loss that is next to nothing is none
LITTLE = 0.02  # of validation accuracy; a best epoch that is better than those beside it by less is no luck
SURELY = 2.0  # standard errors
LATE = 10  # epochs, or the second half: jumps before do not say that the last epoch is one
OVERFIT_RISE = 0.1  # rise of the validation loss over its minimum, relative
SUSTAINED = 2  # epochs; a rise in the last one alone may be a jump
OVERFIT_GAP = 0.1  # accuracy on training images above that on validation images
BY_HEART = 0.15  # the same gap, where the validation loss does not rise
STALLED = 0.9  # training loss at the end, relative to that at the lowest validation loss
STALLED_SINCE = 0.7  # of the epochs: the lowest validation loss lies before
STALLED_GAP = 0.08  # of accuracy, where training gained and validation did not
FALLING = 0.02  # of the loss in an epoch: still learning; less is flat
FEWEST_STEPS = 8  # of an only epoch; the losses of fewer batches differ by chance
LATE_START = 1 / 3  # of the epochs at the loss of guessing before the first below it
BARELY = 0.9  # of the loss of guessing; a loss above shows next to nothing learned


def statistics_unsettled(evidence: Evidence) -> Finding | None:
    """BatchNormalization's moving statistics are not those of the network as it is."""
    if not evidence.held_out or evidence.rows[-1]["loss"] > 0.7 * evidence.chance_loss or settled(evidence):
        return None
    last, share = evidence.held_out[-1], evidence.last.get("initial_statistics", 0.0)
    inferred = (evidence.last.get("training") or {}).get("loss")
    if evidence.last.get("initial_statistics") is None or not _misjudged(evidence, last, inferred, share):
        return None
    figures = {"loss": measured(last["loss"]), "val_loss": measured(last["val_loss"])}
    if inferred is not None:
        figures["training_loss_in_inference"] = measured(inferred, 0, round(1.2 * last["loss"] + 0.05, 3))
    figures["initial_statistics"] = measured(share, 0, INITIAL_SHARE)
    young = share >= INITIAL_SHARE
    fix = settle(evidence, _more_steps(evidence, share) if young else scaled_rate(evidence, 0.1))
    values = {"loss": last["loss"], "inferred": inferred or last["val_loss"], "share": share}
    return finding("statistics_unsettled", "warning", figures, fix, "" if young else "lagging", last["epoch"], **values)


def _misjudged(evidence: Evidence, last: dict, inferred: float | None, share: float) -> bool:
    """Whether inference fails on images that training knows; without a measurement, on validation while young."""
    if inferred is not None:
        return inferred > max(MISJUDGED * last["loss"], last["loss"] + 0.15 * evidence.chance_loss)
    half = evidence.chance_loss / 2
    return share >= INITIAL_SHARE and last["loss"] <= half <= last["val_loss"]


def _more_steps(evidence: Evidence, share: float) -> dict:
    """Epochs after which a hundredth of the initial statistics is left."""
    epochs = len(evidence.rows)
    return {"train.epochs": math.ceil(epochs * math.log(INITIAL_SHARE / 2) / math.log(min(share, 0.99)))}


def validation_unsettled(evidence: Evidence) -> Finding | None:
    """A jump up that is followed by one down; a fall before it is learning, a rise to the end may be overfitting."""
    figures = {"best_val_accuracy": measured(max((row["val_accuracy"] for row in evidence.validated), default=0.0))}
    return jumps_of(evidence, evidence.validated, evidence.chance_loss, _cost_of_jumps, figures)


def jumps_of(
    evidence: Evidence, rows: list[dict], scale: float, cost_of: Callable[[Evidence], float], more: dict
) -> Finding | None:
    """What is said of a validation loss that jumps up and down again.

    Args:
        evidence: of the run.
        rows: the epochs with a validation loss.
        scale: what a jump is measured by, besides the loss before it.
        cost_of: says by how much the best epoch was luck; called where there are jumps.
        more: figures to show beside those of the jumps.
    """
    rows = [row for row in rows if row["val_loss"] > 0]
    rows = rows[-max(LATE, len(rows) // 2) :]
    losses = [row["val_loss"] for row in rows]
    pairs = list(itertools.pairwise(losses))
    changes = [after / before - 1 if abs(after - before) > JUMP_SIZE * scale else 0.0 for before, after in pairs]
    falls = list(itertools.dropwhile(lambda change: change < JUMP, changes))
    if min(falls, default=0) > -JUMP / (1 + JUMP):
        return None
    worst = changes.index(max(changes))
    figures = {"largest_rise": measured(max(changes), 0, JUMP), "largest_fall": measured(min(falls), -0.2, 0)} | more
    values = {"before": losses[worst], "after": losses[worst + 1]}
    severity, case = ("warning", "") if cost_of(evidence) > 0 else ("info", "kept")
    fix, epoch = scaled_rate(evidence, 0.1), rows[worst + 1]["epoch"]
    return finding("validation_unsettled", severity, figures, fix, case, epoch, **values)


def _cost_of_jumps(evidence: Evidence) -> float:
    """By how much the best epoch's validation accuracy is above those beside it, beyond chance: it was luck."""
    accuracies = [row["val_accuracy"] for row in evidence.validated]
    best = accuracies.index(max(accuracies))
    beside = max(accuracies[max(best - 1, 0) : best] + accuracies[best + 1 : best + 2], default=accuracies[best])
    count = evidence.data.get("images", {}).get("validation", 0)
    noise = SURELY * math.sqrt(2) * error_of(accuracies[best], count) if count else 0.0
    return accuracies[best] - beside - max(noise, LITTLE)


def validation_at_chance(evidence: Evidence) -> Finding | None:
    """Training images known, validation never better than guessing, and no signal that says why."""
    losses, chance = [row["val_loss"] for row in evidence.held_out], evidence.chance_loss
    if not losses or min(losses) < VALIDATION_CHANCE_SHARE * chance or evidence.rows[-1]["loss"] > chance / 2:
        return None
    figures = {"loss": measured(evidence.rows[-1]["loss"]), "chance_loss": measured(chance)}
    figures["lowest_val_loss"] = measured(min(losses), 0, round(VALIDATION_CHANCE_SHARE * chance, 3))
    values = {"loss": evidence.rows[-1]["loss"], "lowest": min(losses), "chance": chance}
    return finding("validation_at_chance", "warning", figures, **values)


def overfitting(evidence: Evidence) -> Finding | None:
    """Training images learned by heart: since when, and how wide the gap is."""
    best = min(evidence.validated, key=lambda row: row["val_loss"], default=None)
    if best is None:
        return None
    last = evidence.validated[-1]
    risen, later = last["val_loss"] >= (1 + OVERFIT_RISE) * best["val_loss"], last["epoch"] - best["epoch"]
    gap, rises = _gap(evidence, last), risen and later >= SUSTAINED
    if (last["loss"] >= best["loss"] and rises) or last["val_loss"] <= last["loss"]:
        return None
    stalled = not rises and last["loss"] < STALLED * best["loss"] and best["epoch"] <= STALLED_SINCE * last["epoch"]
    by_heart = gap >= BY_HEART and evidence.knows_training
    if not ((rises and gap >= OVERFIT_GAP) or (stalled and gap >= STALLED_GAP) or by_heart):
        return None
    case = "" if rises else "gap" if by_heart else "stalled"
    since = _apart_since(evidence) if case == "gap" else best["epoch"]
    figures = {
        "gap_accuracy": measured(gap, 0, 0.05),
        "loss": measured(last["loss"]),
        "val_loss": measured(last["val_loss"], 0, round((1 + OVERFIT_RISE) * best["val_loss"], 3)),
        "since_epoch": measured(since),
    }
    values = {"first_loss": best["loss"], "loss": last["loss"], "lowest": best["val_loss"]}
    values |= {"val_loss": last["val_loss"], "gap": gap}
    fix = _regularise(evidence, best["epoch"], rises)
    return finding("overfitting", "warning", figures, fix, case, since, **values)


def _apart_since(evidence: Evidence) -> int:
    """The epoch since which accuracy on training images is far above that on validation images, to the end."""
    near = (row["epoch"] for row in evidence.validated if row["accuracy"] - row["val_accuracy"] < BY_HEART)
    return min(max(near, default=0) + 1, evidence.validated[-1]["epoch"])


def _gap(evidence: Evidence, last: dict) -> float:
    """Accuracy on training above that on validation images; 0 where chance alone may make it."""
    count = evidence.data.get("images", {}).get("validation", 0)
    noise = 2 * error_of(last["val_accuracy"], count) if count else 0.0
    gap = last["accuracy"] - last["val_accuracy"]
    return gap if gap > noise else 0.0


def _regularise(evidence: Evidence, best_epoch: int, rises: bool) -> dict:
    """Dropout where there is none, then varied images, then fewer epochs."""
    field = "backbone.head_dropout" if evidence.pretrained else "model.dropout"
    if not evidence.config.get(field):
        return {field: 0.5 if evidence.pretrained else 0.2}
    if not evidence.config.get("augment.crop"):
        return {"augment.crop": 4}
    return {"train.epochs": best_epoch} if rises else {"augment.randaugment": 2}


def gap_at_end(evidence: Evidence) -> float | None:
    """Accuracy on training above that on validation images, in the last epoch, beyond chance."""
    return _gap(evidence, evidence.validated[-1]) if evidence.validated else None


def training_too_short(evidence: Evidence) -> Finding | None:
    """A loss that is still high and still falls; a late start, as the gradient was weak, may be why."""
    if evidence.knows_training or evidence.at_chance or not falls(evidence):
        return None
    fall, still = -last_change(evidence), len(list(itertools.takewhile(evidence.guesses, evidence.rows)))
    figures = {"fall": measured(fall, 0, FALLING)} | at_end(evidence)
    fix, case = {"train.epochs": 3 * len(evidence.rows)}, ""
    if still >= LATE_START * len(evidence.rows) and weak_gradient(evidence):
        case, figures["epochs_at_chance"] = "late", measured(still, 0, 1)
        fix = {"model.batch_norm": True} if lacks_batch_norm(evidence) else fix
    values = {"loss": evidence.rows[-1]["loss"], "fall": fall, "still": still}
    return finding("training_too_short", "warning", figures, fix, case, evidence.rows[-1]["epoch"], **values)


def last_change(evidence: Evidence) -> float:
    """Relative change of the training loss in the last epoch; of its steps' halves where there was but one."""
    losses = [row["loss"] for row in evidence.rows]
    if len(losses) == 1:
        steps = [loss for loss in evidence.first_epoch.get("step_loss", []) if loss is not None]
        middle = len(steps) // 2 if len(steps) >= FEWEST_STEPS else 0
        losses = [sum(steps[:middle]) / middle, sum(steps[middle:]) / (len(steps) - middle)] if middle else []
    if len(losses) > 3:
        losses = [losses[-4], losses[-1]]
        return (losses[1] / losses[0]) ** (1 / 3) - 1
    return losses[-1] / losses[-2] - 1 if len(losses) > 1 else 0.0


def falls(evidence: Evidence) -> bool:
    """Whether the training loss falls at the end, and the validation loss with it."""
    losses = [row["val_loss"] for row in evidence.held_out]
    return last_change(evidence) < -FALLING and (not losses or losses[-1] <= 1.02 * min(losses))


def underfitting(evidence: Evidence) -> Finding | None:
    """Training images that are not learned, and no longer getting better."""
    if evidence.knows_training or len(evidence.rows) < 3 or last_change(evidence) < -FALLING:
        return None
    row, dropout = evidence.rows[-1], evidence.config.get("model.dropout") or 0.0
    inferred = (evidence.last.get("training") or {}).get("loss")
    hindered = dropout > 0 and inferred is not None and inferred < 0.8 * row["loss"]
    figures = {"accuracy": measured(row["accuracy"], 0.9, 1.0)} | at_end(evidence)
    if inferred is not None:
        figures["training_loss_in_inference"] = measured(inferred)
    frozen = evidence.frozen
    fix = {"model.dropout": 0.0} if hindered else _wider(evidence)
    if frozen:
        fix = {"train.freeze": "none"} | scaled_rate(evidence, 0.1)
    values = {"accuracy": row["accuracy"], "loss": row["loss"], "dropout": dropout}
    case = "frozen" if frozen else "dropout" if hindered else ""
    severity = "warning" if case or not evidence.may_be_noise else "info"
    return finding("underfitting", severity, figures, fix, case, flat_since(evidence), **values)


def _wider(evidence: Evidence) -> dict:
    """Twice the width; of a pretrained network it is fixed."""
    return {} if evidence.pretrained else {"model.width": 2 * (evidence.config.get("model.width") or 1.0)}


def flat_since(evidence: Evidence) -> int:
    """The first epoch whose training loss is within a twentieth of the last one's."""
    last = evidence.rows[-1]["loss"]
    return next(row["epoch"] for row in evidence.rows if row["loss"] <= 1.05 * last)


def not_learned_yet(evidence: Evidence) -> Finding | None:
    """A loss of guessing without a cause that the signals name."""
    if evidence.rows[-1]["loss"] < BARELY * evidence.chance_loss:
        return None
    fix = {"train.epochs": 3 * max(len(evidence.rows), 1)}
    figures = update_figures(evidence) | at_end(evidence)
    return finding("not_learned_yet", "warning", figures, fix, epoch=evidence.rows[-1]["epoch"])


def learned(evidence: Evidence) -> Finding:
    """Nothing is wrong, and what shows it."""
    row, fair = evidence.rows[-1], max(evidence.frequencies)
    figures = {"accuracy": measured(row["accuracy"], round(min(2 * fair, 0.9), 3), 1.0)} | at_end(evidence)
    if evidence.validated:
        last, lowest = evidence.validated[-1], min(one["val_loss"] for one in evidence.validated)
        figures["val_loss"] = measured(last["val_loss"], 0, round((1 + OVERFIT_RISE) * lowest, 4))
    if evidence.typical_update is not None:
        figures["typical_update"] = measured(evidence.typical_update, 0.001, 0.1)
    values: dict = {"accuracy": row["accuracy"], "chance": fair}
    if not evidence.validated:
        return finding("learned", "info", figures, case="unvalidated", **values)
    values["val_accuracy"] = last["val_accuracy"]
    if last["val_loss"] <= (1 + OVERFIT_RISE) * lowest:
        return finding("learned", "info", figures, **values)
    best = min(evidence.validated, key=lambda one: one["val_loss"])["epoch"]
    return finding("learned", "info", figures, case="past_best", epoch=best, **values)


def still_improving(evidence: Evidence) -> list[Finding]:
    """That a healthy run would gain from more epochs."""
    if not evidence.validated or not falls(evidence) or evidence.rows[-1]["accuracy"] > 0.98:
        return []
    fix = {"train.epochs": 2 * len(evidence.rows)}
    fall, last = -last_change(evidence), evidence.rows[-1]["epoch"]
    return [finding("still_improving", "info", {"fall": measured(fall, 0, FALLING)}, fix, epoch=last, fall=fall)]


COURSE = (
    statistics_unsettled,
    validation_unsettled,
    overfitting,
    validation_at_chance,
    training_too_short,
    not_learned_yet,
    underfitting,
)
