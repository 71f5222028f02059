"""A small file that says who writes into a folder elsewhere: nothing there can be locked, but one can be told."""

import json
import os
import platform
import time
from contextlib import suppress
from datetime import datetime
from pathlib import PurePosixPath

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
        self.place.write(self.name, json.dumps(told).encode())
        self.renewed = time.monotonic()

    def release(self) -> None:
        """Take it back, if that can be done."""
        with suppress(RemoteError):
            self.place.remove(self.name)


def others(place: Place) -> list[str]:
    """Who else seems to write into a folder, into one below, or into the one above: a text for each."""
    url, _, _ = place.url.rpartition("/")
    found = [(place, at) for at in place.list() if PurePosixPath(at).name.startswith(PREFIX)]
    if not url.endswith(("/", ":")):
        above = Place(url)
        found += [(above, at) for at in above.names() if at.startswith(PREFIX)]
    return [text for there, at in found if (text := _told(there, at))]


def _told(place: Place, name: str) -> str:
    """Who made a claim, and when; empty where it is this process, or one that has ended, whose claim is taken away."""
    try:
        claim = json.loads(place.read(name))
        host, home, process, ago = claim["host"], claim["machine"], claim["process"], time.time() - claim["time"]
    except (RemoteError, ValueError, TypeError, KeyError):
        return ""
    if (home, process) == (machine(), os.getpid()):
        return ""
    if home == machine() and has_ended(process):
        with suppress(RemoteError):
            place.remove(name)
        return ""
    if abs(ago) > RECENT:
        return ""
    said = datetime.fromtimestamp(claim["time"]).strftime("%H:%M:%S")
    return f"process {process} on {host}, which said so at {said}"
