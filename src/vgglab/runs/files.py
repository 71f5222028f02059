"""Files that appear whole or not at all: written under a temporary name, then renamed."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def write_atomic(path: Path, write: Callable[[Path], Any]) -> None:
    """Have `write` fill a temporary file beside `path`, then rename it; on any error nothing is left behind.

    The temporary name keeps the suffixes, as writers choose their format by them.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Text as UTF-8, atomically."""
    write_atomic(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(path: Path, tree: Any) -> None:
    """JSON, atomically; strict, so that any reader takes it (no NaN)."""
    write_text(path, json.dumps(tree, indent=1, allow_nan=False) + "\n")


def write_csv(path: Path, fields: Iterable[str], rows: Iterable[dict[str, Any]]) -> None:
    """CSV with a header, atomically; None becomes an empty cell."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(fields), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, buffer.getvalue())
