"""A CSV file that grows by a row for each picture that arrives, and goes on where it was."""

import csv
import json
import os
from pathlib import Path

from vgglab.errors import RunError
from vgglab.evaluation.predict import Prediction
from vgglab.evaluation.score_files import header_of, write_csv
from vgglab.runs.files import write_json, write_text


class ScoreLog:
    """The file, and beside it `FILE.json`, which says by what it is made.

    Args:
        target: the file; it goes on where it is there.
        model: a hash of the network.
        columns: classes in a row.

    Raises:
        RunError: the file that is there was made by another network, or has other columns.
    """

    def __init__(self, target: Path, model: str, columns: int):
        self.target, self.columns = target, columns
        record, job = target.with_name(f"{target.name}.json"), {"schema": 1, "model": model, "watched": True}
        if not target.exists():
            write_json(record, job)
            write_text(target, ",".join(header_of(columns)) + "\n")
        self._cut()
        with target.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            same = next(rows, None) == header_of(columns) and _read(record) == job
            self.known = frozenset(row[0] for row in rows if row)
        if not same:
            raise RunError(f"{target}: was made by another model or --top; remove it, or write another file")

    def add(self, prediction: Prediction) -> None:
        """A row more, at once."""
        with self.target.open("a", newline="", encoding="utf-8") as file:
            write_csv([prediction], file, self.columns, header=False)

    def _cut(self) -> None:
        """Take a line away that was not written to its end."""
        content = self.target.read_bytes()
        if not content.endswith(b"\n"):
            os.truncate(self.target, content.rfind(b"\n") + 1)


def _read(record: Path) -> object:
    try:
        return json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
