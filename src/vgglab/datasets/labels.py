"""Labels in a table beside the pictures: a row a file, with its class and perhaps its part."""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vgglab.config.shown import count_of, some_names
from vgglab.datasets.arrangement import Listed, files_below
from vgglab.datasets.formats import looks_like_picture, no_file
from vgglab.datasets.part_names import PART_OF, UNLABELLED, is_part, speaks_of
from vgglab.errors import DataError

CLASS_HEADS = ("class", "class_name", "classname", "label", "labels", "category", "target", "species", "breed")
PART_HEADS = ("part", "split", "set", "subset", "usage", "partition")
_EXPECTED = "expected a file, its class and perhaps its part (train, val or test), with the columns named so"


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


def find_labelled(root: Path, table: Path) -> Listed:
    """The pictures below a folder that a table names, with their classes and parts.

    The table is CSV, UTF-8, with commas, semicolons or tabs, with or without a head. A file is named with or without
    its folder and its extension. What is in one and not in the other is left out and told.

    Raises:
        DataError: there is no such table, it is not one, a file is named twice or could be two files.
    """
    rows = _read(table)
    files = _Files(root, table)
    columns = _find_columns(table, rows, files)
    labelled, missing, unnamed = _match(table, rows[columns.head :], columns, files)
    parts = {part for _, part in labelled.values()}
    if "train" not in parts:
        raise DataError(f"{table}: has no row for training{_such_as(sorted(parts))}; {_EXPECTED}")
    known = labelled.keys() | unnamed
    rest = [file for file in files.pictures if file not in known]
    count = count_of(len(rows) - columns.head, "row")
    notes = (
        (missing, f"{table}: of {count}, {len(missing):,} with no file below {root}"),
        (sorted(unnamed), f"{table}: {count_of(len(unnamed), 'row')} without a class, left out"),
        (rest, f"{root}: {count_of(len(rest), 'picture')} without a row in {table.name}, left out"),
    )
    told = tuple(f"{sentence}{_such_as(names)}" for names, sentence in notes if names)
    return Listed([(file, *told) for file, told in labelled.items()], columns.part is not None, told)


def _match(
    table: Path, rows: Sequence[Row], columns: Columns, files: "_Files"
) -> tuple[dict[str, tuple[str, str]], list[str], set[str]]:
    """File -> class and part; what rows call files that are not there; files that a row gives no class."""
    labelled: dict[str, tuple[str, str]] = {}
    missing, unnamed = [], set()
    for row in rows:
        file, name = files.find(row.cells[columns.file], f"{table}, line {row.number}"), row.cells[columns.label]
        if file is None:
            missing.append(row.cells[columns.file])
        elif not name:
            unnamed.add(file)
        elif labelled.setdefault(file, told := (name, _part(table, row, columns))) != told:
            raise DataError(f"{table}, line {row.number}: {file} is {labelled[file][0]!r} before; keep one of the rows")
    return labelled, missing, unnamed


def _read(table: Path) -> list[Row]:
    """The rows that are not empty, all of one length."""
    try:
        if (problem := no_file(table)) or table.is_dir():
            raise DataError(f"--labels: {table} {problem or 'is a folder'}; expected a CSV file")
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"--labels: {table} cannot be read ({error.strerror}); expected a CSV file") from None
    except UnicodeDecodeError:
        raise DataError(f"--labels: {table} is no UTF-8 text; save it as CSV, UTF-8") from None
    first = text.strip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        rows = [
            Row(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells))
        ]
    except csv.Error as error:
        raise DataError(f"{table}, line {reader.line_num}: is no CSV ({error})") from None
    if not rows or len(rows[0].cells) < 2:
        raise DataError(f"{table}: has {count_of(len(rows), 'row')} of one column; {_EXPECTED}")
    if uneven := next((row for row in rows if len(row.cells) != len(rows[0].cells)), None):
        raise DataError(
            f"{table}, line {uneven.number}: has {len(uneven.cells)} cells and the first row {len(rows[0].cells)}; put "
            "what holds a comma in quotes"
        )
    return rows


class _Files:
    """The files below a folder that a table can name: any by its whole name, pictures without its end too.

    Args:
        root: the folder.
        table: itself is none of them.
    """

    def __init__(self, root: Path, table: Path):
        found = (file for file in files_below(root) if file != table.absolute())
        self.pictures: list[str] = []
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for file in sorted(file.relative_to(root).as_posix() for file in found):
            path = PurePosixPath(file)
            self.by_name[path.name].append(file)
            if looks_like_picture(file):
                self.pictures.append(file)
                self.by_name[path.stem].append(file)

    def find(self, cell: str, where: str) -> str | None:
        """The file that a cell names, None where there is none.

        Raises:
            DataError: it could be several.
        """
        named = PurePosixPath(cell.replace("\\", "/"))
        alike = [
            file for file in self.by_name.get(named.name, ()) if _same_tail(named.parent, PurePosixPath(file).parent)
        ]
        if len(alike) > 1 and named.as_posix() not in alike:
            raise DataError(
                f"{where}: {cell!r} could be {' or '.join(alike[:2])}; write folder and extension, or give the folder "
                "that they lie in as --data"
            )
        return named.as_posix() if named.as_posix() in alike else next(iter(alike), None)


def _same_tail(one: PurePosixPath, other: PurePosixPath) -> bool:
    """Whether the shorter of two folders is how the longer ends."""
    pairs = zip(reversed(one.parts), reversed(other.parts), strict=False)
    return all(mine == theirs for mine, theirs in pairs)


def _find_columns(table: Path, rows: Sequence[Row], files: _Files) -> Columns:
    """Which column is what: the file's is the one that names files, the others' are told by the head."""
    width = range(len(rows[0].cells))
    hits = [
        sum(
            bool(row.cells[column]) and row.cells[column].replace("\\", "/").rpartition("/")[2] in files.by_name
            for row in rows
        )
        for column in width
    ]
    if not max(hits):
        raise DataError(
            f"{table}: none of its {len(rows):,} rows names a file, {rows[-1].cells[0]!r} does not; {_EXPECTED}"
        )
    file = hits.index(max(hits))
    first = rows[0].cells
    head = 0 if PurePosixPath(first[file]).name in files.by_name or PurePosixPath(first[file]).suffix else 1
    others = [column for column in width if column != file]
    parts = [column for column in others if _is_part_column(column, rows, head)]
    labels = [column for column in others if column not in parts]
    if head and len(labels) > 1:
        labels = [column for column in labels if first[column].lower() in CLASS_HEADS]
    if len(labels) != 1 or len(parts) > 1:
        raise DataError(f"{table}: has the columns {some_names(first, 8)}; {_EXPECTED}, and no others of these kinds")
    return Columns(file, labels[0], next(iter(parts), None), head)


def _is_part_column(column: int, rows: Sequence[Row], head: int) -> bool:
    if head:
        return rows[0].cells[column].lower() in PART_HEADS
    return len(rows[0].cells) > 2 and all(is_part(row.cells[column]) for row in rows)


def _part(table: Path, row: Row, columns: Columns) -> str:
    if columns.part is None:
        return "train"
    part = speaks_of(row.cells[columns.part])
    if part in (None, UNLABELLED):
        raise DataError(
            f"{table}, line {row.number}: the part is {row.cells[columns.part]!r}; expected one of {', '.join(PART_OF)}"
        )
    return part


def _such_as(names: Sequence[str]) -> str:
    return f", such as {some_names(names, 3)}" if names else ""
