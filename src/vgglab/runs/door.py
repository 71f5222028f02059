"""The door that every record of a run folder is read through: what comes in has its shape, or is one line.

The line names the file, the field and what stands there, and how to get the file back.
"""

import csv
import io
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from vgglab.config.resolve import expectation
from vgglab.errors import RunError
from vgglab.runs.shapes import SCHEMA

EVALUATIONS = "evaluations"  # folder in a run's, with one for each evaluation on other pictures
EVALUATED = ("metrics.json", "predictions.csv", "confusion_matrix.csv", "examples.json")
LONGEST = 60  # letters of a wrong value that are shown


def read_json(path: Path, shape: Any) -> Any:
    """The content of a JSON file of a run, held to a shape of `runs.shapes`.

    Raises:
        RunError: it is missing, damaged, or a newer version wrote it.
    """
    return parse_json(read_bytes(path), shape, path)


def parse_json(content: bytes, shape: Any, path: Path, known: int = SCHEMA) -> Any:
    """The same of a JSON text that was found in `path`, of a schema up to `known`."""
    try:
        return _adapter(shape).validate_json(content, strict=True)
    except ValidationError as error:
        tree = _parse(content, path)
        if "schema" in getattr(shape, "__annotations__", {}):
            check_schema(tree, known, path)
        raise RunError(f"{path}: {_told(error, tree)}; {remedy(path)}") from None


def check_tree(tree: Any, shape: Any, path: Path, counted: str = "") -> Any:
    """Plain values that were read from `path`, held to a shape; `counted` says what the items of a list are.

    Raises:
        RunError: they have another one.
    """
    try:
        return _adapter(shape).validate_python(tree)
    except ValidationError as error:
        raise RunError(f"{path}: {_told(error, tree, counted)}; {remedy(path)}") from None


def read_lines(path: Path, shape: Any) -> list[Any]:
    """The lines of a file that holds a JSON value a line, each held to a shape.

    Raises:
        RunError: it is missing or damaged.
    """
    content = read_bytes(path)
    lines = [line for line in content.split(b"\n") if line.strip()]
    try:
        return _adapter(list[shape]).validate_json(b"[" + b",".join(lines) + b"]", strict=True)
    except ValidationError as error:
        tree = [_parse(line, path) for line in lines]
        raise RunError(f"{path}: {_told(error, tree, 'line')}; {remedy(path)}") from None


def read_rows(path: Path, shape: Any, *headers: tuple[str, ...]) -> list[Any]:
    """The rows of a CSV file, each held to a shape; an empty cell, and what is no finite number, is None.

    Args:
        path: the file.
        shape: of a row.
        headers: the columns that it may have, the present ones first; any where none are named.

    Raises:
        RunError: it is missing or damaged.
    """
    header, *rows = read_cells(path)
    if headers and tuple(header) not in headers:
        raise RunError(f"{path}: expected the columns {','.join(headers[0])}; {remedy(path)}")
    return check_tree([dict(zip(header, map(_cell, row), strict=True)) for row in rows], list[shape], path, "row")


def read_matrix(path: Path) -> tuple[list[str], list[list[int]]]:
    """Class names, and images by true class (rows) and predicted class (columns), of a `confusion_matrix.csv`.

    Raises:
        RunError: it is missing or damaged.
    """
    (_, *names), *rows = read_cells(path)
    cells = [cell for _, *row in rows for cell in row]
    if not names or len(rows) != len(names) or not all(cell.isascii() and cell.isdigit() for cell in cells):
        raise RunError(f"{path}: expected a square table of whole numbers; {remedy(path)}")
    return names, [[int(cell) for cell in row] for _, *row in rows]


def read_cells(path: Path) -> list[list[str]]:
    """Header and rows of a CSV file, all of one length.

    Raises:
        RunError: it is missing or damaged.
    """
    try:
        rows = list(csv.reader(io.StringIO(read_bytes(path).decode("utf-8"), newline="")))
    except (csv.Error, UnicodeDecodeError) as error:
        raise RunError(f"{path}: not a readable table ({error}); {remedy(path)}") from None
    if not rows:
        raise RunError(f"{path}: is empty; {remedy(path)}")
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise RunError(f"{path}: row {number} has {len(row)} cells, the header {len(rows[0])}; {remedy(path)}")
    return rows


def read_bytes(path: Path) -> bytes:
    """What is in a file of a run.

    Raises:
        RunError: it is missing, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise RunError(
            f"{path.parent}: {path.name} is missing; expected a complete run folder, {remedy(path)}"
        ) from None
    except OSError as error:
        problem = f"{path}: cannot be read ({error.strerror or error}); {remedy(path)}"
    raise RunError(problem)


def check_schema(tree: Any, known: int, path: Path) -> None:
    """Refuse a record that a newer version wrote, or that has no version at all."""
    schema = tree.get("schema") if isinstance(tree, dict) else None
    if not isinstance(schema, int):
        raise RunError(f"{path}: has no schema version; expected a record that vgglab wrote, {remedy(path)}")
    if schema > known:
        raise RunError(
            f"{path}: written by a newer vgglab (schema {schema}, this one reads up to {known}); "
            "upgrade with `pip install -U vgglab`"
        )


def remedy(path: Path) -> str:
    """What brings a file of a run back."""
    again = f"make it anew with `vgglab evaluate {path.parent}`" if path.name in EVALUATED else "run it again"
    if path.parent.parent.name == EVALUATIONS:
        again = f"remove {path.parent} and evaluate on its pictures again"
    return f"restore the file from a copy or {again}"


@cache
def _adapter(shape: Any) -> TypeAdapter:
    return TypeAdapter(shape)


def _parse(content: bytes, path: Path) -> Any:
    try:
        return from_json(content)
    except ValueError as error:
        raise RunError(f"{path}: not valid JSON ({error}); {remedy(path)}") from None


def _cell(text: str) -> str | None:
    return None if text.strip().lower() in ("", "nan", "inf", "-inf") else text


def _told(error: ValidationError, tree: Any, counted: str = "") -> str:
    """The first problem: `per_class.0.recall is 'word'; it should be a valid number`; `counted` names the items."""
    problems = error.errors(include_url=False)
    first = problems[0]
    place, found = _place(first["loc"], tree)
    if first["type"] == "missing":
        return f"{_named((*place, first['loc'][-1]), counted)} is missing"
    wanted = list(dict.fromkeys(_wanted(each) for each in problems if _place(each["loc"], tree)[0] == place))
    others = [f" or {text.removeprefix('it should ')}" for text in wanted[1:]]
    return f"{_named(place, counted)} is {_short(found)}; {wanted[0]}{''.join(others)}"


def _wanted(problem: Any) -> str:
    return str(problem["ctx"]["error"]) if problem["type"] == "value_error" else expectation(problem)


def _place(loc: tuple[int | str, ...], tree: Any) -> tuple[tuple[int | str, ...], Any]:
    """How far a place goes in a tree, and what is there; what follows names one of the types that were tried."""
    place: list[int | str] = []
    for key in loc:
        there = isinstance(tree, dict) and key in tree
        if not there and not (isinstance(tree, list) and isinstance(key, int) and key < len(tree)):
            break
        place.append(key)
        tree = tree[key]
    return tuple(place), tree


def _named(place: tuple[int | str, ...], counted: str) -> str:
    """`per_class.0.recall`, or `row 1: recall`."""
    if counted and place:
        return f"{counted} {int(place[0]) + 1}: {_named(place[1:], '')}"
    return ".".join(map(str, place)) or "the whole"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
