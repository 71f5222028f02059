"""A folder elsewhere and the one here that mirrors it: run by run, file by file."""

import os
import shutil
import threading
from collections.abc import Iterable
from pathlib import PurePosixPath

from vgglab.errors import RemoteError
from vgglab.runs.files import State, state_of, temporary_name
from vgglab.runs.remote.claims import Held, held, written_here
from vgglab.runs.remote.names import mirror_of
from vgglab.runs.remote.place import Place
from vgglab.runs.remote.unit import Unit

RUN = "run.json"
BY_SQLITE = ("-journal", "-wal", "-shm")  # come and go beside a database
TELLS = "history.csv"  # what is written last in an epoch


class Mirror:
    """A folder elsewhere, be it a run's, a study's, or one of many, and its mirror.

    Args:
        url: of the folder.

    Raises:
        RemoteError: what is needed for such a URL is not installed. So do `down` and `up` where they cannot do it.
    """

    def __init__(self, url: str):
        self.url, self.folder, self.place = url, mirror_of(url), Place(url)
        self.held = Held([], [])  # by whom, when it was last looked

    def down(self) -> None:
        """Have here what is new there; what is up there no longer is taken away, unless nothing at all is left."""
        found = self.place.list()
        self.held = held(self.place, found)
        ahead = [self.folder / folder for folder in self.held.here]
        there = {name: mark for name, mark in found.items() if not is_hidden(name)}
        for unit in self._units(there) if there else []:
            if not any(unit.folder.is_relative_to(folder) for folder in ahead):
                unit.bring(models=unit.folder == self.folder)

    def up(self) -> None:
        """Have there what is new here: all as it is now, of runs first, then of what tells of them."""
        units = self._units({})
        kept = self.folder / temporary_name(f"up-{threading.get_ident()}")  # of this thread alone
        try:
            shots = []
            for number, unit in enumerate(units):
                (kept / str(number)).mkdir(parents=True)
                shots.append(unit.take(kept / str(number)))
            for unit, taken in reversed(list(zip(units, shots, strict=True))):
                unit.send(taken)
        finally:
            shutil.rmtree(kept, ignore_errors=True)

    def settle(self) -> None:
        """Have there what is left.

        Raises:
            RemoteError: not all of it; the line says where it is.
        """
        try:
            self.up()
        except RemoteError as error:
            left = len(self.pending())
            count = f"{left} files are" if left > 1 else "a file is"
            raise RemoteError(
                f"{error}; {count} not up there, but nothing is lost: the folder "
                f"is whole in {self.folder}, and vgglab runs {self.url} takes up what is missing"
            ) from error

    def is_there(self) -> bool:
        """Whether all that is here is there just so, and no other process of this machine writes into it."""
        there = self.place.list()
        return all(unit.is_there() for unit in self._units(there)) and not written_here(self.place, there)

    def pending(self) -> list[str]:
        """The files that are not there as they are here; nothing is asked elsewhere."""
        return [str(unit.folder / name) for unit in self._units({}) for name in unit.pending()]

    def epochs(self) -> State:
        """What changes with each epoch of a run."""
        paths = (path for depth in ("", "*/", "*/*/") for path in self.folder.glob(depth + TELLS))
        return {str(path): (os.stat(path).st_ino, os.stat(path).st_mtime_ns) for path in paths}

    def _units(self, there: dict[str, str]) -> list[Unit]:
        """What goes and comes together; the folder itself first."""
        here = {name: state for name, state in state_of(self.folder).items() if not name.endswith(BY_SQLITE)}
        found: dict[PurePosixPath, list[str]] = {}
        runs = {PurePosixPath(name).parent for name in here | there if PurePosixPath(name).name == RUN}
        for name in here | there:
            found.setdefault(_unit(name, runs), []).append(name)
        return [self._unit(at, found[at], here, there, at in runs) for at in sorted(found)]

    def _unit(self, at: PurePosixPath, names: Iterable[str], here: State, there: dict[str, str], is_run: bool) -> Unit:
        below = {name: str(PurePosixPath(name).relative_to(at)) for name in names}
        place = self.place if at == PurePosixPath() else self.place.below(str(at))
        ours, theirs = ({below[name]: known[name] for name in below if name in known} for known in (here, there))
        return Unit(self.folder / at, place, ours, theirs, is_run)


def is_hidden(name: str) -> bool:
    """Whether a file is none of a run's: a claim, or one that is being written."""
    return any(part.startswith(".") for part in name.split("/"))


def _unit(name: str, runs: set[PurePosixPath]) -> PurePosixPath:
    """The run that a file belongs to, else the folder that it is in."""
    above = PurePosixPath(name).parents
    return next((folder for folder in reversed(above) if folder in runs), above[0])
