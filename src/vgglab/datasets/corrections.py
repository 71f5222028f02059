"""A table of pictures that a training leaves out, or takes for another class, as `vgglab doubts` writes it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vgglab.config.shown import count_of, one_line, some_names
from vgglab.datasets.label_table import read_table
from vgglab.datasets.listing import Listed
from vgglab.errors import DataError

CORRECT = "correct"  # the column of the right class; empty where the picture is left out
EXPECTED = f"expected the columns file and {CORRECT}, as vgglab doubts writes them"


def corrected(listed: Listed, path: Path) -> Listed:
    """The files of a data set without those that a table names, or with the class that it says is right.

    Raises:
        DataError: there is no such table, it is not one, it names a file twice, or a class that there is none of.
    """
    changes, before = _read(path), list(listed.rows)
    classes = {*listed.classes, *(name for _, name, _ in before)}
    if unknown := sorted({name for name in changes.values() if name} - classes):
        raise DataError(f"{path}: {CORRECT} is {unknown[0]!r}; expected a class, {some_names(sorted(classes))}")
    now = [(file, changes.get(one_line(file), name), part) for file, name, part in before]
    rows = [row for row in now if row[1]]
    renamed = sum(name != then[1] for (_, name, _), then in zip(now, before, strict=True) if name)
    files = {one_line(file) for file, *_ in before}
    missing = [file for file in changes if file not in files]
    return replace(listed, rows=rows, notes=(*listed.notes, *_told(path, len(now) - len(rows), renamed, missing)))


def _read(path: Path) -> dict[str, str]:
    """File -> the right class, empty for none."""
    head, *rows = read_table(path, "--without")
    if "file" not in head.cells or CORRECT not in head.cells:
        raise DataError(f"{path}: has the columns {some_names(head.cells, 8)}; {EXPECTED}")
    file, correct = head.cells.index("file"), head.cells.index(CORRECT)
    changes: dict[str, str] = {}
    for row in rows:
        if row.cells[file] in changes:
            raise DataError(f"{path}, line {row.number}: {row.cells[file]} has a row before; keep one of them")
        changes[row.cells[file]] = row.cells[correct]
    return changes


def _told(path: Path, left_out: int, renamed: int, missing: Sequence[str]) -> list[str]:
    told = [f"{path}: {count_of(left_out, 'picture')} left out, {renamed:,} taken for another class"]
    return told + ([f"{path}: {count_of(len(missing), 'row')} with no file, such as {missing[0]}"] if missing else [])
