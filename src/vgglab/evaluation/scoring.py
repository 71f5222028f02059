"""Very many pictures into one file: what was scored is kept line by line, and the same command goes on after any end.

Beside `scores.csv` lies, until it is finished, `scores.csv.part`: a line of JSON that says what is scored by what, then
one for each picture, in the order of the list. A line that was cut is done again. Once finished the file has all rows,
and `scores.csv.json` says what they are of.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vgglab.datasets.entries import Entry, Packed
from vgglab.datasets.pictures import Found
from vgglab.errors import RunError
from vgglab.evaluation.predict import Prediction
from vgglab.evaluation.score_files import write_scores
from vgglab.runs.files import write_json

Job = Mapping[str, Any]  # `model` (a hash), `top` (classes of each picture), `pictures` (how many), `list` (a hash)


@dataclass
class Tally:
    """How many pictures there were.

    Attributes:
        files: all of them.
        failed: those that gave no result.
    """

    files: int = 0
    failed: int = 0

    def add(self, prediction: Prediction) -> None:
        """Count one more."""
        self.files += 1
        self.failed += prediction.error is not None


class Scores:
    """The file that a job's predictions go to, and what is kept beside it until it is finished.

    Args:
        target: the file.
        model: a hash of the network.
        top: classes of each picture, at most.
    """

    def __init__(self, target: Path, model: str, top: int):
        self.target, self.tally = target, Tally()
        self.job = {"schema": 1, "model": model, "top": top}
        self.part = target.with_name(f"{target.name}.part")
        self.record = target.with_name(f"{target.name}.json")

    def read_list(self, found: Iterable[Found]) -> int:
        """Take down what is scored, by paths, sizes and times; returns how many there are."""
        digest, count = hashlib.sha256(), 0
        for path, problem in self.others(found):
            count += 1
            digest.update(os.fsencode(str(path)) + f"\0{_state(path)}{problem or ''}\n".encode())
        self.job |= {"pictures": count, "list": digest.hexdigest()}
        return count

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else writes the file meanwhile.

        Raises:
            RunError: another process does.
        """
        lock = self.target.with_name(f".{self.target.name}.lock")
        try:
            with FileLock(lock, timeout=0):
                try:
                    yield
                finally:
                    lock.unlink(missing_ok=True)
        except Timeout:
            raise RunError(f"{self.target}: another process writes it; wait for it, or name another file") from None

    def finished(self) -> dict[str, Any] | None:
        """What the file was made of, with `files` and `failed`; None where it is not there and whole.

        Raises:
            RunError: pictures that arrive are scored into it, see `evaluation.score_log`.
        """
        try:
            told = json.loads(self.record.read_text(encoding="utf-8"))
            whole = self.target.is_file() and {"files", "failed"} <= told.keys()
        except (OSError, ValueError, AttributeError):
            return None
        if not whole and told.get("watched"):
            raise RunError(f"{self.target}: is written by --watch; remove it with {self.record.name}, or name another")
        return told if whole else None

    def changes(self, told: Job) -> str:
        """What is another than in a job that was told; nothing where it is this one."""
        names = {"model": "model", "list": "list of pictures", "top": "number of classes"}
        return " and ".join(words for name, words in names.items() if told.get(name) != self.job[name])

    def others(self, found: Iterable[Found]) -> Iterator[Found]:
        """What was found, but for the files that this makes."""
        own = {os.path.abspath(path) for path in (self.target, self.part, self.record)}
        names = {os.path.basename(path) for path in own}
        for path, problem in found:
            if isinstance(path, Packed) or os.path.basename(path) not in names or os.path.abspath(path) not in own:
                yield path, problem

    def begin(self) -> None:
        """Begin, or go on behind the last whole line of what is kept: `tally` says how many there are.

        Raises:
            RunError: what is kept is of another job, or damaged.
        """
        whole = 0
        with self.part.open("a+b") as lines:
            lines.seek(0)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._read(line, first=whole == 0)
                whole += len(line)
            lines.truncate(whole)
            if whole == 0:
                lines.write(json.dumps(self.job).encode() + b"\n")

    def _read(self, line: bytes, first: bool) -> None:
        try:
            changes = self.changes(json.loads(line)) if first else self.tally.add(_prediction(line))
        except (ValueError, TypeError, AttributeError):
            raise RunError(f"{self.part}: is damaged; remove it to begin anew") from None
        if changes:
            raise RunError(
                f"{self.part}: was begun with another {changes}; remove it to begin anew, or write another file"
            )

    def keep(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """The predictions, each written down before it is passed on."""
        with self.part.open("a", encoding="utf-8") as file:
            for each in predictions:
                file.write(json.dumps([each.path, each.classes, each.probabilities, each.error]) + "\n")
                self.tally.add(each)
                yield each

    def finish(self, columns: int) -> None:
        """Make the file of what is kept, with so many classes in a row."""
        with self.part.open("rb") as lines:
            next(lines)
            write_scores(map(_prediction, lines), self.target, columns)
        write_json(self.record, {**self.job, "files": self.tally.files, "failed": self.tally.failed})
        self.part.unlink()


def _prediction(line: bytes) -> Prediction:
    path, classes, probabilities, error = json.loads(line)
    return Prediction(path, tuple(classes), tuple(probabilities), error)


def _state(path: Entry) -> tuple[int, ...]:
    if isinstance(path, Packed):
        return path.state()
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns
