"""Mirrors of folders elsewhere, as `vgglab cache` lists them, and clears those that lie whole where they belong."""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vgglab.config.shown import count_of
from vgglab.datasets.kept import Entry, Store, size_of
from vgglab.errors import RemoteError
from vgglab.runs.remote.mirror import RUN, Mirror
from vgglab.runs.remote.names import mirrors, shown
from vgglab.runs.remote.unit import LEDGER
from vgglab.runs.remote.writing import lock_of


@dataclass(frozen=True)
class MirrorEntry(Entry):
    """The mirror of a run, of a study, or of a folder of several."""

    def may_go(self) -> bool:
        """Whether it is elsewhere as it is here, which is asked there, and no process here writes into it."""
        with suppress(RemoteError):
            return Mirror(self.key).is_there()
        return False


class MirrorStore(Store):
    """Mirrors: there is no limit, as runs are worked on in them."""

    kind = "mirrors"

    def __init__(self) -> None:
        super().__init__(mirrors(), math.inf)

    def find(self) -> Iterator[Entry]:
        """The outermost folders that hold something of elsewhere."""
        done: list[Path] = []
        for ledger in sorted(self.folder.rglob(LEDGER), key=lambda path: len(path.parts)):
            folder = ledger.parent
            if not any(folder.is_relative_to(other) for other in done):
                done.append(folder)
                runs = sum(1 for _ in folder.rglob(RUN))
                used = max(path.stat().st_mtime for path in folder.rglob(LEDGER))
                about = count_of(runs, "run")
                yield MirrorEntry(shown(folder), (folder,), lock_of(folder), size_of(folder), used, about)

    def left_overs(self) -> Iterator[Entry]:
        """None: what is written there goes up, or is swept."""
        return iter(())
