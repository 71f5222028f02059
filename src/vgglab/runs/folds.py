"""What the folds of a cross-validation say together: each picture once, by a network that did not see it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.errors import RunError
from vgglab.runs.door import read_cells, read_rows
from vgglab.runs.seeds import Group
from vgglab.runs.shapes import Prediction
from vgglab.runs.store import Run

PROBABILITIES = "probabilities.npy"


@dataclass(frozen=True)
class Judged:
    """Every picture of a cross-validation, in the order of the data set.

    Attributes:
        classes: class names.
        labels: class numbers, shape (N,).
        probabilities: of each class, by the network of the fold that the picture is in, shape (N, classes).
        rows: as `predictions.csv` of a run has them, with the `fold`, and of a folder the `file`.
        files: of a folder, paths below it in the order of the rows; none of another data set.
    """

    classes: list[str]
    labels: np.ndarray
    probabilities: np.ndarray
    rows: list[dict[str, Any]]
    files: list[str]


def read_judged(group: Group) -> Judged:
    """What the folds of a cross-validation say, put together.

    Raises:
        RunError: not all folds are done, or a file of one is missing or damaged.
    """
    done = [run for run in group.runs if run.metrics]
    if len(done) != group.folds:
        raise RunError(f"{group.folder}: {len(done)} of {group.folds} folds are done; the same command goes on with it")
    classes = group.runs[0].classes
    files = _files(group.runs[0])
    rows = [row | {"fold": run.config.data.fold} for run in group.runs for row in _rows(run)]
    order = np.argsort([row["index"] for row in rows], kind="stable")
    probabilities = np.concatenate([_probabilities(run) for run in group.runs])
    if len(probabilities) != len(rows) or probabilities.shape[1] != len(classes):
        raise RunError(
            f"{group.folder}: {PROBABILITIES} and predictions.csv of its folds do not fit; evaluate them anew"
        )
    rows = [rows[place] for place in order]
    if files:
        rows = [row | {"file": files[row["index"]]} for row in rows]
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers[row["label"]] for row in rows])
    return Judged(classes, labels, probabilities[order], rows, [row["file"] for row in rows] if files else [])


def _rows(run: Run) -> list[dict[str, Any]]:
    """The rows of a fold's `predictions.csv` as they stand there, with the index as a number."""
    path = run.folder / "predictions.csv"
    header, *rows = read_cells(path)
    checked = read_rows(path, Prediction)
    told = zip(rows, checked, strict=True)
    return [dict(zip(header, cells, strict=True)) | {"index": row["index"]} for cells, row in told]


def _files(run: Run) -> list[str]:
    """Paths below a data folder, in the order that indices count in."""
    folders = run.split.get("files") or {}
    return sorted(f"{folder}/{name}".removeprefix("/") for folder, names in folders.items() for name in names)


def _probabilities(run: Run) -> np.ndarray:
    path: Path = run.folder / PROBABILITIES
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        raise RunError(f"{path}: missing or damaged; vgglab evaluate {run.folder} writes it again") from None
