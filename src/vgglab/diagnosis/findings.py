"""From signals and history to findings: pure functions, plain language, numbers as evidence.

A finding is a dict: `code`, `severity` (`error`, `warning`, `info`), `sentence`, `evidence` (name -> value),
`why`, `source`, `try` (config fields to change, dotted, or a sentence).
"""

import itertools
import math
from typing import Any

Finding = dict[str, Any]

LARGE_FIRST_UPDATE = 0.5  # a first step that changes a kernel by half its size has replaced what it was
CHANCE_LOSS_SHARE = 0.97  # of ln C; a network that learned anything at all is below
CONSTANT_SPREAD = 1e-3  # probabilities that differ by less between images do not depend on them
INITIAL_SHARE = 0.01  # of BatchNormalization's initial statistics; less does not show
VALIDATION_CHANCE_SHARE = 0.9  # of ln C; a validation loss that was never below has not left chance
JUMP = 0.25  # a change of the validation loss from one epoch to the next, relative
OVERFIT_RISE = 0.1  # rise of the validation loss over its minimum, relative


def diagnose(status: str, message: str, history: list[dict], signals: list[dict], classes: int) -> list[Finding]:
    """What is the case with a run, most severe first; a healthy run says so.

    Args:
        status: of the run, such as `finished` or `diverged`.
        message: why it stopped, where it did not simply finish.
        history: a row an epoch.
        signals: a line an epoch, as `signals.jsonl` has them; may be empty.
        classes: number of classes.
    """
    if status == "diverged":
        return [_diverged(message, signals)]
    history = [row for row in history if None not in (row["loss"], row["accuracy"])]
    if not history:
        return []
    if _at_chance(history, classes):
        return [
            _large_updates(history, signals, classes)
            or _signal_lost(history, signals, classes)
            or _not_learned_yet(history, signals, classes)
        ]
    return [
        _statistics_unsettled(history, signals, classes)
        or _unsettled(history)
        or _validation_at_chance(history, classes)
        or _overfits(history)
        or _healthy(history, classes)
    ]


def _at_chance(history: list[dict], classes: int) -> bool:
    return history[-1]["loss"] > CHANCE_LOSS_SHARE * math.log(classes)


def _diverged(message: str, signals: list[dict]) -> Finding:
    return {
        "code": "diverged",
        "severity": "error",
        "sentence": f"Training diverged: {message}.",
        "evidence": _first_update(signals),
        "why": "A step that is too large lands where the loss is higher and its gradient larger still; "
        "repeated, the numbers outgrow what float32 can hold.",
        "source": "Goodfellow, Bengio, Courville: Deep Learning, section 4.3",
        "try": "a learning rate ten times smaller",
    }


def _large_updates(history: list[dict], signals: list[dict], classes: int) -> Finding | None:
    updates = _first_update(signals)
    if not updates or updates["first_update"] < LARGE_FIRST_UPDATE or not _is_stuck(signals[-1]):
        return None
    percent = 100 * updates["first_update"]
    return {
        "code": "learning_rate_too_large",
        "severity": "error",
        "sentence": f"The network ended at chance: its first step changed {updates['layer']} "
        f"by {percent:.0f} % of its norm.",
        "evidence": updates | _state(history, signals, classes),
        "why": "A healthy step changes the weights by about a thousandth of their size. One that replaces them "
        "leaves units that are zero for every image, or an output that no longer depends on the image; the "
        "gradient through them is zero, so later steps repair nothing. The size of Adam's first step does not "
        "depend on the gradient: it is the learning rate, for each weight.",
        "source": "Kingma and Ba, Adam (2015), section 2.1",
        "try": "a learning rate a hundred times smaller",
    }


def _signal_lost(history: list[dict], signals: list[dict], classes: int) -> Finding | None:
    state = _state(history, signals, classes)
    if not signals or not _is_stuck(signals[-1]):
        return None
    return {
        "code": "signal_lost",
        "severity": "error",
        "sentence": "The network ended at chance: its output is the same for every image, though no step was "
        "large enough to overthrow the weights.",
        "evidence": _first_update(signals) | state,
        "why": "In a deep plain network each layer passes on a little less of what tells images apart, and of "
        "the gradient on the way back: the last layers learn the class frequencies, the first ones nothing. "
        "BatchNormalization restores the scale at each layer.",
        "source": "Ioffe and Szegedy, Batch Normalization (2015)",
        "try": "model.batch_norm: true, where it is off",
    }


def _not_learned_yet(history: list[dict], signals: list[dict], classes: int) -> Finding:
    return {
        "code": "not_learned_yet",
        "severity": "warning",
        "sentence": f"The training loss is still near chance after epoch {len(history)}.",
        "evidence": _first_update(signals) | _state(history, signals, classes),
        "why": "The recorded signals name no cause.",
        "source": "",
        "try": "more epochs, then another learning rate",
    }


def _statistics_unsettled(history: list[dict], signals: list[dict], classes: int) -> Finding | None:
    measured, chance = [row for row in history if row["val_loss"] is not None], math.log(classes)
    share = signals[-1].get("initial_statistics", 0) if signals else 0
    if share < INITIAL_SHARE or not measured:
        return None
    last = measured[-1]
    if last["loss"] > chance / 2 or last["val_loss"] < chance / 2:
        return None
    return {
        "code": "statistics_unsettled",
        "severity": "warning",
        "sentence": f"The network knows its training images (loss {last['loss']:.3f}) but validates with a loss of "
        f"{last['val_loss']:.3f}: BatchNormalization's moving statistics still hold {share:.0%} of their initial "
        "values.",
        "evidence": {"initial_statistics": share, "loss": last["loss"], "val_loss": last["val_loss"]},
        "why": "Training normalises with the statistics of each batch, inference with a moving average of them, which "
        "starts at mean 0 and variance 1 and forgets that by a factor of 0.99 a step. After few steps the average is "
        "wrong at every layer, and the errors multiply.",
        "source": "Keras, documentation of BatchNormalization: momentum",
        "try": "more epochs, or a smaller train.batch_size: more steps",
    }


def _unsettled(history: list[dict]) -> Finding | None:
    """A jump up that is followed by one down; a fall before it is learning, a rise to the end may be overfitting."""
    losses = [row["val_loss"] for row in history if row["val_loss"]]
    changes = [after / before - 1 for before, after in itertools.pairwise(losses)]
    falls = list(itertools.dropwhile(lambda change: change < JUMP, changes))
    if min(falls, default=0) > -JUMP:
        return None
    worst = changes.index(max(changes))
    return {
        "code": "validation_unsettled",
        "severity": "warning",
        "sentence": f"The validation loss jumps from epoch to epoch, once from {losses[worst]:.3f} to "
        f"{losses[worst + 1]:.3f}: the last epoch says little, best.keras is the model to use.",
        "evidence": {"largest_rise": round(max(changes), 3), "largest_fall": round(min(falls), 3)},
        "why": "Steps are so large that the network changes much between two epochs. With BatchNormalization its "
        "moving statistics, which only inference uses, lag behind the weights.",
        "source": "Ioffe and Szegedy, Batch Normalization (2015), section 3.1",
        "try": "a learning rate ten times smaller, at least for the last epochs",
    }


def _validation_at_chance(history: list[dict], classes: int) -> Finding | None:
    losses, chance = [row["val_loss"] for row in history if row["val_loss"] is not None], math.log(classes)
    if not losses or min(losses) < VALIDATION_CHANCE_SHARE * chance or history[-1]["loss"] > chance / 2:
        return None
    return {
        "code": "validation_at_chance",
        "severity": "warning",
        "sentence": f"The network knows its training images (loss {history[-1]['loss']:.3f}), but on validation images "
        f"it was never better than chance: the lowest loss is {min(losses):.3f}, chance {chance:.3f}.",
        "evidence": {"loss": history[-1]["loss"], "lowest_val_loss": min(losses), "chance_loss": round(chance, 4)},
        "why": "What it learned does not carry over: too few images, labels that have nothing to do with the images, "
        "or validation images that are treated otherwise than training images. The signals do not tell which.",
        "source": "Zhang et al., Understanding deep learning requires rethinking generalization (2017)",
        "try": "look at the images and labels first; then more images",
    }


def _overfits(history: list[dict]) -> Finding | None:
    rows = [row for row in history if None not in (row["val_loss"], row["val_accuracy"])]
    best = min(rows, key=lambda row: row["val_loss"], default=None)
    if best is None or rows[-1]["val_loss"] < (1 + OVERFIT_RISE) * best["val_loss"]:
        return None
    last = rows[-1]
    if last["loss"] >= best["loss"] or last["val_loss"] <= last["loss"]:
        return None
    return {
        "code": "overfitting",
        "severity": "warning",
        "sentence": f"Since epoch {best['epoch']} the network learns its training images by heart: the training "
        f"loss fell from {best['loss']:.3f} to {last['loss']:.3f}, the validation loss rose from "
        f"{best['val_loss']:.3f} to {last['val_loss']:.3f}.",
        "evidence": {
            "since_epoch": best["epoch"],
            "gap_accuracy": round(last["accuracy"] - last["val_accuracy"], 4),
        },
        "why": "What is left to learn in the training images is particular to them, and does not carry over.",
        "source": "Goodfellow, Bengio, Courville: Deep Learning, section 5.2",
        "try": "dropout, or fewer epochs; best.keras is from the best epoch already",
    }


def _healthy(history: list[dict], classes: int) -> Finding:
    last = history[-1]
    return {
        "code": "learned",
        "severity": "info",
        "sentence": f"The network learned: training accuracy {last['accuracy']:.3f} against {1 / classes:.3f} "
        f"by chance{_about_validation(history)}.",
        "evidence": {"loss": last["loss"], "chance_loss": round(math.log(classes), 4)},
        "why": "",
        "source": "",
        "try": "",
    }


def _about_validation(history: list[dict]) -> str:
    losses = [row["val_loss"] for row in history if row["val_loss"] is not None]
    if not losses:
        return ""
    still = "" if losses[-1] < (1 + OVERFIT_RISE) * min(losses) else "no longer "
    return f", and the validation loss is {still}within {OVERFIT_RISE:.0%} of its lowest"


def _is_stuck(line: dict) -> bool:
    """Whether the output no longer depends on the image, so that no gradient tells images apart."""
    return line.get("spread") is not None and line["spread"] < CONSTANT_SPREAD


def _first_update(signals: list[dict]) -> dict[str, Any]:
    """The layer that the first step changed most, and by how much of its norm."""
    changes = signals[0].get("first_update", {}) if signals else {}
    finite = {name: change for name, change in changes.items() if change is not None}
    if not finite:
        return {}
    layer = max(finite, key=finite.__getitem__)
    return {"layer": layer, "first_update": finite[layer]}


def _state(history: list[dict], signals: list[dict], classes: int) -> dict[str, Any]:
    """How the run stands at its end: loss against chance, dead units, variety of the predictions."""
    state = {"loss": history[-1]["loss"], "chance_loss": round(math.log(classes), 4)}
    if not signals:
        return state
    last = signals[-1]
    dead = {name: share for name, share in last["dead"].items() if share > 0.5}
    return state | {
        "mostly_dead_layers": dead,
        "classes_predicted": last["classes_predicted"],
        "spread": last["spread"],
    }
