"""Labels in a table beside the pictures: a row a file, with its class and perhaps its part."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from vgglab.config.shown import count_of, some_names
from vgglab.datasets.formats import looks_like_picture
from vgglab.datasets.label_table import EXPECTED, Columns, Row, find_columns, read_table
from vgglab.datasets.listing import Listed, files_below, in_order
from vgglab.datasets.packed import PackedPictures
from vgglab.datasets.part_names import PART_OF, UNLABELLED, speaks_of
from vgglab.errors import DataError


def find_labelled(root: Path, table: Path, groups: str | None = None, packed: PackedPictures | None = None) -> Listed:
    """The pictures below a folder that a table names, with their classes and parts.

    The table is CSV, UTF-8, with commas, semicolons or tabs, with or without a head. A file is named with or without
    its folder and its extension. What is in one and not in the other is left out and told.

    Args:
        root: the folder.
        table: the table.
        groups: name of its column of what the pictures belong to; None where they belong to nothing.
        packed: the pictures in shards, in order; none where they are files.

    Raises:
        DataError: there is no such table or column, it is not one, a file is named twice or could be two files.
    """
    rows = read_table(table)
    files = _Files(packed.names if packed else [file for file in files_below(root) if root / file != table.absolute()])
    columns = find_columns(table, rows, files.by_name, groups)
    labelled, missing, unnamed = _match(table, rows[columns.head :], columns, files)
    parts = {part for _, part, _ in labelled.values()}
    if "train" not in parts:
        raise DataError(f"{table}: has no row for training{_such_as(sorted(parts))}; {EXPECTED}")
    known = labelled.keys() | unnamed
    rest = [file for file in files.pictures if file not in known]
    count = count_of(len(rows) - columns.head, "row")
    notes = (
        (missing, f"{table}: of {count}, {len(missing):,} with no file below {root}"),
        (sorted(unnamed), f"{table}: {count_of(len(unnamed), 'row')} without a class, left out"),
        (rest, f"{root}: {count_of(len(rest), 'picture')} without a row in {table.name}, left out"),
    )
    said = tuple(f"{sentence}{_such_as(names)}" for names, sentence in notes if names)
    listed = in_order((file, name, part) for file, (name, part, _) in labelled.items())
    belongs = {file: group for file, (*_, group) in labelled.items()} if groups else {}
    return Listed(listed, columns.part is not None, said, groups=belongs, packed=packed or PackedPictures())


def _match(
    table: Path, rows: Sequence[Row], columns: Columns, files: "_Files"
) -> tuple[dict[str, tuple[str, str, str]], list[str], set[str]]:
    """File -> class, part and group; what rows call files that are not there; files that a row gives no class."""
    labelled: dict[str, tuple[str, str, str]] = {}
    missing, unnamed = [], set()
    for row in rows:
        file, name = files.find(row.cells[columns.file], f"{table}, line {row.number}"), row.cells[columns.label]
        if file is None:
            missing.append(row.cells[columns.file])
        elif not name:
            unnamed.add(file)
        elif labelled.setdefault(file, told := (name, _part(table, row, columns), _group(row, columns))) != told:
            raise DataError(f"{table}, line {row.number}: {file} is {labelled[file][0]!r} before; keep one of the rows")
    return labelled, missing, unnamed


class _Files:
    """The files that a table can name: any by its whole name, pictures without its end too.

    Where none is spelled as in the table, one that differs in capitals alone is meant; names are kept without them.

    Args:
        names: their paths below the data set's folder.
    """

    def __init__(self, names: Iterable[str]):
        self.pictures: list[str] = []
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for file in sorted(names):
            path = PurePosixPath(file)
            self.by_name[path.name.lower()].append(file)
            if looks_like_picture(file):
                self.pictures.append(file)
                self.by_name[path.stem.lower()].append(file)

    def find(self, cell: str, where: str) -> str | None:
        """The file that a cell names, None where there is none.

        Raises:
            DataError: it could be several.
        """
        named = PurePosixPath(cell.replace("\\", "/"))
        near = self.by_name.get(named.name.lower(), ())
        alike = [file for file in near if _means(named.as_posix(), file)]
        alike = alike or [file for file in near if _means(named.as_posix().lower(), file.lower())]
        if len(alike) > 1 and named.as_posix() not in alike:
            raise DataError(
                f"{where}: {cell!r} could be {' or '.join(alike[:2])}; write folder and extension as they are, or give "
                "the folder that it lies in as --data"
            )
        return named.as_posix() if named.as_posix() in alike else next(iter(alike), None)


def _means(named: str, file: str) -> bool:
    """Whether a file has the name, or begins with all of it but its end, and the shorter folder ends the longer."""
    one, other = PurePosixPath(named), PurePosixPath(file)
    folders = zip(reversed(one.parent.parts), reversed(other.parent.parts), strict=False)
    return one.name in (other.name, other.stem) and all(mine == theirs for mine, theirs in folders)


def _part(table: Path, row: Row, columns: Columns) -> str:
    if columns.part is None:
        return "train"
    part = speaks_of(row.cells[columns.part])
    if part in (None, UNLABELLED):
        raise DataError(
            f"{table}, line {row.number}: the part is {row.cells[columns.part]!r}; expected one of {', '.join(PART_OF)}"
        )
    return part


def _group(row: Row, columns: Columns) -> str:
    return "" if columns.group is None else row.cells[columns.group]


def _such_as(names: Sequence[str]) -> str:
    return f", such as {some_names(names, 3)}" if names else ""
