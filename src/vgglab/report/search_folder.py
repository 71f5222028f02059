"""What a search's folder says of its trials. Imports neither Optuna nor a backend."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vgglab.report.tables import html_table, text_table
from vgglab.runs.door import read_json
from vgglab.runs.shapes import SearchTree, TrialRow
from vgglab.runs.store import Run

FILE = "search.json"


@dataclass(frozen=True)
class Search:
    """A search as its folder tells it; printed, or in a notebook, it is a table of its trials, the best first.

    Attributes:
        folder: the folder.
        name: of the search.
        measure: the figure that it is about, `val_accuracy` or `val_loss`.
        space: dotted config field -> what it was chosen from.
        trials: as `search.json` has them, by their number.
        best: name of the best trial; None where none came to its end.
        importance: dotted config field -> its share in how the trials differ, the largest first.
        tested: names of the trials that were tested.
    """

    folder: Path
    name: str
    measure: str
    space: dict[str, str]
    trials: list[TrialRow]
    best: str | None
    importance: dict[str, float]
    tested: list[str]

    @property
    def run(self) -> Run | None:
        """The run of the best trial."""
        from vgglab.report.notebook import load as load_to_look_at  # which takes numpy

        return self.best and load_to_look_at(self.folder / self.best)

    @property
    def ranked(self) -> list[TrialRow]:
        """The trials, the best one first, then by their figures; without a figure last."""
        sign = -1 if self.measure == "val_accuracy" else 1
        by_figure = sorted(self.trials, key=lambda row: sign * (row["figure"] or 0.0))
        return sorted(by_figure, key=lambda row: (row["name"] != self.best, row["figure"] is None))

    @property
    def counts(self) -> dict[str, int]:
        """How many trials ended how."""
        return Counter(row["how"] for row in self.trials)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and cells of the trials for a person to read."""
        header = ["trial", "ended", self.measure, "epochs", "seconds", *self.space]
        return header, [self.cells(row) for row in self.ranked]

    def cells(self, row: TrialRow) -> list[str]:
        """A line of that table."""
        figure = "" if row["figure"] is None else f"{row['figure']:.4f}"
        values = [shown(row["settings"].get(field)) for field in self.space]
        return [row["name"], row["how"], figure, f"{row['epochs']}/{row['planned']}", f"{row['seconds']:.0f}", *values]

    @property
    def told(self) -> str:
        """What came of it, in a few lines: the best of how many, what the settings matter, what it cost."""
        best = next(row for row in self.trials if row["name"] == self.best)
        ended = ", ".join(f"{count} {how}" for how, count in self.counts.items())
        shares = ", ".join(f"{field} {share:.0%}" for field, share in self.importance.items())
        epochs, seconds = (sum(row[name] for row in self.trials) for name in ("epochs", "seconds"))
        planned = sum(row["planned"] for row in self.trials)
        trials = f"{len(self.trials)} trial{'s' if len(self.trials) > 1 else ''} ({ended})"
        lines = [f"best: {self.best}, {self.measure} {best['figure']:.4f}, chosen from {trials}"]
        lines += [f"importance of the settings (fANOVA): {shares}"] if shares else []
        return "\n".join([*lines, f"{epochs} of {planned} epochs were trained, in {seconds:.0f} s"])

    def as_json(self) -> dict[str, Any]:
        """What `search.json` holds, and the folder."""
        return {"folder": str(self.folder), **read_json(self.folder / FILE, SearchTree)}

    def __str__(self) -> str:
        return text_table(*self.table())

    def _repr_html_(self) -> str:
        return html_table(*self.table())


def shown(value: Any) -> str:
    """A value of a setting, short."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def read_search(folder: Path) -> Search:
    """What a folder says of its search.

    Raises:
        RunError: there is no `search.json`, or it is damaged.
    """
    tree = read_json(folder / FILE, SearchTree)
    return Search(folder, **{name: value for name, value in tree.items() if name in Search.__annotations__})
