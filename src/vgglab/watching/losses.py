"""The losses of a training by epoch, in any of the forms that people have them in, as rows of a history."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vgglab.errors import DataError, UsageError
from vgglab.runs.measures import named_measures
from vgglab.runs.record import MEASURES, history_row

EXPECTED = "a Keras History, a dict of lists, a pandas frame, or the path of a CSV file"
NAMES = "loss (or train_loss, training_loss), and perhaps val_loss, accuracy, val_accuracy"
DELIMITERS = (",", ";", "\t")
PERCENT = 100.0

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Curves:
    """A training by epoch.

    Attributes:
        rows: as `runs.record.history_row` makes them.
        lost: epoch and value of the first loss that was not finite, where the last one is not either; else None.
    """

    rows: list[dict[str, Any]]
    lost: tuple[int, float] | None


def read_losses(history: Any) -> Curves:
    """The losses of a training, and what else is known of its epochs.

    Args:
        history: a Keras `History`, a dict of lists, a list of dicts, a pandas frame, or the path of a CSV file: Keras's
            `CSVLogger`'s, our `history.csv`, or any with a column for the loss.

    Raises:
        UsageError: it is something else.
        DataError: there is no such file, no loss, no epoch, or a loss that is no number.
    """
    if isinstance(history, str | Path):
        return curves_of(read_columns(Path(history)), f"{history}: ")
    columns = getattr(history, "history", history)
    if isinstance(columns, list) and all(isinstance(row, Mapping) for row in columns):
        names = dict.fromkeys(name for row in columns for name in row)
        columns = {name: [row.get(name) for row in columns] for name in names}
    if hasattr(columns, "columns") and hasattr(columns, "to_dict"):
        columns = columns.to_dict("list")
    if not isinstance(columns, Mapping):
        raise UsageError(f"the history is of type {type(history).__name__}; expected {EXPECTED}")
    return curves_of({str(name): _listed(values) for name, values in columns.items()})


def read_columns(path: Path) -> dict[str, list[str]]:
    """The columns of a CSV file as text, separated by commas, semicolons or tabs.

    Raises:
        DataError: it is missing, or no table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
        head = text.lstrip().partition("\n")[0]
        delimiter = max(DELIMITERS, key=head.count)
        rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(map(str.strip, row))]
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected a CSV file with a column for the loss") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a table ({error}); expected a CSV file") from None
    if not rows:
        raise DataError(f"{path}: is empty; expected a row of names, and a row for each epoch")
    header, *rows = rows
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise DataError(f"{path}: row {number} has {len(row)} cells, the header {len(header)}; expected as many")
    return merged({name.strip(): [row[place] for row in rows] for place, name in enumerate(header)})


def merged(columns: dict[str, list[str]]) -> dict[str, list[str]]:
    """The columns with rows of one epoch made one, the last figures of each: some log each part in its own row."""
    epochs = next((columns[name] for name in columns if name.lower() == "epoch"), None)
    if epochs is None:
        return columns
    starts = [place for place, epoch in enumerate(epochs) if not place or epoch != epochs[place - 1]]
    spans = list(zip(starts, [*starts[1:], len(epochs)], strict=True))
    return {
        name: [next((cell for cell in reversed(cells[start:end]) if cell.strip()), "") for start, end in spans]
        for name, cells in columns.items()
    }


def curves_of(columns: Columns, source: str = "") -> Curves:
    """The same from columns under whatever names; `source` begins each error.

    Raises:
        DataError: there is no loss, no epoch, a value is no number, or columns are of unlike lengths.
    """
    names = named_measures(columns)
    if "loss" not in names:
        found = ", ".join(list(columns)[:8]) or "none"
        raise DataError(f"{source}no column for the training loss among {found}; expected {NAMES}")
    rates = next((name for name in columns if name.lower() in ("learning_rate", "lr")), None)
    names |= {"learning_rate": rates} if rates else {}
    count = len(columns[names["loss"]])
    if not count:
        raise DataError(f"{source}holds no epoch; expected a row for each")
    table = {measure: _numbers(columns[name], name, count, source) for measure, name in names.items()}
    _as_shares(table)
    figures = [{measure: values[place] for measure, values in table.items()} for place in range(count)]
    rows = [history_row(epoch, found, found.get("learning_rate"), 0.0) for epoch, found in enumerate(figures, 1)]
    lost = [
        (epoch, loss) for epoch, loss in enumerate(table["loss"], 1) if loss is not None and not math.isfinite(loss)
    ]
    return Curves(rows, lost[0] if lost and lost[-1][0] == count else None)


def _numbers(values: Sequence[Any], name: str, count: int, source: str) -> list[float | None]:
    """A column as numbers, one an epoch; of fewer values, as `validation_freq` makes them, one every few epochs."""
    numbers = [_number(value, name, place, source) for place, value in enumerate(values, 1)]
    every = count // max(len(numbers), 1)
    if not every or (numbers and count // every != len(numbers)):
        raise DataError(f"{source}{name} has {len(numbers)} values, the loss {count}; expected one for each epoch")
    found: list[float | None] = [None] * count
    found[every - 1 : every * len(numbers) : every] = numbers
    return found


def _number(value: Any, name: str, place: int, source: str) -> float | None:
    """A number; None for an empty cell."""
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "" or text == "None":
        return None
    try:
        return float(text)
    except (TypeError, ValueError):
        raise DataError(f"{source}row {place}: {name} is {str(text)[:40]!r}; expected a number") from None


def _as_shares(table: dict[str, list[float | None]]) -> None:
    """Accuracies in percent become shares; a column that is neither is left out."""
    names = [measure for measure in MEASURES if measure.endswith("accuracy") and measure in table]
    values = [value for name in names for value in table[name] if value is not None and math.isfinite(value)]
    if values and (min(values) < 0 or max(values) > PERCENT):
        for name in names:
            del table[name]
    elif values and max(values) > 1 + 1e-5:
        for name in names:
            table[name] = [None if value is None else value / PERCENT for value in table[name]]


def _listed(values: Any) -> list[Any]:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise DataError(
            f"a column of the history is {str(values)[:40]!r}; expected a list with a number for each epoch"
        )
    return list(values)
