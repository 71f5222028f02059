"""Pictures that arrive in a folder: each is scored once it holds still, and once more where it changes."""

from dataclasses import dataclass
from os import stat
from pathlib import Path

from vgglab.datasets.pictures import find_files
from vgglab.evaluation.predict import Prediction

STILL = 2  # looks for which a file has been the same: it is no longer being written
PATIENCE = 20  # looks for which one that gives no picture has been the same: it never will be one


@dataclass
class _Seen:
    """A file: its size and time, for how many looks they have been so, whether it is done with."""

    state: tuple[int, int]
    looks: int = 0
    done: bool = False


class Arrivals:
    """The files in a folder and below, but hidden ones, as they arrive.

    Args:
        folder: which.
        known: paths that were scored before.
    """

    def __init__(self, folder: Path, known: frozenset[str] = frozenset()):
        self.folder, self.known = folder, known
        self.seen: dict[str, _Seen] = {}

    def look(self) -> list[str]:
        """The files to score now: those that hold still since the last look, in order of their paths."""
        before, self.seen = self.seen, {}
        for path, problem in find_files([self.folder]) if self.folder.is_dir() else ():
            state = None if problem else _state(path)
            if state is not None:
                seen = before.get(path) or _Seen(state, done=path in self.known)
                self.seen[path] = seen if seen.state == state else _Seen(state)
                self.seen[path].looks += 1
        return [path for path, seen in self.seen.items() if not seen.done and seen.looks in (STILL, PATIENCE)]

    def settled(self, prediction: Prediction) -> bool:
        """Whether what was said of a file stays: one that gives no picture may still be on its way."""
        seen = self.seen[prediction.path]
        seen.done = prediction.error is None or seen.looks >= PATIENCE
        return seen.done


def _state(path: str) -> tuple[int, int] | None:
    """Size and time of a file; None where it has gone."""
    try:
        status = stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
