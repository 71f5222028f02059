"""Run folders -> rows that can be compared, and tables of them. Imports no backend."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vgglab.config.schema import APART
from vgglab.errors import RunError
from vgglab.report.folds import folds_table, over_folds
from vgglab.report.seeds import MEASURE, over_seeds, seeds_table, verdicts_table
from vgglab.report.tables import html_table, text_table
from vgglab.runs.record import MEASURES
from vgglab.runs.remote.names import shown
from vgglab.runs.store import Run, find_folder, list_runs, load

Row = dict[str, Any]


Damaged = Callable[[RunError], None]  # told of a run that is left out


def find_runs(paths: Sequence[Path | str], damaged: Damaged | None = None) -> list[Run]:
    """The runs at the given folders; a study's folder stands for all of its runs.

    Args:
        paths: folders of runs and of studies.
        damaged: told of each damaged run below a study's folder, which is then left out; None refuses it.

    Raises:
        RunError: a path is neither a run nor a folder of runs.
    """
    runs: list[Run] = []
    for path in paths:
        folder = find_folder(path)
        if (folder / "run.json").exists() or not folder.is_dir():
            runs.append(load(folder))
            continue
        told: list[RunError] = []
        below = list_runs(folder, damaged and told.append)
        for error in told:
            damaged(error)
        if not below and not told:
            raise RunError(f"{shown(folder)}: holds no run; `vgglab runs` lists what is there")
        runs += below
    return runs


class Comparison(list[Row]):
    """Rows of runs; printed, or in a notebook, they are tables."""

    def __str__(self) -> str:
        return "\n\n".join(text_table(*table) for table in self._tables())

    def _repr_html_(self) -> str:
        return "".join(html_table(*table) for table in self._tables())

    def _tables(self) -> list[tuple[list[str], list[list[str]]]]:
        """Results, and the settings in which the runs differ if there are any."""
        more = [rank_table(self), folds_table(self), seeds_table(self), verdicts_table(self), config_table(self)]
        return [results_table(self), *(table for table in more if table[1])]


def compare(*paths: Path | str, damaged: Damaged | None = None) -> Comparison:
    """One row a run: figures of the last and the best epoch, cost, and the config fields that differ.

    Args:
        *paths: run folders, or a study's folder.
        damaged: as for `find_runs`.

    Returns:
        Rows with `run`, `status`, `epochs`, the four measures at the `last` epoch, `best_epoch` and the measures
        there as `best_loss` ..., `test_accuracy`, `parameters`, `seconds`, `flops`, `config` (differing fields),
        `seeds` (as `over_seeds` gives them: mean and standard deviation over a run's seeds, and whether it differs from
        others by more than seeds do), `folds` (as `fold_figures` gives them: what the cross-validation comes to that
        the run is a fold of; None for others) and `rank` (of a run without accuracy its place by the lowest validation
        loss among those of the same loss, else None); a list that prints as tables.

    Raises:
        RunError: a path is no run, or was written by a newer version.
    """
    return rows_of(find_runs(paths, damaged))


def rows_of(runs: Sequence[Run]) -> Comparison:
    """The rows of `compare`, of runs that are open."""
    rows = [make_row(run) for run in runs]
    more = zip(differing_fields(runs), over_seeds(runs, rows), over_folds(runs), ranks(runs, rows), strict=True)
    added = ({"config": config, "seeds": seeds, "folds": folds, "rank": rank} for config, seeds, folds, rank in more)
    return Comparison(row | columns for row, columns in zip(rows, added, strict=True))


def ranks(runs: Sequence[Run], rows: Sequence[Row]) -> list[int | None]:
    """The place, from 1, of each run that has no accuracy among those of its loss, by the lowest validation loss."""
    losses = [
        (run.config.train.loss, row["best_val_loss"]) if run.watched and row["best_val_accuracy"] is None else None
        for run, row in zip(runs, rows, strict=True)
    ]
    known = [found for found in losses if found and found[1] is not None]
    return [
        1 + sum(name == found[0] and loss < found[1] for name, loss in known) if found in known else None
        for found in losses
    ]


def make_row(run: Run) -> Row:
    """The figures of one run; None where there is none yet."""
    last, best = (run.history[-1] if run.history else {}), run.best or {}
    return {
        "run": run.name,
        "status": run.status,
        "epochs": len(run.history),
        **{name: last.get(name) for name in MEASURES},
        "best_epoch": best.get("epoch"),
        **{f"best_{name}": best.get(name) for name in MEASURES},
        "test_accuracy": (run.metrics or {}).get("accuracy"),
        "parameters": run.record.parameters.get("total"),
        "seconds": run.record.seconds,
        "flops": run.record.flops,
    }


def differing_fields(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """For each run its values of the config fields in which the runs are not all alike."""
    configs = [run.settings for run in runs]
    fields = [field for field in differing(configs) if field not in APART]
    return [{field: config[field] for field in fields if field in config} for config in configs]


def differing(configs: Sequence[dict[str, Any]]) -> list[str]:
    """The fields in which configs differ, among those that have them: runs that were only watched know of few."""
    fields = dict.fromkeys(field for config in configs for field in config)
    values = {field: [config[field] for config in configs if field in config] for field in fields}
    return [field for field, found in values.items() if any(value != found[0] for value in found)]


def rows_to_csv(rows: Sequence[Row]) -> str:
    """The rows as CSV; each differing config field is a column, and of several seeds what they come to."""
    if not rows:
        return ""
    several = any(row["seeds"]["n"] > 1 for row in rows)
    flat = [{**row, **row["config"], **(_seed_columns(row["seeds"]) if several else {})} for row in rows]
    for row in flat:
        del row["config"], row["seeds"], row["folds"], row["rank"]
    buffer = io.StringIO()
    columns = list(dict.fromkeys(name for row in flat for name in row))
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return buffer.getvalue()


def _seed_columns(told: Row) -> Row:
    figures = told[MEASURE]
    return {"group": told["run"], "n_seeds": told["n"], "seeds_mean": figures["mean"], "seeds_sd": figures["sd"]}


def results_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Header and cells for a person to read: two lines a run, its last epoch and its best."""
    header = ["run", "status", "epoch", *MEASURES, "test_accuracy", "parameters", "seconds"]
    cells = []
    for row in rows:
        last = [number(row[name]) for name in MEASURES]
        best = [number(row[f"best_{name}"]) for name in MEASURES]
        cost = [f"{row['parameters']:,}" if row["parameters"] else "", f"{row['seconds']:.0f}"]
        cells.append([row["run"], row["status"], f"last {row['epochs']}", *last, "", *cost])
        if row["best_epoch"] is not None:
            cells.append(["", "", f"best {row['best_epoch']}", *best, number(row["test_accuracy"]), "", ""])
    return header, cells


def rank_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Header and cells of runs without accuracy, the lowest validation loss first; no cells for fewer than two."""
    ranked = sorted((row for row in rows if row["rank"] is not None), key=lambda row: row["rank"])
    cells = [[str(row["rank"]), row["run"], number(row["best_val_loss"]), str(row["best_epoch"])] for row in ranked]
    return ["rank", "run", "val_loss", "epoch"], cells if len(cells) > 1 else []


def config_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the config fields in which the runs differ, seeds apart; no cells where they are alike."""
    several = any(row["seeds"]["n"] > 1 or row["folds"] for row in rows)
    known = dict.fromkeys(field for row in rows for field in row["config"])
    fields = [field for field in known if not several or field not in ("train.seed", "data.fold")]
    named = {_group_name(row) if several else row["run"]: row["config"] for row in rows} if fields else {}
    return ["run", *fields], [
        [name, *(str(config.get(field, "")) for field in fields)] for name, config in named.items()
    ]


def _group_name(row: Row) -> str:
    return (row["folds"] or row["seeds"])["run"]


def number(value: float | None) -> str:
    """Four decimals, or nothing."""
    return "" if value is None else f"{value:.4f}"
