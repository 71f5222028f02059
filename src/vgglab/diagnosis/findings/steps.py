"""Findings about steps and signals: why a network does not get away from guessing."""

import math
import re
from statistics import median

from vgglab.diagnosis.findings.evidence import (
    DEAD,
    LEARNED_SHARE,
    Evidence,
    Finding,
    at_end,
    finding,
    listed,
    measured,
    scaled_rate,
    smaller_rate,
)
from vgglab.diagnosis.findings.optimizers import ADAPTIVE
from vgglab.diagnosis.findings.units import DEEP, gradient_vanishes, saturated_units, squashing_layers

LARGE_UPDATE = 0.5  # a step that changes a kernel by half its size has replaced what it was
LARGE_EVERYWHERE = 0.2  # median over layers of the first step
EXPLODED = 3.0  # loss of a step, in losses of guessing; sure and wrong, not just ignorant
TINY_UPDATE = 3e-4  # typical change of a kernel by a step; healthy is a thousandth to a hundredth
LITTLE_MOVED = 0.1  # of the kernels' size, all epochs taken together; steps that shrink, as Adagrad's do, end there
GROWN = 10  # times the way that an epoch of steps like the first epoch's could go; with momentum 3 were seen
WEAK_GRADIENT = 3e-3  # of the kernel's size; with less, a rate of 0.1 moves no kernel by a thousandth
MUCH_DROPOUT = 0.5  # above, the noise of one layer, p / (1 - p) of the signal's power, is more than the signal
YOUNG = 0.2  # of BatchNormalization's initial statistics; inference is then not the network that was trained
INITIAL = 0.5  # the same; the two have next to nothing in common
SOMETHING_LEARNED = 0.9  # of the loss of guessing; above, the right statistics show no more than the wrong ones
NOISY = 2.0  # loss with dropout relative to that without, before training
HEALTHY_UPDATE = (0.001, 0.1)


def diverged(evidence: Evidence) -> Finding | None:
    """A loss that is no number any more."""
    if evidence.status != "diverged":
        return None
    figures, where = update_figures(evidence), evidence.signals[-1] if evidence.signals else {}
    losses = [loss for loss in evidence.first_epoch.get("step_loss", []) if loss is not None]
    if losses:
        figures["first_loss"] = measured(losses[0], 0, round(2 * evidence.chance_loss, 3))
        figures["worst_step_loss"] = measured(max(losses), 0, round(2 * evidence.chance_loss, 3))
    broken = where.get("nonfinite", {}).get("layers", [])
    case = "layers" if broken else ""
    bad_start = (losses and losses[0] > 10 * evidence.chance_loss) or evidence.first_epoch.get("step_loss") == [None]
    if bad_start and evidence.largest_update[1] < LARGE_UPDATE:
        case = "start"
    fix = {} if case == "start" else smaller_rate(evidence)
    where = re.search(r"(\S+) in epoch (\d+)(?:, step (\d+))?", evidence.message)
    loss, epoch, step = where.groups() if where else (None, None, None)
    case = "epoch" if not case and epoch and not step else case
    values = {"loss": loss, "step": step, "layers": listed(broken)}
    return finding("diverged", "error", figures, fix, case, int(epoch) if epoch else None, **values)


def learning_rate_too_large(evidence: Evidence) -> Finding | None:
    """Steps so large that they overthrow the weights."""
    layer, update, step = evidence.largest_update
    exploded = (evidence.worst_step_loss or 0) > max(EXPLODED * outliers(evidence), 2 * evidence.first_step_loss)
    overthrown = (update >= LARGE_UPDATE and evidence.stuck) or _large_everywhere(evidence) or exploded
    if not overthrown or dead_from_start(evidence) or not evidence.rows or evidence.knows_training:
        return None
    figures = update_figures(evidence)
    if evidence.worst_step_loss is not None:
        worst = evidence.worst_step_loss * evidence.chance_loss
        figures["worst_step_loss"] = measured(worst, 0, _twice_chance(evidence))
    figures |= at_end(evidence)
    case = "" if evidence.at_chance else "noisy"
    if not update or update < LARGE_UPDATE / 5:
        case = "exploded"
    case = f"{case}_adaptive" if not case and evidence.optimizer in ADAPTIVE else case
    severity = "error" if evidence.at_chance else "warning"
    values = {"layer": layer, "update": update, "step": step, "rate": evidence.rate}
    values["loss"] = (evidence.worst_step_loss or 0) * evidence.chance_loss
    fix = smaller_rate(evidence)
    return finding("learning_rate_too_large", severity, figures, fix, case.strip("_"), epoch=1, **values)


def _large_everywhere(evidence: Evidence) -> bool:
    """Whether the first step changed most layers much, or later steps still do and nothing is learned."""
    steps = evidence.sampled_updates
    values = sorted(steps[0][1].values()) if steps else []
    later = evidence.at_chance and (evidence.typical_update or 0.0) > HEALTHY_UPDATE[1]
    if evidence.watched and not evidence.at_chance:
        return False  # a small network of which a step changes much, and which learns
    return later or (bool(values) and values[len(values) // 2] >= LARGE_EVERYWHERE)


def outliers(evidence: Evidence) -> float:
    """How far above that of guessing a batch's loss may come by its targets alone: by the farthest of real numbers."""
    task, size = evidence.task, (evidence.start.get("batch") or {}).get("size") or 1
    figures = [task.get(key) for key in ("least", "largest", "mean", "deviation")]
    if not evidence.regression or None in figures or not figures[3]:
        return 1.0
    least, largest, mean, deviation = figures
    return 1 + (max(largest - mean, mean - least) / deviation) ** 2 / size


def _twice_chance(evidence: Evidence) -> float:
    return round(2 * evidence.chance_loss, 3)


def update_figures(evidence: Evidence) -> dict:
    """The largest sampled step, as evidence."""
    layer, update, step = evidence.largest_update
    if not layer:
        return {}
    return {"layer": measured(layer), "step": measured(step), "largest_update": measured(update, *HEALTHY_UPDATE)}


def dead_from_start(evidence: Evidence) -> bool:
    """Whether a layer let nothing through before the first step."""
    return any(share >= DEAD for share in evidence.start.get("dead", {}).values())


def dead_units(evidence: Evidence) -> Finding | None:
    """Layers whose units are zero for every image."""
    if not evidence.dead_layers or evidence.knows_training:
        return None
    layers = list(evidence.dead_layers)
    since = min(evidence.dead_since(name) for name in layers)
    figures = {f"dead {name}": measured(share, 0, 0.5) for name, share in evidence.dead_layers.items()}
    case = "start" if since == 0 else ""
    fix = {"model.batch_norm": True} if case and lacks_batch_norm(evidence) else {}
    severity = "error" if evidence.failed else "warning"
    fix = fix if case else smaller_rate(evidence)
    values = {"layers": listed(layers), "count": len(layers)}
    return finding("dead_units", severity, figures, fix, case, since or None, **values)


def signal_lost(evidence: Evidence) -> Finding | None:
    """An output that is the same for every image, or a gradient that does not arrive, though no step was large."""
    if not evidence.at_chance or dead_from_start(evidence) or evidence.first_step_loss > EXPLODED:
        return None
    if not (evidence.stuck or weak_gradient(evidence)):
        return None
    known = median_gradient(evidence) is not None
    if known != weak_gradient(evidence) or (not known and evidence.dead_layers):
        return None
    figures = update_figures(evidence) | _through_the_layers(evidence)
    if known:
        figures["gradient"] = measured(median_gradient(evidence), WEAK_GRADIENT, 10.0)
    fix = (
        {"model.batch_norm": True}
        if lacks_batch_norm(evidence)
        else {"train.optimizer": "adam", "train.learning_rate": 0.001}
    )
    case = "squashed" if squashing_layers(evidence) >= DEEP else ""
    spread = evidence.last.get("spread") or 0.0
    return finding("signal_lost", "error", figures | at_end(evidence), fix, case, spread=spread)


def lacks_batch_norm(evidence: Evidence) -> bool:
    """Whether the config could add BatchNormalization: it is off, and the network is not a pretrained one."""
    return evidence.config.get("model.batch_norm") is False and not evidence.pretrained


def median_gradient(evidence: Evidence) -> float | None:
    """Median over layers of the gradient before the first step, relative to the kernel."""
    values = sorted(value for value in (evidence.start.get("gradient") or {}).values() if value is not None)
    return values[len(values) // 2] if values else None


def weak_gradient(evidence: Evidence) -> bool:
    """Whether next to nothing of the gradient arrives at the kernels before the first step."""
    gradient = median_gradient(evidence)
    return gradient is not None and gradient < WEAK_GRADIENT


def _through_the_layers(evidence: Evidence) -> dict:
    """How much images differ in the first activation layer and in the last, before training."""
    spreads = [value for value in evidence.start.get("between", {}).values() if value is not None]
    if len(spreads) < 2:
        return {}
    first, last = spreads[0], spreads[-1]
    return {"between_first": measured(first, 0.01), "between_last": measured(last, round(0.1 * first, 4))}


def dropout_too_strong(evidence: Evidence) -> Finding | None:
    """Noise that drowns the signal: before the first step the loss with dropout is far above that without."""
    dropout, quiet = evidence.config.get("model.dropout") or 0.0, (evidence.start.get("training") or {}).get("loss")
    if not dropout or quiet is None or evidence.knows_training or not evidence.rows:
        return None
    noisy = evidence.first_step_loss * evidence.chance_loss
    if noisy < NOISY * quiet:
        return _drowned(evidence, dropout)
    figures = {"first_loss": measured(noisy, 0, round(1.2 * quiet, 3)), "training_loss_in_inference": measured(quiet)}
    severity = "error" if evidence.at_chance else "warning"
    values = {"accuracy": evidence.rows[-1]["accuracy"], "dropout": dropout}
    return finding("underfitting", severity, figures | at_end(evidence), {"model.dropout": 0.0}, "dropout", **values)


def _drowned(evidence: Evidence, dropout: float) -> Finding | None:
    """One class for every image, though no step was large, under noise that is stronger than the signal."""
    inferred = (evidence.last.get("training") or {}).get("loss")
    elsewhere = weak_gradient(evidence) or evidence.largest_update[1] >= LARGE_UPDATE
    if dropout <= MUCH_DROPOUT or inferred is None or elsewhere or not _one_answer(evidence):
        return None
    figures = {"loss": measured(evidence.loss_in_training), "training_loss_in_inference": measured(inferred)}
    values = {"accuracy": evidence.rows[-1]["accuracy"], "dropout": dropout}
    return finding("underfitting", "error", at_end(evidence) | figures, {"model.dropout": 0.2}, "drowned", **values)


def _one_answer(evidence: Evidence) -> bool:
    return evidence.well_probed and evidence.last.get("classes_predicted") == 1 and not evidence.knows_training


def statistics_initial(evidence: Evidence) -> Finding | None:
    """One class for every image in inference, where BatchNormalization's moving statistics are still the initial ones.

    Training uses the statistics of each batch: a loss in inference above that in training tells that it is these.
    """
    share, inferred = evidence.last.get("initial_statistics") or 0.0, (evidence.last.get("training") or {}).get("loss")
    if not _one_answer(evidence) or share < YOUNG or inferred is None or not evidence.rows or settled(evidence):
        return None
    loss = evidence.loss_in_training
    if share < INITIAL and inferred <= loss:
        return None
    figures = {"initial_statistics": measured(share, 0, 0.01), "loss": measured(loss)}
    figures["training_loss_in_inference"] = measured(inferred, 0, round(1.2 * loss + 0.05, 3))
    epochs = math.ceil(len(evidence.rows) * math.log(0.005) / math.log(min(share, 0.99)))
    values = {"loss": loss, "inferred": inferred, "share": share}
    longer = {"train.epochs": epochs}
    fix = settle(evidence, longer) if loss < SOMETHING_LEARNED * evidence.chance_loss else longer
    return finding("statistics_unsettled", "warning", figures, fix, "initial", evidence.rows[-1]["epoch"], **values)


def settle(evidence: Evidence, otherwise: dict) -> dict:
    """Statistics computed anew before validation; what else to try where vgglab does not train."""
    return otherwise if evidence.watched else {"train.settle_batch_norm": True}


def settled(evidence: Evidence) -> bool:
    """Whether the network is judged with statistics computed for it, not with moving ones."""
    return bool(evidence.config.get("train.settle_batch_norm"))


def learning_rate_too_small(evidence: Evidence) -> Finding | None:
    """Steps so small that the weights hardly change in the whole training."""
    typical = evidence.typical_update
    if typical is None or not evidence.rows or not (_tiny(evidence, typical) or evidence.left_at_zero):
        return None
    if evidence.stuck and not evidence.left_at_zero and (median_gradient(evidence) is None or weak_gradient(evidence)):
        return None
    if evidence.rows[-1]["loss"] < LEARNED_SHARE * evidence.chance_loss or evidence.settled:
        return None
    figures = {"typical_update": measured(typical, *HEALTHY_UPDATE)} | at_end(evidence)
    fix, suggested = scaled_rate(evidence, min(max(0.003 / typical, 10.0), 1e4)), evidence.rate_range.get("suggested")
    if suggested and suggested > (evidence.rate or math.inf):
        fix = {"train.learning_rate": suggested}
    severity = "error" if evidence.at_chance else "warning"
    return finding("learning_rate_too_small", severity, figures, fix, update=typical, rate=evidence.rate)


def _tiny(evidence: Evidence, typical: float) -> bool:
    """Whether steps were tiny all the time, or small and in sum moved the weights next to nowhere."""
    little = evidence.watched and evidence.at_chance and typical < HEALTHY_UPDATE[0] and evidence.moved < LITTLE_MOVED
    return typical > 0 and (little or (typical < TINY_UPDATE and not _steps_grew(evidence, typical)))


def _steps_grew(evidence: Evidence, typical: float) -> bool:
    """Whether the last epoch moved the kernels further than steps of the first epoch's size could."""
    moved = [value for value in evidence.last.get("update", {}).values() if value is not None]
    steps = len(evidence.first_epoch.get("step_loss", []))
    return bool(moved and steps) and median(moved) > GROWN * steps * typical


def collapsed(evidence: Evidence) -> Finding | None:
    """One class for every image."""
    from_start = evidence.start.get("classes_predicted") == 1 and evidence.first_step_loss > EXPLODED
    if not _one_answer(evidence):
        return None
    if evidence.classes < 3 and not from_start:
        return None  # of two classes one is easily never answered
    figures = at_end(evidence) | {"entropy": measured(evidence.last.get("entropy"))}
    if from_start:
        figures["first_loss"] = measured(evidence.first_step_loss * evidence.chance_loss, 0, _twice_chance(evidence))
    large = evidence.largest_update[1] > HEALTHY_UPDATE[1] and not from_start
    since, case = _alike_since(evidence), "start" if from_start else "" if large else "quiet"
    return finding("collapsed", "error", figures, smaller_rate(evidence) if large else {}, case, since or None)


def _alike_since(evidence: Evidence) -> int:
    """The epoch since which every image gets the same class, to the end; 0 for before the first step."""
    lines = [evidence.start, *evidence.lines] if evidence.start else evidence.lines
    told = [line["epoch"] for line in lines if line.get("classes_predicted", 1) != 1]
    return min(line["epoch"] for line in lines if line["epoch"] > max(told, default=-1))


STEPS = (
    diverged,
    dropout_too_strong,
    learning_rate_too_large,
    saturated_units,
    signal_lost,
    gradient_vanishes,
    dead_units,
    learning_rate_too_small,
    statistics_initial,
    collapsed,
)
