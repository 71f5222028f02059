"""A folder and its copy elsewhere: what is new there comes down, what is new here goes up."""

import json
import posixpath
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from vgglab.errors import RemoteError
from vgglab.runs.files import State, file_state, link, write_atomic, write_json
from vgglab.runs.locks import is_locked
from vgglab.runs.record import MODELS
from vgglab.runs.remote.place import Place

LEDGER = ".remote.json"  # name -> the file's state here and there when both were the same
FIRST = "last.keras"  # is looked at first: what is beside it is of its epoch or of a later one
LAST = (FIRST, "history.csv", "run.json")  # go last, in this order: a folder never says more than it has
DATABASE = ".db"  # is written in place, and copied by what wrote it
ENDED = ("finished", "diverged")

Known = dict[str, tuple[tuple[int, ...], str]]


class Taken(NamedTuple):
    """A file as it was at a moment: its name, where that is kept, and its state."""

    name: str
    path: Path
    state: tuple[int, ...]


class Unit:
    """A run with all that is below it, or the files in a folder that is none.

    Args:
        folder: here.
        place: there.
        here: the files here.
        there: the files there, as `Place.list` has them.
        is_run: whether it is a run.
    """

    def __init__(self, folder: Path, place: Place, here: State, there: Mapping[str, str], is_run: bool):
        self.folder, self.place, self.here, self.there, self.is_run = folder, place, here, there, is_run

    def pending(self) -> list[str]:
        """The files here that are not there as they are."""
        return self._changed(self._read())

    def is_there(self) -> bool:
        """Whether the files here are there as they are, and no process trains the run."""
        known = self._read()
        same = all(known.get(name) == (state, self.there.get(name)) for name, state in self.here.items())
        return same and not (self.is_run and is_locked(self.folder))

    def take(self, kept: Path) -> list[Taken]:
        """What has changed here, as it is now: kept in a folder, while a training goes on."""
        taken = []
        for number, name in enumerate(sorted(self.pending(), key=lambda name: name != FIRST)):
            path = kept / str(number)
            with suppress(FileNotFoundError):  # it was taken away meanwhile
                (copy_database if name.endswith(DATABASE) else link)(self.folder / name, path)
                taken.append(Taken(name, path, self.here[name]))
        return taken

    def send(self, taken: list[Taken]) -> None:
        """Have what was taken there, file by file, and what is gone here no longer."""
        with self._held() as known:
            sent: dict[tuple[int, ...], str] = {}
            for name, path, state in sorted(taken, key=lambda one: turn(one.name)):
                if name in known and known[name][0] == state:  # somebody was faster
                    continue
                put = self.place.copy(sent[state], name) if state in sent else self.place.put(path, name)
                sent.setdefault(state, name)
                known[name] = state, put
                self._keep(known)
            for name in [name for name in known if not (self.folder / name).exists()]:
                self.place.remove(name)
                del known[name]
                self._keep(known)

    def bring(self, models: bool) -> None:
        """Have here what has changed there, unless a process trains the run, or it is further here than there.

        Args:
            models: also those of a run that has ended; else they stay there until somebody asks for them.
        """
        if not any(self._news(self._read())) or (self.is_run and is_locked(self.folder)):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._held() as known:
            fresh, gone = self._news(known)
            if self.is_run and self._changed(known) and self._further():
                known.clear()  # all of it goes up anew: two trainings are not mixed
                return self._keep(known)
            self._forget(gone, known)
            models_too = [name for name in fresh if name in MODELS]
            self._get([name for name in fresh if name not in MODELS], known)
            if models or not self.is_run or _progress(self.folder / "run.json")[0] == 0:
                self._get(models_too, known)
        if self.is_run and not self.there:
            shutil.rmtree(self.folder)

    def _get(self, names: list[str], known: Known) -> None:
        for name in sorted(names, key=turn):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, lambda made, name=name: self.place.get(name, made))
            known[name] = file_state(path), self.there[name]
            self._keep(known)

    def _forget(self, names: set[str], known: Known) -> None:
        """What is there no longer goes up anew; where nothing at all is left there, what is unchanged here goes."""
        for name in names:
            state, _ = known.pop(name)
            if not self.there and self.here.get(name) == state:
                (self.folder / name).unlink(missing_ok=True)
        if names:
            self._keep(known)

    def _news(self, known: Known) -> tuple[list[str], set[str]]:
        """What is another there or lacks here, and what is there no longer."""
        there = self.there.items()
        fresh = [name for name, mark in there if name not in self.here or known.get(name, ((), ""))[1] != mark]
        return fresh, known.keys() - self.there.keys()

    def _changed(self, known: Known) -> list[str]:
        return [name for name, state in self.here.items() if known.get(name, ((), ""))[0] != state]

    def _further(self) -> bool:
        """Whether the run has come further here than there."""
        try:
            there = _progress_of(self.place.read("run.json"))
        except RemoteError:
            there = (0, 0)
        return _progress(self.folder / "run.json") > there

    @contextmanager
    def _held(self) -> Iterator[Known]:
        """What is known of both sides, while no other process changes it."""
        from filelock import FileLock

        with FileLock(self.folder / ".remote.lock"):
            yield self._read()

    def _read(self) -> Known:
        with suppress(OSError, ValueError, TypeError):  # where it is damaged, everything is looked at anew
            tree = json.loads((self.folder / LEDGER).read_text(encoding="utf-8"))
            return {name: (tuple(state), mark) for name, (state, mark) in tree.items()}
        return {}

    def _keep(self, known: Known) -> None:
        write_json(self.folder / LEDGER, known)


def turn(name: str) -> tuple[int, str]:
    """When a file goes, among those of its folder."""
    if name.endswith(DATABASE):
        return len(LAST) + 1, name
    return (LAST.index(name) + 1 if name in LAST else 0), posixpath.dirname(name)


def copy_database(source: Path, target: Path) -> None:
    """A copy of an SQLite database that others may be writing."""
    import sqlite3

    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)


def _progress(path: Path) -> tuple[int, int]:
    try:
        return _progress_of(path.read_bytes())
    except OSError:
        return 0, 0


def _progress_of(record: bytes) -> tuple[int, int]:
    """How far a run is by its record: whether it ended by itself, and its epochs."""
    try:
        tree = json.loads(record)
        return int(tree["status"] in ENDED), tree["epochs_done"]
    except (ValueError, TypeError, KeyError):
        return 0, 0
