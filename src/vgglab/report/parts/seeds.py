"""The part of the page that tells what seeds make: means, deviations, tests, and curves with their band."""

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from vgglab.report.blocks import Points, Table, Text
from vgglab.report.charts.curves import Course
from vgglab.report.language import Language, code
from vgglab.report.parts.gaps import known
from vgglab.report.parts.run import course_of
from vgglab.report.records import Records
from vgglab.report.seeds import accuracies, losses, seed_pairs, summary, tell_pair
from vgglab.runs.record import MEASURES
from vgglab.runs.seeds import Group, by_seed, grouped, is_fold


def over_seeds(runs: Sequence[Records], say: Language) -> list[Any]:
    """Means and deviations over the seeds of each run, and whether runs differ by more than seeds do."""
    groups = by_seed([run.run for run in runs if known(lambda run=run: run.best) and not is_fold(run.run)])
    if all(len(group.runs) == 1 for group in groups):
        return [Text(say("Each run has one seed: it cannot tell whether a difference is larger than seeds make."))]
    pairs = seed_pairs(groups)
    told = [
        tell_pair(pair, say) for pair in sorted(pairs, key=lambda pair: (pair.adjusted is None, pair.adjusted or 0))
    ]
    return [means_table(groups, runs, say), *([Points(told)] if told else [])]


def means_table(groups: Sequence[Group], runs: Sequence[Records], say: Language) -> Table:
    """Mean and standard deviation of each run's accuracies over its seeds; of its losses, where it has none."""
    records = {run.folder: run for run in runs}
    by_loss = [group for group in groups if losses(group)]
    rows = []
    for group in groups:
        tested = [known(lambda run=run: records[run.folder].figures.accuracy) for run in group.runs]
        cells = [cell for values in (accuracies(group), tested) for cell in _mean_cells(summary(values), say)]
        lost = summary(losses(group))
        cells += [say.short(lost["mean"]), say.short(lost["sd"])] if by_loss else []
        rows.append([code(group.name), say.whole(len(group.runs)), *cells])
    deviation = say("standard deviation")
    header = [say("run"), say("seeds"), say("mean of the best validation accuracy"), deviation]
    header += [say("test accuracy"), deviation]
    header += [say("mean of the lowest validation loss"), deviation] if by_loss else []
    drop = slice(2, 6) if len(by_loss) == len(groups) else slice(0, 0)  # no run has an accuracy
    for cells in (header, *rows):
        del cells[drop]
    return Table(say("Mean and standard deviation over the seeds"), header, rows)


def _mean_cells(figures: dict[str, Any], say: Language) -> list[Any]:
    return [say.percent(figures["mean"]), say.percent(figures["sd"])]


def seeds_choice(chosen: str, candidates: Sequence[Records], say: Language) -> list[Any] | None:
    """What was chosen by the mean over seeds, and the candidates; None where no candidate has several."""
    groups = grouped([run.run for run in candidates if known(lambda run=run: run.best)])
    if all(len(group.runs) == 1 for group in groups):
        return None
    ranked = sorted(groups, key=lambda group: fmean(accuracies(group)), reverse=True)
    taken = next((group for group in groups if group.name == chosen), None)
    text = say("Chosen is {run}.", run=code(chosen))
    if taken:
        text = say(
            "Chosen is {run}: over its {n} seeds it has the best validation accuracy on average, {accuracy}.",
            run=code(chosen),
            n=len(taken.runs),
            accuracy=say.percent(fmean(accuracies(taken))),
        )
    return [Text(text), means_table(ranked, candidates, say)]


def courses_of(runs: Sequence[Records], say: Language) -> list[Course]:
    """What is drawn of each run: the mean over its seeds, with a band, where it has several."""
    records = {run.folder: run for run in runs}
    courses = []
    for group in grouped([run.run for run in runs]):
        members = [records[run.folder] for run in group.runs]
        courses.append(course_of(members[0], say) if len(members) == 1 else mean_course(group.name, members))
    return courses


def mean_course(name: str, runs: Sequence[Records]) -> Course:
    """The mean of several seeds' histories, and one standard deviation to either side of it."""
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in (row for run in runs for row in run.history):
        rows.setdefault(row["epoch"], []).append(row)
    history: list[dict[str, Any]] = []
    spread: dict[str, dict[int, tuple[float, float]]] = {measure: {} for measure in MEASURES}
    for epoch in sorted(rows):
        history.append({"epoch": epoch})
        for measure in MEASURES:
            values = [row[measure] for row in rows[epoch] if row[measure] is not None]
            mean = fmean(values) if values else None
            history[-1][measure] = mean
            if len(values) > 1:
                spread[measure][epoch] = mean - stdev(values), mean + stdev(values)
    classes = len(known(lambda: runs[0].classes, []))
    return Course(f"{name} (n = {len(runs)})", history, classes=classes, spread=spread)
