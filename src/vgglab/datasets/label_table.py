"""A table of labels as text: its rows, and which column is what."""

import csv
import io
from collections.abc import Container, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vgglab.config.shown import count_of, some_names
from vgglab.datasets.formats import no_file
from vgglab.datasets.part_names import is_part
from vgglab.errors import DataError

FILE_HEADS = ("file", "filename", "file_name", "path", "filepath", "image", "image_id", "img", "id", "name", "picture")
CLASS_HEADS = ("class", "class_name", "classname", "label", "labels", "category", "target", "species", "breed")
PART_HEADS = ("part", "split", "set", "subset", "usage", "partition")
EXPECTED = "expected a file, its class and perhaps its part (train, val or test), with the columns named so"


class Row(NamedTuple):
    """A row of a table: its number in the file (from 1), and its cells."""

    number: int
    cells: list[str]


class Columns(NamedTuple):
    """Positions of a table's columns, and how many rows are its head."""

    file: int
    label: int
    part: int | None
    head: int
    group: int | None = None


def read_table(table: Path, option: str = "--labels") -> list[Row]:
    """The rows that are not empty, all of one length; `option` is what names the table.

    Raises:
        DataError: there is no such table, or it is not one.
    """
    try:
        if (problem := no_file(table)) or table.is_dir():
            raise DataError(f"{option}: {table} {problem or 'is a folder'}; expected a CSV file")
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{option}: {table} cannot be read ({error.strerror}); expected a CSV file") from None
    except UnicodeDecodeError:
        raise DataError(f"{option}: {table} is no UTF-8 text; save it as CSV, UTF-8") from None
    first = text.strip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        rows = [
            Row(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells))
        ]
    except csv.Error as error:
        raise DataError(f"{table}, line {reader.line_num}: is no CSV ({error})") from None
    if not rows or len(rows[0].cells) < 2:
        raise DataError(f"{table}: has {count_of(len(rows), 'row')} of one column; {EXPECTED}")
    if uneven := next((row for row in rows if len(row.cells) != len(rows[0].cells)), None):
        raise DataError(
            f"{table}, line {uneven.number}: has {len(uneven.cells)} cells and the first row {len(rows[0].cells)}; put "
            "what holds a comma in quotes"
        )
    return rows


def find_columns(table: Path, rows: Sequence[Row], known: Container[str], groups: str | None = None) -> Columns:
    """Which column is what: the file's names most of the known files, the others are told by the head.

    Args:
        table: for what is said.
        rows: at least one, all of one length.
        known: names of files, in small letters.
        groups: head of the column of groups, which is neither of the others; None where there is none.

    Raises:
        DataError: no column names files, or it is not clear which is what.
    """
    first = rows[0].cells
    unclear = DataError(f"{table}: has the columns {some_names(first, 8)}; {EXPECTED}, and no others of these kinds")
    named = [
        {row.cells[column] for row in rows if file_name(row.cells[column]).lower() in known}
        for column in range(len(first))
    ]
    most = max(map(len, named))
    if not most:
        rest = f"{rows[-1].cells[0]!r} does not"
        raise DataError(f"{table}: none of its {count_of(len(rows), 'row')} names a file, {rest}; {EXPECTED}")
    files = [column for column in range(len(first)) if len(named[column]) == most]
    if len(files) > 1:
        files = [column for column in files if first[column].lower() in FILE_HEADS]
    if len(files) != 1:
        raise unclear
    head = 0 if first[files[0]] in named[files[0]] or PurePosixPath(first[files[0]]).suffix else 1
    group = None if groups is None else _named_column(table, rows[0], groups, files[0])
    others = [column for column in range(len(first)) if column not in (files[0], group)]
    parts = [column for column in others if _is_part_column(column, rows, head)]
    labels = [column for column in others if column not in parts]
    if head and len(labels) > 1:
        labels = [column for column in labels if first[column].lower() in CLASS_HEADS]
    if len(labels) != 1 or len(parts) > 1:
        raise unclear
    return Columns(files[0], labels[0], next(iter(parts), None), head, group)


def _named_column(table: Path, head: Row, name: str, file: int) -> int:
    heads = [cell.lower() for cell in head.cells]
    if name.lower() not in heads or heads.index(name.lower()) == file:
        columns = [cell for place, cell in enumerate(head.cells) if place != file]
        raise DataError(f"{table}: --groups is {name!r}; expected one of its columns, {some_names(columns, 8)}")
    return heads.index(name.lower())


def file_name(cell: str) -> str:
    """The last part of a path, of whatever system."""
    return cell.replace("\\", "/").rpartition("/")[2]


def _is_part_column(column: int, rows: Sequence[Row], head: int) -> bool:
    if head:
        return rows[0].cells[column].lower() in PART_HEADS
    return len(rows[0].cells) > 2 and all(is_part(row.cells[column]) for row in rows)
