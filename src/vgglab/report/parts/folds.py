"""The part of the page about cross-validation: what each fold came to, and all of them together."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from markupsafe import Markup

from vgglab.errors import RunError
from vgglab.report.blocks import Points, Table
from vgglab.report.folds import Figures, fold_figures
from vgglab.report.language import Language, code
from vgglab.report.parts.gaps import known
from vgglab.report.parts.words import name_run
from vgglab.report.records import Records
from vgglab.runs.seeds import folded


def cross_validations(runs: Sequence[Records]) -> list[Figures]:
    """The figures of each cross-validation among some runs that can be read."""
    found = []
    for group in folded([run.run for run in runs if known(lambda run=run: run.config)]):
        with suppress(RunError):  # the file to blame is named where its run is shown
            found.append(fold_figures(group))
    return [figures for figures in found if figures["test_accuracy"]["n"]]


def folds_part(runs: Sequence[Records], say: Language) -> list[Any]:
    """What cross-validations come to, in words; how each fold did."""
    points = [tell_folds(figures, say) for figures in cross_validations(runs)]
    points.append(
        say(
            "Within a fold the best epoch was chosen on pictures held out of its training part: the pictures that it "
            "is judged on decided nothing."
        )
    )
    return [Points(points), folds_table(runs, say)]


def tell_folds(figures: Figures, say: Language) -> Markup:
    """The figure of all pictures, and mean and deviation over the folds."""
    over, whole = figures["test_accuracy"], figures["whole"]
    values = {"run": code(figures["run"]), "n": say.whole(over["n"]), "folds": say.whole(figures["folds"])}
    values |= {"mean": say.percent(over["mean"]), "sd": say.percent(over["sd"])}
    if whole is None:
        text = say("{run}: {n} of {folds} folds are done.", **values)
    else:
        text = say(
            "{run}: of {pictures} pictures, each judged once by a network that did not see it, {accuracy} are right "
            "({interval}).",
            pictures=say.whole(whole["n"]),
            accuracy=say.percent(whole["accuracy"]),
            interval=say.interval(*whole["accuracy_interval"]),
            **values,
        )
    if over["interval"] is None:
        return text
    return Markup("{} {}").format(
        text,
        say(
            "Over {n} folds the accuracy is {mean} on average, with a standard deviation of {sd} "
            "({interval}; the folds share training pictures, and the interval allows for that).",
            interval=say.interval(*over["interval"]),
            **values,
        ),
    )


def folds_table(runs: Sequence[Records], say: Language) -> Table:
    """A row a fold: pictures that it judged, its accuracy with an interval."""
    rows = []
    for group in folded([run.run for run in runs if known(lambda run=run: run.config)]):
        folders = {run.folder for run in group.runs}
        for run in (run for run in runs if run.folder in folders):
            figures = known(lambda run=run: run.figures)
            interval = say.interval(*figures.accuracy_interval) if figures else ""
            best = (known(lambda run=run: run.best) or {}).get("val_accuracy")
            shown = [say.whole(figures and figures.n), say.percent(figures and figures.accuracy), interval]
            rows.append([name_run(run), *shown, say.percent(best)])
    header = [say("run"), say("pictures judged"), say("accuracy"), "95 %", say("best validation accuracy")]
    return Table(say("The folds one by one"), header, rows)
