"""Checks of what is learned: do targets and loss fit, where does the loss begin, can a few examples be learnt."""

import math
import time
from statistics import median
from typing import Any

import keras
from keras import ops

from vgglab.diagnosis.findings.data import SURE_AND_WRONG
from vgglab.diagnosis.findings.evidence import Finding, finding, measured
from vgglab.diagnosis.guessing import guess_loss
from vgglab.diagnosis.task import as_numbers, as_rows, last_activation
from vgglab.errors import first_line
from vgglab.keras_tools.ending import loss_name
from vgglab.watching.facts import uniform_loss
from vgglab.watching.learner import Learner
from vgglab.watching.subject import NotApplicable, Row, Subject, has_loss

KNOWS = 0.5  # of the loss of guessing; a network that begins below has learned before
LEARNT = 0.2  # of the loss of guessing these examples: they are known by heart
HARDLY = 0.95  # of where the loss began: it has hardly moved
MOVED = 0.9  # the same, where few steps can be done: it does fall
HALF = 0.5  # of the loss of guessing: not learnt, but on the way
SMALLER = (0.01, 0.1, 1e-3, 1e-4)  # of the own rate, tried where the loss rose at it
LARGER = (10, 100, 1000, 0.1, 0.01)  # the same where it did not
RISEN = 1.5  # of where the loss began, in any step
STEPS, FEW_STEPS, LEAST_STEPS = 60, 8, 4  # at one rate: at most; where a step is costly; to say anything
RATES = 6  # at most
WORK = 1.2e12  # floating-point operations that all steps together may take
SECONDS = 40  # of processors, that they may take where operations do not tell, as in loops: a last resort


def outputs_fit(subject: Subject, about: list[Finding]) -> Row:
    """The form of the targets, the last activation and the loss fit each other."""
    if subject.training.targets is None:
        raise NotApplicable("no_targets")
    if not has_loss(subject.model):
        raise NotApplicable("no_loss")
    form = subject.task["form"]
    values = {"loss": loss_name(subject.model), "activation": last_activation(subject.model), "form": form}
    subject.sketch  # noqa: B018  # what fails here is not for the loss
    try:
        ops.convert_to_numpy(subject.first.passed.loss)
    except Exception as error:
        fails = finding("loss_fails", "error", {}, reason=first_line(error).rstrip("."), loss=values["loss"])
        return Row("outputs", "failed", "outputs_wrong", values, tuple(about) or (fails,))
    said = "outputs_wrong" if about else "outputs" if values["loss"] else "outputs_several"
    return Row("outputs", "failed" if about else "passed", said, values, tuple(about))


def loss_begins_at_guessing(subject: Subject, about: list[Finding]) -> Row:
    """The loss before any step is that of guessing, or below."""
    if subject.begun.passed.loss is None:
        raise NotApplicable("no_loss" if subject.training.targets is not None else "no_targets")
    task, name = subject.task, loss_name(subject.model)
    loss, guess = float(ops.convert_to_numpy(subject.first.passed.loss)), task.get("guess_loss")
    if not math.isfinite(loss):
        wrong = finding("first_loss_high", "error", {"first_loss": measured(loss)}, case="not_finite", loss=str(loss))
        return Row("start", "failed", "start_not_finite", {"loss": str(loss)}, (wrong,))
    if guess is None or guess <= 0:
        raise NotApplicable("guess_unknown")
    reference = max(guess, uniform_loss(task, name), _loss_of_zero(subject) if task["kind"] == "regression" else 0)
    values = {"loss": loss, "guess": reference, "times": loss / reference}
    if loss > SURE_AND_WRONG * reference:
        figures = {"first_loss": measured(loss, 0, SURE_AND_WRONG * reference), "chance_loss": measured(guess)}
        wrong = finding("first_loss_high", "warning", figures, **values)
        return Row("start", "failed", "start", values, (wrong,))
    return Row("start", "passed", "start_below" if loss < KNOWS * reference else "start", values)


def _loss_of_zero(subject: Subject) -> float:
    """The loss of answering 0, where a network that was not told the targets' mean begins."""
    outputs = ops.zeros_like(subject.first.passed.outputs)
    return float(ops.convert_to_numpy(ops.mean(keras.losses.get(subject.model.loss)(subject.fed[1], outputs))))


def learnt_by_heart(subject: Subject, about: list[Finding]) -> Row:
    """A few examples can be learnt by heart, at the own rate or another one."""
    if subject.begun.slopes is None or not subject.network.trainable:
        raise NotApplicable("no_loss" if subject.network.trainable else "untrained")
    if getattr(subject.model, "optimizer", None) is None:
        raise NotApplicable("no_optimizer")
    learner = Learner(subject.network, subject.values, subject.fixed, subject.model.optimizer)
    subject.slot_bytes = learner.slot_bytes
    goal = guessed(subject)
    tried = try_rates(subject, learner, goal)
    return conclude(subject, tried, goal)


def guessed(subject: Subject) -> float:
    """The loss of guessing these examples; where the loss began, where that is not known."""
    first, target = float(ops.convert_to_numpy(subject.first.passed.loss)), subject.training.target
    rows = None if target is None else as_numbers(target[subject.rows])
    found = None if rows is None else guess_loss(subject.model, as_rows(rows, loss_name(subject.model)))
    return found if found and found > 0 else abs(first)


def try_rates(subject: Subject, learner: Learner, goal: float) -> list[tuple[float, list[float]]]:
    """(rate, losses) of one rate after the other, until the examples are learnt or the steps are used up."""
    budget = affordable(subject) if subject.steps is None else subject.steps
    each, ends = min(STEPS, max(FEW_STEPS, budget // RATES)), time.process_time() + SECONDS
    tried: list[tuple[float, list[float]]] = []
    factors = [1.0] if learner.rate else []
    while factors and budget >= LEAST_STEPS and time.process_time() < ends:
        rate = float(f"{learner.rate * factors.pop(0):.6g}")
        losses, seconds = learner.losses(rate, *subject.fed, min(each, budget), LEARNT * goal, ends)
        factors = factors if tried else [*(SMALLER if risen(losses) else LARGER)]
        tried.append((rate, losses))
        subject.step_seconds = subject.step_seconds or (median(seconds[1:]) if seconds[1:] else None)
        budget -= len(losses)
        if losses[-1] < LEARNT * goal:
            break
    return tried


def risen(losses: list[float]) -> bool:
    """Whether the loss rose above where it began, or is no number."""
    return not math.isfinite(losses[-1]) or max(losses) > RISEN * losses[0]


def affordable(subject: Subject) -> int:
    """Steps for all rates together, by what the network computes in one: forward, and twice that for the gradient."""
    return max(LEAST_STEPS, min(RATES * STEPS, int(WORK / max(3 * subject.flops * len(subject.rows), 1))))


def conclude(subject: Subject, tried: list[tuple[float, list[float]]], goal: float) -> Row:
    """What the rates that were tried say."""
    if not tried:
        raise NotApplicable("few_steps")
    own, own_losses = tried[0]
    rate, losses = min(tried, key=lambda one: one[1][-1] if math.isfinite(one[1][-1]) else math.inf)
    values = {"examples": len(subject.rows), "rate": rate, "steps": len(losses) - 1, "own": own}
    values |= {"first": losses[0], "last": losses[-1], "own_last": own_losses[-1], "own_steps": len(own_losses)}
    figures = {"by_heart_first": measured(losses[0]), "by_heart_last": measured(losses[-1], 0, LEARNT * goal)}
    learnt = losses[-1] < LEARNT * goal
    case = own_rate_is(own_losses, rate > own) if rate != own and losses[-1] < HALF * goal else ""
    if case:
        figures |= {"own_rate_last": measured(own_losses[-1])}
        wrong = finding("not_by_heart", "warning", figures, {"train.learning_rate": rate}, case, **values)
        return Row("by_heart", "failed", "by_heart_other", values, (wrong,))
    if learnt:
        return Row("by_heart", "passed", "by_heart" if rate == own else "by_heart_faster", values)
    return _unlearnt(tried, values, figures, goal)


def own_rate_is(losses: list[float], larger_learns: bool) -> str:
    """`rate_large` or `rate_small`, by what the loss did at the own rate; "" where it was on its way."""
    if risen(losses) and not losses[-1] < HARDLY * losses[0]:
        return "" if larger_learns else "rate_large"
    hardly = len(losses) >= STEPS and losses[-1] > HARDLY * losses[0]  # few steps say nothing of a small rate
    return "rate_small" if larger_learns and hardly else ""


def _unlearnt(tried: list[Any], values: dict[str, Any], figures: dict[str, Any], goal: float) -> Row:
    """No rate got there: with all the steps that is a fault, with few it says little."""
    last, cut = values["last"], all(len(losses) < STEPS for _, losses in tried if math.isfinite(losses[-1]))
    falls = math.isfinite(last) and last < MOVED * values["first"]
    if falls and (cut or last < HALF * goal):
        return Row("by_heart", "passed", "by_heart_falls" if cut else "by_heart_nearly", values)
    if cut and math.isfinite(last):
        raise NotApplicable("few_steps")
    severity = "error" if not falls else "warning"
    wrong = finding("not_by_heart", severity, figures, rates=len(tried), **values)
    return Row("by_heart", "failed", "not_by_heart", values | {"rates": len(tried)}, (wrong,))
