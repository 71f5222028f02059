"""Predictions as a file for others: CSV, or Parquet."""

import csv
import os
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import IO, Any

from vgglab.errors import RunError
from vgglab.evaluation.predict import Prediction
from vgglab.runs.files import write_atomic

PARQUET = ".parquet"
TOGETHER = 10_000  # rows in a group of Parquet's


def check_writable(target: Path) -> None:
    """Make sure that what writes the file is installed.

    Raises:
        RunError: it is Parquet, and pyarrow is missing.
    """
    if target.suffix == PARQUET and find_spec("pyarrow") is None:
        raise RunError(f"{target}: Parquet needs the package pyarrow; pip install 'vgglab[parquet]', or write .csv")


def write_scores(predictions: Iterable[Prediction], target: Path, columns: int) -> None:
    """Write a file, whole or not at all: Parquet where its name ends so, else CSV; `columns` classes in a row."""
    if target.suffix == PARQUET:
        write_atomic(target, lambda temporary: _write_parquet(predictions, temporary, columns))
        return

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            write_csv(predictions, file, columns)

    write_atomic(target, write)


def write_csv(predictions: Iterable[Prediction], file: IO[str], columns: int, header: bool = True) -> None:
    """A row a picture: path, class, probability, class_2, probability_2, ..., error."""
    writer = csv.writer(file, lineterminator="\n")
    if header:
        writer.writerow(header_of(columns))
    writer.writerows(_cells(prediction, columns) for prediction in predictions)


def header_of(columns: int) -> list[str]:
    """The names of the columns."""
    numbers = ["", *(f"_{place}" for place in range(2, columns + 1))]
    return ["path", *(f"{name}{number}" for number in numbers for name in ("class", "probability")), "error"]


def printable(path: str) -> str:
    """A path with what is no UTF-8 in it replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def _cells(prediction: Prediction, columns: int) -> list[Any]:
    """A row; None, which CSV leaves empty, where there is nothing to say."""
    pairs = zip(prediction.classes, prediction.probabilities, strict=True)
    cells = [cell for pair in pairs for cell in pair] or [None] * (2 * columns)
    return [printable(prediction.path), *cells, prediction.error]


def _write_parquet(predictions: Iterable[Prediction], path: Path, columns: int) -> None:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    kinds = {"probability": pyarrow.float64()}
    fields = [(name, kinds.get(name.partition("_")[0], pyarrow.string())) for name in header_of(columns)]
    schema, rows = pyarrow.schema(fields), (_cells(each, columns) for each in predictions)
    with ParquetWriter(path, schema) as writer:
        for group in _groups(rows):
            writer.write_table(pyarrow.table(list(zip(*group, strict=True)), schema=schema))


def _groups(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while group := list(islice(rows, TOGETHER)):
        yield group
