"""What of a run folder goes to a tracker: the figures of each epoch, the settings, the files."""

from pathlib import Path
from statistics import median
from typing import Any

from vgglab.config.schema import APART
from vgglab.diagnosis.reading import describe, read_findings
from vgglab.diagnosis.records import read_signals
from vgglab.runs.store import Run

OF_PREDICTIONS = ("entropy", "spread", "classes_predicted")
OF_LAYERS = ("update", "dead")  # one value a layer: the median and the largest are told
MODEL = "best.keras"
SHOWN = (".json", ".jsonl", ".csv", ".txt", ".yaml", ".png", ".svg", ".html")


def epoch_scalars(run: Run, done: int) -> list[tuple[int, dict[str, float]]]:
    """Epoch -> its figures, for the epochs after the first `done`; what has no value is left out."""
    signals = {line["epoch"]: line for line in read_signals(run.folder / "signals.jsonl")}
    told = []
    for row in run.history[done:]:
        figures = {name: value for name, value in row.items() if name not in ("epoch", "phase")}
        figures |= signal_scalars(signals.get(row["epoch"], {}))
        told.append((row["epoch"], {name: float(value) for name, value in figures.items() if value is not None}))
    return told


def signal_scalars(line: dict[str, Any]) -> dict[str, float | None]:
    """The signals of an epoch that are worth a curve: of the predictions, and of all layers together."""
    scalars = {f"signals/{name}": line.get(name) for name in OF_PREDICTIONS}
    for name in OF_LAYERS:
        values = [value for value in line.get(name, {}).values() if value is not None]
        if values:
            scalars[f"signals/{name}_median"] = median(values)
            scalars[f"signals/{name}_largest"] = max(values)
    return scalars


def test_scalars(run: Run) -> dict[str, float]:
    """`test_accuracy` and `test_loss`; none before the run was evaluated."""
    metrics = run.metrics or {}
    return {f"test_{name}": metrics[name] for name in ("accuracy", "loss") if metrics.get(name) is not None}


def settings(run: Run) -> dict[str, str | float | bool]:
    """Every setting that decides the run, as a number, a truth value or text."""
    return {
        name: value if isinstance(value, bool | int | float | str) else _as_text(value)
        for name, value in run.settings.items()
        if name not in APART
    }


def findings_text(run: Run) -> str:
    """The findings as a list in Markdown; empty where there are none."""
    described = [describe(finding) for finding in read_findings(run)]
    return "\n".join(f"- **{finding['severity']}**: {finding['sentence']}" for finding in described)


def files(folder: Path) -> list[Path]:
    """The files of a run that people look at: tables, pictures, texts; those of its examples too."""
    found = [*folder.iterdir(), *(folder / "examples").glob("*")]
    return sorted(path for path in found if path.suffix in SHOWN and not path.name.startswith("."))


def _as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
