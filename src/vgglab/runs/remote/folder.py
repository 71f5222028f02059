"""A folder that may be elsewhere: brought into its mirror, and what was written there sent back.

What does it is imported where a folder is elsewhere alone, which most are not.
"""

import sys
from functools import cache
from pathlib import Path

from vgglab.errors import RemoteError
from vgglab.runs.remote.names import origin_of, url_of


def brought(path: Path | str) -> Path:
    """`path` itself; of a URL the mirror, with what is there: models of a run alone, of several those that go on.

    What was kept from going up earlier goes now, if it can.

    Raises:
        RemoteError: the folder cannot be read.
    """
    url = url_of(path)
    if url is None:
        return Path(path)
    from vgglab.runs.remote.mirror import Mirror

    mirror = Mirror(url)
    mirror.down()
    try:
        if not mirror.held.here and mirror.pending():
            mirror.up()
    except RemoteError as error:
        _say(f"vgglab: {error}; what is not up there is in {mirror.folder}")
    for process in mirror.held.elsewhere:
        _say_once(f"vgglab: {url}: {process}, may be training there: its run is shown as interrupted")
    return mirror.folder


def fetched(model: Path) -> Path:
    """A model of a run; where it has stayed elsewhere, it comes now.

    Raises:
        RemoteError: it cannot be read.
    """
    if not model.exists() and (url := origin_of(model.parent)):
        from vgglab.runs.remote.mirror import Mirror

        Mirror(url).down()
    return model


def sent(folder: Path) -> None:
    """What was just written into a folder goes up, where it is a mirror.

    Raises:
        RemoteError: it cannot.
    """
    if url := origin_of(folder):
        from vgglab.runs.remote.mirror import Mirror

        Mirror(url).settle()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


_say_once = cache(_say)
