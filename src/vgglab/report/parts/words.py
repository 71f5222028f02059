"""Sentences about runs, made from their numbers."""

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from vgglab.evaluation.significance import LEVEL, Comparison, NotComparable, compare_predictions
from vgglab.report.language import UNKNOWN, Language, code
from vgglab.report.parts.gaps import known
from vgglab.report.records import Missing, Records

DEVIATIONS = 3  # above guessing: from there on a run has learned something
UNSURE = 1.5  # times guessing, where the number of validation images is not known

LITTLE = 0.97  # of the loss of guessing: a lowest validation loss above is hardly better, whatever the accuracy

LEARNED, HARDLY, GUESSING, DIVERGED, UNFINISHED = "learned", "hardly", "guessing", "diverged", "unfinished"


def outcome_of(run: Records) -> str:
    """What became of a run, by its figures: LEARNED, HARDLY, GUESSING, DIVERGED; UNFINISHED without figures."""
    if run.run.watched:
        return _outcome_of_watched(run)
    best = known(lambda: run.best)
    if run.status == "diverged" and (best is None or not above_guessing(run, best["val_accuracy"])):
        return DIVERGED
    if best is None:
        return UNFINISHED
    if not above_guessing(run, best["val_accuracy"]):
        return GUESSING
    losses = [row["val_loss"] for row in run.history if row["val_loss"] is not None]
    chance = guessing_share(run)
    return HARDLY if chance and losses and min(losses) > -LITTLE * math.log(chance) else LEARNED


def _outcome_of_watched(run: Records) -> str:
    """The same by its losses, where the loss of guessing was recorded: its accuracy need not be one of classes."""
    evidence = known(lambda: run.evidence)
    if run.status == "diverged":
        return DIVERGED
    if evidence is None or not evidence.rows or not evidence.chance_known:
        return UNFINISHED
    if evidence.at_chance:
        return GUESSING
    losses = [row["val_loss"] for row in evidence.held_out]
    return HARDLY if losses and min(losses) > LITTLE * evidence.chance_loss else LEARNED


def above_guessing(run: Records, accuracy: float) -> bool:
    """Whether a validation accuracy is more than luck: DEVIATIONS above that of guessing evenly."""
    chance = guessing_share(run)
    if chance is None:
        return True
    images = known(lambda: run.split["validation"])
    if not images:
        return accuracy > UNSURE * chance
    return accuracy > chance + DEVIATIONS * math.sqrt(chance * (1 - chance) / images)


def guessing_share(run: Records) -> float | None:
    """The accuracy of guessing evenly; None where the classes are not known."""
    classes = known(lambda: run.classes)
    return 1 / len(classes) if classes else None


def name_run(run: Records) -> Markup:
    """The run's name, as a link to its part of the page if it has one."""
    if not run.anchor:
        return code(run.name)
    return Markup('<a href="#{}">{}</a>').format(run.anchor, code(run.name))


def tell_runs(runs: Sequence[Records], say: Language) -> Markup:
    """Which of the runs learned, and which did not."""
    groups: dict[str, list[Any]] = {}
    shares = set()
    for run in runs:
        outcome = outcome_of(run)
        groups.setdefault(outcome, []).append(name_run(run))
        shares |= {guessing_share(run)} if outcome == GUESSING else set()
    share = shares.pop() if len(shares) == 1 else None
    parts = []
    if LEARNED in groups:
        parts.append(_tell_learned(groups[LEARNED], len(runs), say))
    if GUESSING in groups:
        parts.append(_tell_guessing(groups[GUESSING], share, say))
    if HARDLY in groups:
        names = say.list(groups[HARDLY])
        parts.append(say("Hardly better than guessing on validation images: {runs}.", runs=names))
    if DIVERGED in groups:
        names = say.list(groups[DIVERGED])
        parts.append(say("Diverged, as the loss stopped being a number: {runs}.", runs=names))
    if UNFINISHED in groups:
        parts.append(say("Without a figure to judge by yet: {runs}.", runs=say.list(groups[UNFINISHED])))
    return Markup(" ").join(parts)


def _tell_learned(names: list[Any], all_runs: int, say: Language) -> Markup:
    if all_runs == 1:
        return say("{runs} learned.", runs=names[0])
    if len(names) == all_runs:
        return say("All of them learned: {runs}.", runs=say.list(names))
    return say.many("Of these runs {runs} learned.", "Of these runs {runs} learned.", len(names), runs=say.list(names))


def _tell_guessing(names: list[Any], share: float | None, say: Language) -> Markup:
    if share is None:
        told = say.list(names)
        return say.many(
            "{runs} is no better than guessing.", "{runs} are no better than guessing.", len(names), runs=told
        )
    return say.many(
        "{runs} is no better than guessing ({share}).",
        "{runs} are no better than guessing ({share}).",
        len(names),
        runs=say.list(names),
        share=say.percent(share),
    )


def tell_figures(run: Records, say: Language) -> Markup:
    """Loss and accuracy at the end and at the best epoch."""
    last, best = run.history[-1], run.best
    if last["accuracy"] is None and last["val_accuracy"] is None:
        return _tell_losses(run, say)
    text = say(
        "{run}: after epoch {epoch} the loss is {loss} and the accuracy {accuracy}, on validation images "
        "{val_loss} and {val_accuracy}.",
        run=name_run(run),
        epoch=last["epoch"],
        loss=say.number(last["loss"]),
        accuracy=say.percent(last["accuracy"]),
        val_loss=say.number(last["val_loss"]),
        val_accuracy=say.percent(last["val_accuracy"]),
    )
    if best and best["epoch"] != last["epoch"] and best["val_accuracy"] is not None:
        text += " " + say(
            "The best epoch was {epoch} with a validation accuracy of {accuracy}.",
            epoch=best["epoch"],
            accuracy=say.percent(best["val_accuracy"]),
        )
    return text


def _tell_losses(run: Records, say: Language) -> Markup:
    """The same of a run without accuracies."""
    last, best = run.history[-1], run.best
    text = say(
        "{run}: after epoch {epoch} the loss is {loss}, on validation data {val_loss}.",
        run=name_run(run),
        epoch=last["epoch"],
        loss=say.short(last["loss"]),
        val_loss=say.short(last["val_loss"]),
    )
    if best and best["epoch"] != last["epoch"]:
        best_loss = say.short(best["val_loss"])
        text += " " + say(
            "The best epoch was {epoch} with a validation loss of {loss}.", epoch=best["epoch"], loss=best_loss
        )
    return text


def tell_diagnosis(run: Records, say: Language) -> Markup:
    """What the diagnosis puts first."""
    findings = known(lambda: run.findings(say.code), [])
    if not findings:
        return Markup("")
    return say("{run}: {sentence}", run=name_run(run), sentence=say.set_type(findings[0]["sentence"]))


def tell_change(before: Records, after: Records, say: Language) -> Markup:
    """How a run compares with an earlier one: what was changed, the figures of both, and whether it is chance."""
    first, second = ((run.best or {}).get("val_accuracy") for run in (before, after))
    if first is None or second is None:
        return say(
            "{after} cannot be compared with {before}: one of them has no accuracy.",
            after=name_run(after),
            before=name_run(before),
        )
    if outcome_of(before) == outcome_of(after) == GUESSING:
        return say(
            "{after} against {before} ({changes}): neither is better than guessing.",
            after=name_run(after),
            before=name_run(before),
            changes=tell_settings(before, after, say),
        )
    parts = [
        say(
            "{after} against {before} ({changes}): the best validation accuracy is {b} instead of {a}, {difference}.",
            after=name_run(after),
            before=name_run(before),
            changes=tell_settings(before, after, say),
            a=say.percent(first),
            b=say.percent(second),
            difference=tell_difference(second - first, say),
        )
    ]
    return Markup(" ").join([*parts, tell_test(before, after, say)])


def tell_difference(difference: float, say: Language) -> Markup:
    """`12.1 points more`."""
    if abs(difference) < 0.0005:
        return say("the same")
    points = say.points(difference)
    return say("{points} more", points=points) if difference > 0 else say("{points} less", points=points)


def tell_settings(before: Records, after: Records, say: Language) -> Markup:
    """The settings in which two runs differ."""
    changes = changed_settings(before, after)
    if changes is None:
        return say("settings not known")
    told = [say("{field}: {old} → {new}", field=code(field), old=old, new=new) for field, (old, new) in changes.items()]
    return Markup("; ").join(told) if told else say("the same settings")


def changed_settings(before: Records, after: Records) -> dict[str, tuple[str, str]] | None:
    """Config field -> its values in two runs, where they differ; None where a config cannot be read."""
    one, other = known(lambda: before.config), known(lambda: after.config)
    if one is None or other is None:
        return None
    return {
        field: (written(one[field]), written(other[field]))
        for field in one
        if field != "name" and field in other and one[field] != other[field]
    }


def written(value: Any) -> str:
    """A setting's value as it is written in a config."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(written, value)) or UNKNOWN
    if isinstance(value, dict):
        return " ".join(f"{key}={written(item)}" for key, item in value.items() if item is not None)
    return f"{value:g}" if isinstance(value, float) else str(value)


def tell_test(before: Records, after: Records, say: Language) -> Markup:
    """Whether two runs differ on the test images by more than chance."""
    try:
        compared = compare_predictions(before.name, before.predictions, after.name, after.predictions)
    except Missing:
        return say("Their test images cannot be compared: predictions are missing.")
    except NotComparable:
        return say("They were not tested on the same images, so no test compares them.")
    return tell_comparison(compared, after, before, say)


def tell_comparison(compared: Comparison, after: Records, before: Records, say: Language) -> Markup:
    """The outcome of McNemar's test in words."""
    if not compared.only_first and not compared.only_second:
        return say("On the {n} test images both are right and wrong on the same ones.", n=say.whole(compared.n))
    counts = say(
        "Of the {n} test images {a} are recognised by {after} alone and {b} by {before} alone",
        n=say.whole(compared.n),
        a=say.whole(compared.only_second),
        b=say.whole(compared.only_first),
        after=code(after.name),
        before=code(before.name),
    )
    if compared.p < LEVEL:
        return say("{counts}: more than chance (McNemar, {p}).", counts=counts, p=say.chance(compared.p))
    return say("{counts}: that may be chance (McNemar, {p}).", counts=counts, p=say.chance(compared.p))


def tell_accuracy(run: Records, say: Language) -> Markup:
    """Accuracy on the test images with its interval, and loss."""
    figures = run.figures
    text = say(
        "On {n} test images {run} is right in {accuracy} ({interval}).",
        n=say.whole(figures.n),
        run=name_run(run),
        accuracy=say.percent(figures.accuracy),
        interval=say.interval(*figures.accuracy_interval),
    )
    if figures.loss is not None and figures.loss_interval:
        text += " " + say(
            "The loss there is {loss} (95 % interval {low} to {high}).",
            loss=say.number(figures.loss),
            low=say.number(figures.loss_interval[0]),
            high=say.number(figures.loss_interval[1]),
        )
    return text
