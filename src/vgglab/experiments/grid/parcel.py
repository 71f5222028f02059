"""What of a run's folder has changed, as it travels to another machine and back."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from vgglab.runs.files import State, link, state_of, write_atomic

FIRST = "last.keras"
Parcel = list[tuple[tuple[str, ...], np.ndarray]]  # the names of a file below the folder, its bytes; see `changed`


def changed(folder: Path, known: State) -> tuple[Parcel, State]:
    """The files that are not as they were known, and how they are now.

    A training goes on meanwhile: `last.keras` is read first, so that what is beside it is of its epoch or of a later
    one, from which a run goes on to the same bits; were its signals older, they would lack an epoch.
    """
    now = state_of(folder)
    names: dict[tuple[int, ...], list[str]] = {}
    for name in sorted(now, key=lambda name: name != FIRST):
        if known.get(name) != now[name]:
            names.setdefault(now[name], []).append(name)
    parcel: Parcel = []
    for same in names.values():
        with suppress(FileNotFoundError):
            parcel.append((tuple(same), np.fromfile(folder / same[0], np.uint8)))
    return parcel, now


def unpack(parcel: Iterable[tuple[tuple[str, ...], np.ndarray]], folder: Path) -> None:
    """Write what has travelled, `last.keras` last; a file of several names is written once."""
    for (first, *others), content in reversed(list(parcel)):
        (folder / first).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / first, content.tofile)
        for other in others:
            write_atomic(folder / other, lambda path, first=first: link(folder / first, path))
