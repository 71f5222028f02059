"""On a machine of a cluster: one run, gone on with in a process of its own, and what it writes, epoch by epoch."""

import os
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ray

from vgglab.experiments.grid.freight import Ticket, at_hand, receive
from vgglab.experiments.grid.parcel import Parcel, State, changed, state_of, unpack
from vgglab.experiments.grid.versions import check_versions
from vgglab.runs.files import machine, sweep
from vgglab.runs.source import trust_kept

AGAIN = 0.2  # seconds until it is looked again for what a run has written
FAILED = 1
TELLS = "history.csv"  # what is written last in an epoch


class Place(NamedTuple):
    """A machine of a cluster: its name, and Ray's id for it."""

    host: str
    node: str


class There:
    """A run on the machine that it was placed on; it ends with the run, and takes its process with it.

    Where the folder that it was started in is not to be seen from here, it trains in a copy, and what has changed
    there since is asked for with `news`.
    """

    def __init__(self) -> None:
        self.folder, self.shared = Path(), False
        self.places: dict[str, str] = {}
        self.code: int | None = None
        self.known: State = {}

    def meet(self, versions: Mapping[str, str], folder: str, marker: str) -> tuple[Place, bool]:
        """Where this is, and whether the run's folder is seen from here.

        Raises:
            RunError: it has other versions than where the study was started.
        """
        check_versions(versions)
        self.folder, self.shared = Path(folder), bool(marker) and (Path(folder) / marker).exists()
        return Place(platform.node(), ray.get_runtime_context().get_node_id()), self.shared

    def bring(self, field: str, ticket: Ticket, parts: Sequence[Any] = ()) -> bool:
        """Whether what a field of the run's config names is here; it is once `parts`, which Ray holds, are given."""
        found = receive(ticket, lambda: map(ray.get, parts)) if parts else at_hand(ticket)
        if found and not ticket.published:
            self.places[field] = str(found)
        return found is not None

    def begin(self, parcel: Parcel, environment: Mapping[str, str], command: list[str], trusted: bool) -> None:
        """Go on with the run; nothing waits for it.

        Args:
            parcel: what its folder holds; empty where it is seen from here.
            environment: variables that its process has.
            command: what its record says that it was begun with.
            trusted: whether its own network's code may be executed.
        """
        os.environ.update(environment)
        sys.argv = command
        if not self.shared:
            place = Path(tempfile.gettempdir()) / "vgglab-runs"
            place.mkdir(exist_ok=True)
            sweep(place)
            self.folder = place / f".{os.getpid()}-{machine()}-{self.folder.parent.name}" / self.folder.name
            self.folder.mkdir(parents=True)
            unpack(parcel, self.folder)
        if trusted:
            trust_kept(self.folder)
        self.known = state_of(self.folder)
        self.training = threading.Thread(target=self._train, daemon=True)
        self.training.start()

    def news(self) -> tuple[Parcel, int | None]:
        """Wait for the next epoch, or for the end: what has changed, and the exit code at the end."""
        while self.training.is_alive() and self._epoch() == self.known.get(TELLS):
            self.training.join(AGAIN)
        code = self.code  # before its folder is read: at the end that holds everything
        if self.shared:
            self.known = state_of(self.folder)
            return [], code
        parcel, self.known = changed(self.folder, self.known)
        if code is not None:
            shutil.rmtree(self.folder.parent, ignore_errors=True)
        return parcel, code

    def _epoch(self) -> tuple[int, ...] | None:
        return state_of(self.folder).get(TELLS)

    def _train(self) -> None:
        from vgglab.experiments.grid.processes import train_alone

        try:
            self.code = train_alone(self.folder, self.places)
        finally:
            self.code = FAILED if self.code is None else self.code
