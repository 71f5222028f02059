"""A small file that says who writes into a folder elsewhere: nothing there can be locked, but one can be told."""

import json
import os
import platform
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from vgglab.errors import RemoteError
from vgglab.runs.files import has_ended, machine
from vgglab.runs.remote.place import Place

PREFIX = ".writing-"
RENEWED = 60  # seconds between two times that a process says that it is still there
RECENT = 900  # seconds after which it is taken for gone


class Claim:
    """This process's word that it writes into a folder; it is there once this is made.

    Args:
        place: the folder.

    Raises:
        RemoteError: nothing can be written there.
    """

    def __init__(self, place: Place):
        self.place, self.name = place, f"{PREFIX}{machine()}-{os.getpid()}"
        self.renew()

    def renew(self, every: float = 0) -> None:
        """Say it again, where that is longer ago than so many seconds."""
        if every and time.monotonic() - self.renewed < every:
            return
        told = {"host": platform.node(), "machine": machine(), "process": os.getpid(), "time": time.time()}
        self.renewed = time.monotonic()  # also where it fails: not to be tried again at once
        self.place.write(self.name, json.dumps(told).encode())

    def release(self) -> None:
        """Take it back, if that can be done."""
        with suppress(RemoteError):
            self.place.remove(self.name)


def others(place: Place) -> list[str]:
    """Who else seems to write into a folder, into one below, or into the one above: a text for each."""
    return [_told(claim) for claim in _claims(place, place.list())]


def written_here(place: Place, names: Iterable[str]) -> bool:
    """Whether another process of this machine writes into a folder of such files, one below, or the one above."""
    return any(claim["machine"] == machine() for claim in _claims(place, names))


class Held(NamedTuple):
    """Who writes into a folder and those below.

    Attributes:
        here: the folders that another process of this machine writes into: their mirrors are ahead of them.
        elsewhere: a text for each process of another machine.
    """

    here: list[PurePosixPath]
    elsewhere: list[str]


def held(place: Place, names: Iterable[str]) -> Held:
    """Who writes into a folder, by the claims among the names of its files."""
    claims = [(PurePosixPath(name).parent, claim) for name in names if (claim := _live(place, name))]
    here = [folder for folder, claim in claims if claim["machine"] == machine()]
    return Held(here, [_told(claim) for _, claim in claims if claim["machine"] != machine()])


def _told(claim: dict[str, Any]) -> str:
    said = datetime.fromtimestamp(claim["time"]).strftime("%H:%M:%S")
    return f"process {claim['process']} on {claim['host']}, which said so at {said}"


def _claims(place: Place, names: Iterable[str]) -> list[dict[str, Any]]:
    """The live claims of other processes on a folder, on those below, by its files' names, and on the one above."""
    url, _, _ = place.url.rpartition("/")
    found = [(place, at) for at in names]
    if not url.endswith(("/", ":")):
        above = Place(url)
        found += [(above, at) for at in above.names()]
    return [claim for there, at in found if (claim := _live(there, at))]


def _live(place: Place, name: str) -> dict[str, Any] | None:
    """A claim of another process; None of one that has ended, whose claim is taken away, or has long said nothing."""
    if not PurePosixPath(name).name.startswith(PREFIX):
        return None
    try:
        claim = json.loads(place.read(name))
        home, process, ago = claim["machine"], claim["process"], time.time() - claim["time"]
    except (RemoteError, ValueError, TypeError, KeyError):
        return None
    if home == machine() and has_ended(process):
        with suppress(RemoteError):
            place.remove(name)
        return None
    return None if (home, process) == (machine(), os.getpid()) or abs(ago) > RECENT else claim
