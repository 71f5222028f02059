"""What cross-validation comes to: mean, deviation and interval over the folds, and the figure of all pictures."""

from collections.abc import Sequence
from typing import Any

from vgglab.evaluation.significance import fold_interval
from vgglab.report.seeds import summary
from vgglab.runs.door import read_json
from vgglab.runs.seeds import Group, folded
from vgglab.runs.shapes import Metrics
from vgglab.runs.store import Run

Figures = dict[str, Any]


def fold_figures(group: Group) -> Figures:
    """The figures of a cross-validation.

    Returns:
        `run` (its name), `folds` (how many there are), `test_accuracy`: `mean`, `sd` and `n` over the folds that are
        done, with the `interval` of `evaluation.significance.fold_interval`; and `whole`: `n` pictures that were each
        judged once, `accuracy` and `accuracy_interval`; None before all folds are done.

    Raises:
        RunError: a file is damaged.
    """
    judged = [run.metrics["accuracy"] for run in group.runs if run.metrics]
    figures = summary(judged) | {"interval": fold_interval(judged)}
    return {"run": group.name, "folds": group.folds, "test_accuracy": figures, "whole": _whole(group)}


def _whole(group: Group) -> Figures | None:
    path = group.folder / "metrics.json"
    if not path.exists():
        return None
    metrics = read_json(path, Metrics)
    return {name: metrics[name] for name in ("n", "accuracy", "accuracy_interval")}


def over_folds(runs: Sequence[Run]) -> list[Figures | None]:
    """For each run the figures of the cross-validation that it is a fold of; None for others."""
    told = {run.folder: figures for group in folded(runs) for figures in [fold_figures(group)] for run in group.runs}
    return [told.get(run.folder) for run in runs]


def folds_table(rows: Sequence[Figures]) -> tuple[list[str], list[list[str]]]:
    """Header and cells for a person to read, of the `folds` of rows; no cells where there are none."""
    found = {id(row["folds"]): row["folds"] for row in rows if row["folds"]}
    header = ["run", "folds", "test_accuracy", "sd", "95 % interval", "pictures", "accuracy of all", "95 % interval"]
    cells = []
    for told in found.values():
        over, whole = told["test_accuracy"], told["whole"] or {}
        done = str(told["folds"]) if over["n"] == told["folds"] else f"{over['n']} of {told['folds']}"
        figures = [_put(over["mean"]), _put(over["sd"]), _put(*over["interval"] or ())]
        all_ = [
            f"{whole['n']:,}" if whole else "",
            _put(whole.get("accuracy")),
            _put(*whole.get("accuracy_interval", ())),
        ]
        cells.append([told["run"], done, *figures, *all_])
    return header, cells


def _put(*values: float | None) -> str:
    return " to ".join(f"{value:.4f}" for value in values if value is not None)
