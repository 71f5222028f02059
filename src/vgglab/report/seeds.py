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
from vgglab.runs.seeds import Group, grouped
from vgglab.runs.store import Run

MEASURE = "best_val_accuracy"  # what is tested, and what a study chooses by
SUMMED = (MEASURE, "best_val_loss", "test_accuracy", "seconds")  # columns of rows
Figures = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """Two runs, at least one of them with several seeds.

    Attributes:
        first, second: the runs.
        test: what tells them apart.
        adjusted: p, adjusted for the number of pairs (Holm); None where one seed cannot tell.
    """

    first: Group
    second: Group
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


def seed_pairs(groups: Sequence[Group]) -> list[Pair]:
    """Every two runs, but for those of which neither has several seeds."""
    read = [(group, values) for group in groups if (values := accuracies(group))]
    found = [
        (first, second, compare_seeds(ours, theirs))
        for (first, ours), (second, theirs) in combinations(read, 2)
        if max(len(ours), len(theirs)) > 1
    ]
    adjusted = iter(holm([test.p for *_, test in found if test.p is not None]))
    return [Pair(*each, None if each[2].p is None else next(adjusted)) for each in found]


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
        `against`: dicts with `run`, `test` (its name), `difference` of the means from that run to this one, its 95 %
        `interval`, `p`, `p_adjusted` for the number of pairs, `n` of the two, and whether it `differs` by more than
        seeds do; None where one seed cannot tell.
    """
    own = {run.folder: row for run, row in zip(runs, rows, strict=True)}
    groups = grouped(runs)
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
    pairs = {frozenset((pair.first.name, pair.second.name)): pair for pair in seed_pairs(groups)}
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
    test, first, second = pair.test, accuracies(pair.first), accuracies(pair.second)
    values = {"first": pair.first.name, "second": pair.second.name, "n": len(first), "m": len(second)}
    if test.p is None:
        return say(
            "Whether {first} and {second} differ by more than seeds do, one seed cannot tell (n = {n} and {m}).",
            **values,
        )
    values |= {"one": say.percent(statistics.fmean(first)), "other": say.percent(statistics.fmean(second))}
    values |= {"test": test_name(test, say), "p": say.chance(pair.adjusted), "difference": say.points(test.difference)}
    text = (
        say("{first} and {second} differ by more than seeds do:", **values)
        if pair.differs
        else say("{first} and {second} may differ by their seeds alone:", **values)
    )
    return (
        text
        + " "
        + say(
            "best validation accuracy {one} over {n} seeds and {other} over {m}, a difference of "
            "{difference}{interval}, {p} ({test}).",
            interval=tell_interval(test, say),
            **values,
        )
    )


def test_name(test: SeedTest, say: Language) -> Any:
    """What a test is called."""
    return say("permutation test") if test.interval is None else say("Welch's t-test")


def tell_interval(test: SeedTest, say: Language) -> Any:
    """The interval of a difference, in points; nothing where there is none."""
    if test.interval is None:
        return ""
    low, high = test.interval if test.difference >= 0 else (-test.interval[1], -test.interval[0])
    return say(" (95 % interval {low} to {high})", low=say.number(100 * low, 1), high=say.number(100 * high, 1))


def plain(text: Any) -> str:
    """A text of the report for a terminal."""
    return unescape(str(text)).replace(FIXED, " ").replace(NARROW, " ")


def seeds_table(rows: Sequence[Figures]) -> tuple[list[str], list[list[str]]]:
    """Header and cells of mean and standard deviation over the seeds; no cells where no run has several."""
    header = ["run", "seeds", "best val_accuracy", "sd", "test_accuracy", "sd", "seconds", "sd"]
    cells = []
    for told in _each_once(rows):
        if told["n"] > 1:
            pairs = [(told[MEASURE], 4), (told["test_accuracy"], 4), (told["seconds"], 0)]
            figures = [_put(figure[key], digits) for figure, digits in pairs for key in ("mean", "sd")]
            cells.append([told["run"], _count(told), *figures])
    return header, cells


def _count(told: Figures) -> str:
    """How many seeds there are, and how many have a figure where that is another number."""
    n = told[MEASURE]["n"]
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
