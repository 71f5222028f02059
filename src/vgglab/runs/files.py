"""Files that appear whole or not at all: written under a temporary name, then renamed."""

import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from vgglab.errors import RunError


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


def write_folder(path: Path, write: Callable[[Path], Any], replace: bool = False) -> None:
    """Have `write` fill a temporary folder beside `path`, then rename it; on any error nothing is left behind.

    Args:
        path: of the new folder; its parent is there.
        write: given the temporary folder.
        replace: a folder of that name is replaced.

    Raises:
        FileExistsError: there is something of that name, and `replace` is not set.
    """
    temporary, old = (path.with_name(f".{os.getpid()}-{mark}{path.name}") for mark in ("", "old-"))
    if path.exists() and not replace:
        raise FileExistsError(path)
    try:
        temporary.mkdir(exist_ok=True)
        write(temporary)
        if path.exists() and replace:
            path.rename(old)
        temporary.rename(path)
    except OSError as error:
        if path.exists() and not replace:  # another process was faster
            raise FileExistsError(path) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


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


def read_json(path: Path) -> Any:
    """The content of a JSON file of a run.

    Raises:
        RunError: it is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"{path.parent}: {path.name} is missing; expected a complete run folder, "
            "restore the file from a copy or run it again"
        ) from None
    except ValueError as error:
        raise RunError(f"{path}: not valid JSON ({error}); restore the file from a copy or run it again") from None
