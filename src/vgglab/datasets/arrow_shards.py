"""Pictures in the files of Hugging Face's `datasets`: Parquet, and the Arrow files of its `save_to_disk`.

A column holds pictures, as bytes or as a struct of `bytes` and `path`, another one their labels. A picture is called by
its row. Of Parquet a group of rows is read at a time; Arrow files are mapped into memory.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import repeat
from pathlib import Path
from threading import get_ident
from typing import Any, Protocol

from vgglab.config.shown import some_names
from vgglab.datasets.entries import Packed, Sample, Shard, file_state
from vgglab.datasets.label_table import CLASS_HEADS, FILE_HEADS
from vgglab.datasets.shard_names import name_of
from vgglab.errors import DataError

PARQUET, ARROW = ".parquet", ".arrow"
NO_LABELS = ""  # in place of a column's name
OPEN = 128  # files that are kept open, at most
WIDTH = 6  # digits of a row's number, at least: sorted as text, rows stay in their order


@dataclass(frozen=True, slots=True)
class InArrow(Packed):
    """A picture in a Parquet or Arrow file: the file, its column, its group of rows, the row in that, and its name."""

    shard: str
    column: str
    group: int
    row: int
    name: str

    def __str__(self) -> str:
        return self.name

    def read(self) -> bytes:
        """See `Packed`."""
        return _pictures(self.shard, self.column, self.group, file_state(self.shard))[self.row].as_py() or b""

    def state(self) -> tuple[int, ...]:
        """See `Packed`."""
        return self.group, self.row, *file_state(self.shard)


def read_arrow(shard: Path, called: str, column: str | None = None) -> Shard:
    """The pictures in a Parquet or Arrow file.

    Args:
        shard: the file.
        called: what the names of its pictures begin with.
        column: the one of labels; None for the one that is there, `NO_LABELS` where they do not matter.

    Raises:
        DataError: pyarrow is missing, the file is no such file or cut short, or it is not clear which column is what.
    """
    try:
        from pyarrow import ArrowException
    except ImportError:
        raise DataError(f"{shard}: takes the package pyarrow; pip install 'vgglab[parquet]'") from None
    try:
        rows = open_rows(str(shard))
        pictures, label, names = find_columns(shard, rows.schema, column)
        labels = rows.column(label).to_pylist() if label else repeat(None)
    except (ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{shard}: is no whole {shard.suffix[1:]} file ({reason}); copy it again") from None
    named = (name_of(each, names, str(shard)) for each in labels)
    return Shard(partial(InArrow, str(shard), pictures), _samples(rows, called, named))


def _samples(rows: "Rows", called: str, labels: Iterable[int | str | None]) -> Iterator[Sample]:
    places = ((group, row) for group, count in enumerate(rows.groups) for row in range(count))
    for number, ((group, row), label) in enumerate(zip(places, labels, strict=False)):
        yield Sample(f"{called}/{number:0{WIDTH}}", label, group, row)


def find_columns(shard: Path, schema: Any, wanted: str | None = None) -> tuple[str, str | None, Sequence[str]]:
    """The column of pictures, that of labels if there is one, and the names of the classes, where the file tells them.

    Args:
        shard: for what is said.
        schema: a `pyarrow.Schema`.
        wanted: as `column` of `read_arrow`.

    Raises:
        DataError: there is no column of pictures, or several; or there are several of labels, or not the wanted one.
    """
    told = json.loads((schema.metadata or {}).get(b"huggingface", "{}")).get("info", {}).get("features", {})
    pictures = [field.name for field in schema if _holds_bytes(field.type)]
    if len(pictures) > 1:
        pictures = [name for name in pictures if name.lower() in FILE_HEADS]
    if len(pictures) != 1:
        raise DataError(
            f"{shard}: has the columns {some_names(schema.names, 8)}; expected one of pictures, such as image: write "
            "it without the others"
        )
    label = None if wanted == NO_LABELS else _label_column(shard, schema, told, wanted)
    return pictures[0], label, told.get(label, {}).get("names") or ()


def _label_column(shard: Path, schema: Any, told: Mapping[str, Any], wanted: str | None) -> str | None:
    if wanted is not None:
        if wanted in schema.names and _are_labels(schema.field(wanted).type):
            return wanted
        known = some_names([field.name for field in schema if _are_labels(field.type)], 8)
        raise DataError(f"{shard}: --labels is {wanted!r}, no column of it; expected a table, or one of {known}")
    labels = [name for name in schema.names if told.get(name, {}).get("_type") == "ClassLabel"]
    labels = labels or [field.name for field in schema if _are_labels(field.type) and field.name.lower() in CLASS_HEADS]
    if len(labels) > 1:
        labels = [name for name in labels if name.lower() in CLASS_HEADS] or labels
    if len(labels) > 1:
        raise DataError(f"{shard}: {some_names(labels, 8)} could be the labels; say which with --labels COLUMN")
    return labels[0] if labels else None


def _holds_bytes(kind: Any) -> bool:
    from pyarrow import types

    if types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0
    return types.is_binary(kind) or types.is_large_binary(kind)


def _are_labels(kind: Any) -> bool:
    from pyarrow import types

    kinds = (types.is_integer, types.is_boolean, types.is_string, types.is_large_string, types.is_dictionary)
    return any(is_one(kind) for is_one in kinds)


class Rows(Protocol):
    """The rows of a file: what is in its columns, and how many are in each of its groups."""

    schema: Any
    groups: Sequence[int]

    def column(self, name: str, group: int | None = None) -> Any:
        """A column, or what a group has of it, as a `pyarrow.ChunkedArray`."""


class ParquetRows:
    """See `Rows`; only what is asked for is read."""

    def __init__(self, shard: str):
        from pyarrow.parquet import ParquetFile

        self.file = ParquetFile(shard, memory_map=True)
        self.schema = self.file.schema_arrow
        self.groups = [self.file.metadata.row_group(number).num_rows for number in range(self.file.num_row_groups)]

    def column(self, name: str, group: int | None = None) -> Any:
        """See `Rows`."""
        if group is None:
            return self.file.read([name]).column(0)
        return self.file.read_row_group(group, [name], use_threads=False).column(
            0
        )  # a column is not worth starting any


class ArrowRows:
    """See `Rows`; the file is mapped into memory, as a single group."""

    def __init__(self, shard: str):
        import pyarrow

        self.table = pyarrow.ipc.open_stream(pyarrow.memory_map(shard)).read_all()
        self.schema, self.groups = self.table.schema, [len(self.table)]

    def column(self, name: str, group: int | None = None) -> Any:
        """See `Rows`."""
        return self.table.column(name)


def open_rows(shard: str) -> Rows:
    """The rows of a Parquet file, or of an Arrow file."""
    return (ArrowRows if shard.lower().endswith(ARROW) else ParquetRows)(shard)


@lru_cache(maxsize=OPEN)
def _kept_open(shard: str, state: tuple[int, ...], thread: int) -> Rows:
    """A file, opened once by each thread: opening a Parquet file takes longer than reading small pictures of it."""
    return open_rows(shard)


@lru_cache(maxsize=1)  # pictures are mostly asked for in their order; more groups would be more memory
def _pictures(shard: str, column: str, group: int, state: tuple[int, ...]) -> Any:
    """The bytes of the pictures in a group of rows; `state` is that of the file, which may be written anew."""
    from pyarrow import compute, types

    found = _kept_open(shard, state, get_ident()).column(column, group)
    return compute.struct_field(found, "bytes") if types.is_struct(found.type) else found
