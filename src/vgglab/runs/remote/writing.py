"""Work in the mirror of a folder elsewhere, from which it goes up meanwhile: after each epoch, and at the end."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from vgglab.errors import RemoteError
from vgglab.runs.remote.claims import RENEWED, Claim, others
from vgglab.runs.remote.mirror import Mirror
from vgglab.runs.remote.names import mirror_of, url_of
from vgglab.runs.remote.place import Place

AGAIN = 1.0  # seconds until it is looked again whether an epoch has been written


@contextmanager
def mirrored(path: Path | str) -> Iterator[Path]:
    """The folder to work in: `path` itself, or the mirror of a URL, which what changes goes up from.

    Where something cannot be sent meanwhile, a line says so, and it is tried again after the next epoch.

    Raises:
        RemoteError: nothing can be read or written there; or at the end something is not there, which is said in a
            line only where the block raises itself.
    """
    url = url_of(path)
    if url is None:
        yield Path(path)
        return
    mirror = Mirror(url)
    with _alone(mirror.folder):  # of two that start at once, one finds the other's claim
        claim = Claim(mirror.place)
        try:
            for other in others(mirror.place):
                _say(f"{url}: another process may be writing there ({other}); nothing keeps two machines apart")
            mirror.down()
        except BaseException:
            claim.release()
            raise
    sending = Sending(mirror, claim)
    sending.start()
    try:
        yield mirror.folder
    except BaseException:
        try:
            sending.end()
        except RemoteError as error:
            _say(str(error))
        raise
    else:
        sending.end()
    finally:
        claim.release()


def new_parent(out: Path | str) -> tuple[Path, frozenset[str]]:
    """Where a new run's folder is made: `out`, or its mirror; and the names that are taken elsewhere.

    Raises:
        RemoteError: nothing can be written there.
    """
    url = url_of(out)
    if url is None:
        return Path(out), frozenset()
    place = Place(url)
    Claim(place).release()
    return mirror_of(url), frozenset(place.names())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process of this machine is in such a block for this mirror."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock_of(folder)):
        yield


def lock_of(folder: Path) -> Path:
    """The file that a process holds while it begins to write into a mirror."""
    return folder.with_name(f".{folder.name}.lock")


class Sending(threading.Thread):
    """Sends what has changed after each epoch, beside the training, until it is ended.

    Args:
        mirror: the folder.
        claim: on it, renewed now and then.
    """

    def __init__(self, mirror: Mirror, claim: Claim):
        super().__init__(daemon=True)
        self.mirror, self.claim, self.seen = mirror, claim, mirror.epochs()
        self.over, self.failing = threading.Event(), False

    def run(self) -> None:
        """Look again and again until it is over."""
        while not self.over.wait(AGAIN):
            self.look()

    def look(self) -> None:
        """Send what has changed, where an epoch has been written since."""
        try:
            self.claim.renew(RENEWED)
            if (now := self.mirror.epochs()) != self.seen:
                self.seen = now
                self.mirror.up()
                self.failing = False
        except Exception as error:  # of a thread nobody hears; and training must not end by it
            if not self.failing:
                _say(f"{error}; training goes on in {self.mirror.folder}, and it is tried again after each epoch")
            self.failing = True

    def end(self) -> None:
        """Send what is left.

        Raises:
            RemoteError: it could not be sent.
        """
        self.over.set()
        self.join()
        self.mirror.settle()


def _say(text: str) -> None:
    print(f"vgglab: {text}", file=sys.stderr, flush=True)
