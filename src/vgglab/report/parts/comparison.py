"""The part of the page that compares runs."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from markupsafe import Markup

from vgglab.errors import RunError
from vgglab.evaluation.significance import LEVEL, Comparison, NotComparable, compare_predictions, holm
from vgglab.report.blocks import Figure, Points, Section, Table, Text
from vgglab.report.charts.cost import Spent, cost_chart
from vgglab.report.charts.curves import overlaid_curves
from vgglab.report.language import Language, code
from vgglab.report.parts.folds import cross_validations, folds_part
from vgglab.report.parts.gaps import attempt, known
from vgglab.report.parts.seeds import courses_of, over_seeds
from vgglab.report.parts.tables import column_table, differences_table, figures_table
from vgglab.report.parts.words import name_run, tell_runs
from vgglab.report.records import Records
from vgglab.report.seeds import explain_runs
from vgglab.runs.seeds import is_fold

Difference = dict[str, Any]


def read_differences(runs: Sequence[Records], say: Language) -> list[Difference]:
    """What explains that some runs do better than others, from what they recorded; none where it cannot be read."""
    readable = [run.run for run in runs if known(lambda run=run: (run.history, run.config, run.findings(say.code)))]
    try:
        return explain_runs(readable, say.code)
    except RunError:
        return []  # the file to blame is named where it is shown by itself


def comparison_section(runs: Sequence[Records], differences: Sequence[Difference], say: Language) -> Section:
    """Runs next to one another: curves, cost, whether differences are chance, what explains them, settings."""
    tested = [
        ("cost", say("Accuracy against cost"), lambda: cost(runs, say)),
        ("chance", say("Is it more than chance?"), lambda: significance(runs, say)),
    ]
    seeds = [("seeds", say("Is it more than seeds make?"), lambda: over_seeds(runs, say))]
    crossed = [("folds", say("Cross-validation"), lambda: folds_part(runs, say))] if cross_validations(runs) else []
    parts = [
        *crossed,
        ("figures", say("Figures"), lambda: [Text(tell_runs(runs, say)), figures_table(runs, say)]),
        (
            "curves",
            say("Learning curves, one above the other"),
            lambda: overlaid(runs, ("val_accuracy", "val_loss"), say),
        ),
        *([] if all(run.run.watched for run in runs) else tested),
        *([] if all(is_fold(run.run) for run in runs) else seeds),
        ("why", say("What explains the differences"), lambda: explained(differences, say)),
        ("settings", say("What differs in the settings"), lambda: settings(runs, say)),
    ]
    sections = [Section(f"compare-{name}", title, attempt(title, say, make)) for name, title, make in parts]
    return Section("compare", say("Comparison of the runs"), [], sections)


def overlaid(runs: Sequence[Records], columns: Sequence[str], say: Language) -> list[Any]:
    """Curves of several runs in one picture for each measure; runs without a history are left out."""
    drawn = {column: [run for run in runs if has_column(run, column)] for column in columns}
    courses = {column: courses_of(found, say) for column, found in drawn.items() if found}
    if not courses:
        return [Text(say("No run has an epoch to draw."))]
    pictures = [overlaid_curves(found, column, say) for column, found in courses.items()]
    titles = zip(courses, pictures, strict=True)
    tables = [column_table(drawn[column], column, picture.title, say) for column, picture in titles]
    banded = any(course.spread for found in courses.values() for course in found)
    note = (
        say("A line is the mean over a run's seeds or folds, the band one standard deviation around it.")
        if banded
        else ""
    )
    alone = Markup("{}. ").format(pictures[0].title) if len(pictures) == 1 else ""
    return [Figure(pictures, alone + note, tables)]


def has_column(run: Records, column: str) -> bool:
    """Whether a run has a figure in a column of its history; one that was trained is drawn anyway."""
    history = known(lambda: run.history, [])
    return bool(history) and (not run.run.watched or any(row[column] is not None for row in history))


def cost(runs: Sequence[Records], say: Language) -> list[Any]:
    """Accuracy against seconds, parameters and operations."""
    points = [(order, run, *judged) for order, run in enumerate(runs) if (judged := judged_accuracy(run))]
    kinds = (
        (say("Accuracy by training time"), say("seconds of training"), lambda run: run.record.seconds),
        (say("Accuracy by size"), say("parameters"), lambda run: run.parameters.get("total")),
        (say("Accuracy by operations"), say("floating-point operations for an image"), lambda run: run.record.flops),
    )
    pictures = []
    for title, unit, measure in kinds:
        spent = [Spent(run.name, order, *judged, value) for order, run, *judged in points if (value := measure(run))]
        if spent:
            pictures.append(cost_chart(spent, title, unit, say))
    if not pictures:
        return [Text(say("No run has both an accuracy and a cost."))]
    caption = say(
        "Accuracy on the test images with its 95 % interval; on validation images where a run was not tested."
    )
    rows = [
        [
            name_run(run),
            say.percent(accuracy),
            say.seconds(run.record.seconds),
            say.whole(run.parameters.get("total")),
            say.whole(run.parameters.get("trainable")),
            say.whole(run.record.flops),
        ]
        for _, run, accuracy, _ in points
    ]
    header = [say("run"), say("accuracy"), say("training time"), say("parameters"), say("trained"), say("operations")]
    return [Figure(pictures, caption, [Table(say("Accuracy and cost"), header, rows, folded=True)])]


def judged_accuracy(run: Records) -> tuple[float, tuple[float, float] | None] | None:
    """Test accuracy with its interval, else the best validation accuracy."""
    figures = known(lambda: run.figures)
    if figures:
        return figures.accuracy, figures.accuracy_interval
    accuracy = (known(lambda: run.best) or {}).get("val_accuracy")
    return None if accuracy is None else (accuracy, None)


def significance(runs: Sequence[Records], say: Language) -> list[Any]:
    """McNemar's test for every pair of runs that were tested on the same images."""
    compared, left_out = compare_all(runs)
    if not compared:
        return [Text(say("No two runs were tested on the same images, so no test compares them."))]
    adjusted = holm([pair.p for pair in compared])
    certain = sum(p < LEVEL for p in adjusted)
    text = say(
        "McNemar's test looks at the test images that only one of two runs recognises: were both equally good, each of "
        "them would fall to either side like a coin."
    )
    text += " " + say(
        "Pairs of runs compared: {count}; pairs that differ by more than chance: {certain}.",
        count=say.whole(len(compared)),
        certain=say.whole(certain),
    )
    if len(compared) > 1:
        text += " " + say(
            "With many comparisons some would look remarkable by luck alone, so p is adjusted for their number (Holm)."
        )
    if left_out:
        text += " " + say("Without predictions of the same images: {runs}.", runs=say.list(left_out))
    return [Text(text), pairs_table(compared, adjusted, say)]


def compare_all(runs: Sequence[Records]) -> tuple[list[Comparison], list[Any]]:
    """Every pair that can be compared, and the names of the runs that are in none."""
    read = {id(run): predictions for run in runs if (predictions := known(lambda run=run: run.predictions))}
    compared, seen = [], set()
    for one, other in combinations([run for run in runs if id(run) in read], 2):
        try:
            compared.append(compare_predictions(one.name, read[id(one)], other.name, read[id(other)]))
        except NotComparable:
            continue
        seen |= {id(one), id(other)}
    return compared, [name_run(run) for run in runs if id(run) not in seen]


def pairs_table(compared: Sequence[Comparison], adjusted: Sequence[float], say: Language) -> Table:
    """A pair a row, the clearest first."""
    order = sorted(range(len(compared)), key=lambda place: (adjusted[place], -abs(compared[place].difference)))
    rows = []
    for place in order:
        pair, p = compared[place], adjusted[place]
        better, worse = (pair.first, pair.second) if pair.difference <= 0 else (pair.second, pair.first)
        more, fewer = sorted((pair.only_first, pair.only_second), reverse=True)
        rows.append(
            [
                say("{better} against {worse}", better=code(better), worse=code(worse)),
                say.whole(more),
                say.whole(fewer),
                say.points(pair.difference),
                say.chance(pair.p),
                say.chance(p),
                say("more than chance") if p < LEVEL else say("may be chance"),
            ]
        )
    header = [
        say("runs"),
        say("only the first is right"),
        say("only the second is right"),
        say("difference"),
        "p",
        say("p, adjusted"),
        say("verdict"),
    ]
    return Table(say("Every pair of runs on the same test images"), header, rows, folded=len(rows) > 6)


def explained(differences: Sequence[Difference], say: Language) -> list[Any]:
    """What explains the differences, a sentence a pair of runs."""
    if not differences:
        return [Text(say("Nothing that the runs recorded explains a difference between two of them."))]
    return [Points([Markup("{}").format(say.set_type(found["sentence"])) for found in differences])]


def settings(runs: Sequence[Records], say: Language) -> list[Any]:
    """The settings in which the runs differ."""
    table = differences_table(runs, say)
    return [table] if table else [Text(say("The runs have the same settings."))]
