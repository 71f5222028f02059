"""What several seeds come to: mean and standard deviation, and whether runs differ by more than seeds do."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import combinations
from typing import Any

from vgglab.diagnosis.comparison import Difference, explain_differences
from vgglab.errors import RunError
from vgglab.evaluation.significance import LEVEL, SeedTest, compare_seeds, holm
from vgglab.report.language import FIXED, NARROW, Language
from vgglab.runs.seeds import Group, by_seed, grouped
from vgglab.runs.store import Run

MEASURE = "best_val_accuracy"  # what is tested, and what a study chooses by
LOSS = "best_val_loss"  # what is tested where no run has an accuracy
LARGEST = {MEASURE: 1.0, LOSS: math.inf}  # difference that there can be
SUMMED = (MEASURE, LOSS, "test_accuracy", "seconds")  # columns of rows
Figures = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """Two runs, at least one of them with several seeds.

    Attributes:
        first, second: the runs.
        measure: what is tested, a column of rows.
        test: what tells them apart.
        adjusted: p, adjusted for the number of pairs (Holm); None where one seed cannot tell.
    """

    first: Group
    second: Group
    measure: str
    test: SeedTest
    adjusted: float | None

    @property
    def differs(self) -> bool | None:
        """Whether they differ by more than seeds do; None where one seed cannot tell."""
        return None if self.adjusted is None else self.adjusted < LEVEL


def accuracies(group: Group) -> list[float]:
    """The validation accuracy of each seed's best epoch; a seed without one is left out."""
    found = ((run.best or {}).get("val_accuracy") for run in group.runs)
    return [accuracy for accuracy in found if accuracy is not None]


def losses(group: Group) -> list[float]:
    """The validation loss of each seed's best epoch, in a group that no accuracy tells of."""
    found = [run.best or {} for run in group.runs]
    scored = any(best.get("val_accuracy") is not None for best in found)
    return [] if scored else [best["val_loss"] for best in found if best.get("val_loss") is not None]


def seed_pairs(groups: Sequence[Group]) -> list[Pair]:
    """Every two runs of one measure, but for those of which neither has several seeds."""
    read = [(group, values) for group in groups if (values := accuracies(group) or losses(group))]
    found = [
        (first, second, measure_of(first), compare_seeds(ours, theirs, LARGEST[measure_of(first)]))
        for (first, ours), (second, theirs) in combinations(read, 2)
        if max(len(ours), len(theirs)) > 1 and _measured_alike(first, second)
    ]
    adjusted = iter(holm([test.p for *_, test in found if test.p is not None]))
    return [Pair(*each, None if each[-1].p is None else next(adjusted)) for each in found]


def measure_of(group: Group) -> str:
    """What a group's seeds are told apart by, a column of rows."""
    return LOSS if losses(group) else MEASURE


def _measured_alike(first: Group, second: Group) -> bool:
    """Whether both have accuracies, or both the same loss."""
    if measure_of(first) != measure_of(second):
        return False
    return measure_of(first) == MEASURE or len({one.runs[0].settings["train.loss"] for one in (first, second)}) == 1


def summary(values: Sequence[float | None]) -> dict[str, float | int | None]:
    """Mean, standard deviation (None for one) and number of the values that are known.

    Example:
        >>> summary([0.3, None, 0.5])
        {'mean': 0.4, 'sd': 0.1414213562373095, 'n': 2}
    """
    known = [value for value in values if value is not None]
    mean = statistics.fmean(known) if known else None
    return {"mean": mean, "sd": statistics.stdev(known) if len(known) > 1 else None, "n": len(known)}


def over_seeds(runs: Sequence[Run], rows: Sequence[Figures]) -> list[Figures]:
    """For each run the figures over all seeds that it has, and how it differs from other runs.

    Args:
        runs: the runs.
        rows: their figures, as `make_row` gives them.

    Returns:
        Dicts with `run` (its name without the seed), `n` seeds, for each of SUMMED its `mean`, `sd` and `n`, and
        `against`: dicts with `run`, `measure` (what is tested), `test` (its name), `difference` of the means from that
        run to this one, its 95 % `interval`, `p`, `p_adjusted` for the number of pairs, `n` of the two, and whether it
        `differs` by more than seeds do; None where one seed cannot tell.
    """
    own = {run.folder: row for run, row in zip(runs, rows, strict=True)}
    groups = by_seed(runs)
    told = {}
    for group in groups:
        columns = {name: summary([own[run.folder][name] for run in group.runs]) for name in SUMMED}
        figures = {"run": group.name, "n": len(group.runs), **columns, "against": []}
        told |= {run.folder: figures for run in group.runs}
    for pair in seed_pairs(groups):
        for one, other, sign in ((pair.second, pair.first, 1), (pair.first, pair.second, -1)):
            told[one.runs[0].folder]["against"].append({"run": other.name, **_tested(pair, sign)})
    return [told[run.folder] for run in runs]


def _tested(pair: Pair, sign: int) -> Figures:
    test = pair.test
    return {
        "measure": pair.measure,
        "test": test.name,
        "difference": sign * test.difference,
        "interval": test.interval and sorted(sign * bound for bound in test.interval),
        "p": test.p,
        "p_adjusted": pair.adjusted,
        "n": list(test.n[::-sign]),
        "differs": pair.differs,
    }


def explain_runs(
    runs: Sequence[Run], language: str, damaged: Callable[[RunError], None] | None = None
) -> list[Difference]:
    """As `explain_differences`; of several seeds the one in the middle speaks, and it is said what seeds make.

    Args:
        runs: of a study, or any others.
        language: `en` or `fr`.
        damaged: told of each run that is damaged, which is then left out; None refuses it.

    Raises:
        RunError: a run is damaged, and there is nothing to tell of it.
        UsageError: there is no such language.
    """
    groups, say = grouped(runs), Language(language)
    group_by_run = {run.name: group for group in groups for run in group.runs}
    explained = explain_differences([middle(group) for group in groups], language, damaged)
    pairs = {frozenset((pair.first.name, pair.second.name)): pair for pair in seed_pairs(by_seed(runs))}
    for found in explained:
        pair = pairs.get(frozenset(group_by_run[name].name for name in found["runs"]))
        if pair:
            found["sentence"] += f" {plain(tell_pair(pair, say))}"
    return explained


def merit(best: Figures | None) -> float:
    """What a best epoch is ranked by: its validation accuracy, and below all of those its validation loss.

    Example:
        >>> [merit(best) for best in ({"val_accuracy": 0.5}, {"val_accuracy": None, "val_loss": 0.1}, None)]
        [0.5, -0.1, -inf]
    """
    if best is None:
        return -math.inf
    return -best["val_loss"] if best["val_accuracy"] is None else best["val_accuracy"]


def middle(group: Group) -> Run:
    """The run whose best validation accuracy is in the middle of its seeds'; the lower one of two."""
    ranked = sorted(group.runs, key=lambda run: merit(run.best))
    return ranked[(len(ranked) - 1) // 2]


def tell_pair(pair: Pair, say: Language) -> Any:
    """Whether two runs differ by more than seeds do, with the figures that say so."""
    test, figures = pair.test, accuracies if pair.measure == MEASURE else losses
    first, second = figures(pair.first), figures(pair.second)
    values = {"first": pair.first.name, "second": pair.second.name, "n": len(first), "m": len(second)}
    if test.p is None:
        return say(
            "Whether {first} and {second} differ by more than seeds do, one seed cannot tell (n = {n} and {m}).",
            **values,
        )
    put = say.percent if pair.measure == MEASURE else say.short
    values |= {"one": put(statistics.fmean(first)), "other": put(statistics.fmean(second))}
    values |= {"test": test_name(test, say), "p": say.chance(pair.adjusted), "interval": tell_interval(pair, say)}
    text = (
        say("{first} and {second} differ by more than seeds do:", **values)
        if pair.differs
        else say("{first} and {second} may differ by their seeds alone:", **values)
    )
    return text + " " + _tell_figures(pair, values, say)


def _tell_figures(pair: Pair, values: Figures, say: Language) -> Any:
    difference = pair.test.difference
    if pair.measure == LOSS:
        return say(
            "lowest validation loss {one} over {n} seeds and {other} over {m}, a difference of "
            "{difference}{interval}, {p} ({test}).",
            difference=say.short(abs(difference)),
            **values,
        )
    return say(
        "best validation accuracy {one} over {n} seeds and {other} over {m}, a difference of "
        "{difference}{interval}, {p} ({test}).",
        difference=say.points(difference),
        **values,
    )


def test_name(test: SeedTest, say: Language) -> Any:
    """What a test is called."""
    return say("permutation test") if test.interval is None else say("Welch's t-test")


def tell_interval(pair: Pair, say: Language) -> Any:
    """The interval of a difference, of accuracies in points; nothing where there is none."""
    test = pair.test
    if test.interval is None:
        return ""
    ends = test.interval if test.difference >= 0 else (-test.interval[1], -test.interval[0])
    by_loss = pair.measure == LOSS
    low, high = (say.short(end) if by_loss else say.number(100 * end, 1) for end in ends)
    return say(" (95 % interval {low} to {high})", low=low, high=high)


def plain(text: Any) -> str:
    """A text of the report for a terminal."""
    return unescape(str(text)).replace(FIXED, " ").replace(NARROW, " ")


def seeds_table(rows: Sequence[Figures]) -> tuple[list[str], list[list[str]]]:
    """Header and cells of mean and standard deviation over the seeds; no cells where no run has several."""
    several = [told for told in _each_once(rows) if told["n"] > 1]
    names = {MEASURE: "best val_accuracy", LOSS: "lowest val_loss"}
    columns = [(name, 4) for name in names if any(_tested_by(told) == name for told in several)]
    columns += [("test_accuracy", 4), ("seconds", 0)]
    header = ["run", "seeds", *(head for name, _ in columns for head in (names.get(name, name), "sd"))]
    cells = []
    for told in several:
        shown = [told[name] if name not in names or name == _tested_by(told) else {} for name, _ in columns]
        pairs = zip(shown, (digits for _, digits in columns), strict=True)
        figures = [_put(figure.get(key), digits) for figure, digits in pairs for key in ("mean", "sd")]
        cells.append([told["run"], _count(told), *figures])
    return header, cells


def _tested_by(told: Figures) -> str:
    """What a run's seeds are told apart by: the loss where they have no accuracy."""
    return MEASURE if told[MEASURE]["n"] or not told[LOSS]["n"] else LOSS


def _count(told: Figures) -> str:
    """How many seeds there are, and how many have a figure where that is another number."""
    n = told[_tested_by(told)]["n"]
    return str(n) if n == told["n"] else f"{n} of {told['n']}"


def verdicts_table(rows: Sequence[Figures]) -> tuple[list[str], list[list[str]]]:
    """Header and cells of every two runs that were tested, and of those that one seed cannot tell apart."""
    header = ["run", "against", "n", "difference", "95 % interval", "p", "p, adjusted", "test", "verdict"]
    order = {told["run"]: place for place, told in enumerate(_each_once(rows))}
    cells = []
    for told in _each_once(rows):
        for pair in told["against"]:
            if order[pair["run"]] < order[told["run"]]:
                interval = " to ".join(_put(bound, 4) for bound in pair["interval"] or ())
                p = [_put(pair[name], 4) for name in ("p", "p_adjusted")]
                n = " and ".join(map(str, pair["n"]))
                figures = [n, f"{pair['difference']:+.4f}", interval, *p, pair["test"] or ""]
                cells.append([told["run"], pair["run"], *figures, VERDICTS[pair["differs"]]])
    return header, cells


VERDICTS = {True: "more than seeds", False: "may be seeds", None: "one seed cannot tell"}


def _each_once(rows: Sequence[Figures]) -> list[Figures]:
    return list({id(row["seeds"]): row["seeds"] for row in rows}.values())


def _put(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
