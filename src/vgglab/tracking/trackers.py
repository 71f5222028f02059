"""Which trackers a run tells of itself, and that none of them can harm it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from vgglab.errors import TrackingError, first_line
from vgglab.runs.door import read_json
from vgglab.runs.files import write_json
from vgglab.runs.shapes import Tracked
from vgglab.runs.store import Run, load

RECORD = "tracking.json"  # in the run folder: what each tracker knows of it, so that a run that goes on adds to it
TRACKERS = {
    "tensorboard": ("vgglab.tracking.tensorboard_events", "TensorBoardEvents"),
    "mlflow": ("vgglab.tracking.mlflow_run", "MlflowRun"),
}


class Tracker(Protocol):
    """Something that is told of a run; `known` is what it has to remember, `epochs` of it how many it was told."""

    known: dict[str, Any]
    place: str

    def begin(self, run: Run) -> None:
        """The run begins or goes on."""

    def update(self, run: Run) -> None:
        """Epochs have been added to the run's folder."""

    def end(self, run: Run) -> None:
        """The run has ended: its status says how."""

    def close(self) -> None:
        """Let go of everything, whatever has happened before."""


def check_trackers(names: tuple[str, ...]) -> None:
    """Make sure that what runs log to is installed and answers, before anything else is done.

    Raises:
        TrackingError: a package is missing, or the tracking server cannot be reached.
    """
    for name in names:
        check_installed(name)
    if "mlflow" in names:
        from vgglab.tracking.mlflow_run import check_server

        try:
            check_server()
        except Exception as error:  # requests', SQLAlchemy's, MLflow's: the user needs to know only that
            raise TrackingError(
                f"--log mlflow: the store does not answer ({first_line(error)}); start its server, "
                "set MLFLOW_TRACKING_URI, or leave mlflow out of --log"
            ) from None


def check_installed(name: str) -> None:
    """Make sure that the package of a tracker is there.

    Raises:
        TrackingError: it is missing.
    """
    if find_spec(name) is None:
        raise TrackingError(
            f"--log {name}: the package {name} is not installed; "
            f"pip install 'vgglab[{name}]', or leave {name} out of --log"
        )


class Tracking:
    """Tells trackers what a run's folder holds. One that fails is warned of once, and tried again at the end."""

    def __init__(self, folder: Path, names: tuple[str, ...], say: Callable[[str], None]):
        self.folder, self.say = folder, say
        path = folder / RECORD
        self.known = read_json(path, Tracked)["trackers"] if path.exists() else {}
        self.trackers = {name: make_tracker(name, folder, self.known.setdefault(name, {})) for name in names}
        self.lost: set[str] = set()

    def begin(self) -> None:
        """Tell every tracker that the run begins or goes on, and say where to look."""
        for name, tracker in self.trackers.items():
            if self.attempt(name, tracker.begin):
                self.say(tracker.place)

    def update(self) -> None:
        """Tell of the epochs that are new in the folder."""
        for name, tracker in self.trackers.items():
            if name not in self.lost:
                self.attempt(name, tracker.update)

    def end(self) -> None:
        """Tell how the run ended, and what a tracker that had failed has missed."""
        for name, tracker in self.trackers.items():
            steps = (tracker.begin, tracker.update, tracker.end) if name in self.lost else (tracker.update, tracker.end)
            self.attempt(name, *steps)
            tracker.close()

    def attempt(self, name: str, *steps: Callable[[Run], None]) -> bool:
        """Do steps of a tracker; whether they succeeded. What they raise must not end a training of hours."""
        try:
            for step in steps:
                step(load(self.folder))
        except Exception as error:
            if name not in self.lost:
                print(f"vgglab: {name} is told no more: {first_line(error)}; the run goes on", file=sys.stderr)
            self.lost.add(name)
            return False
        finally:
            write_json(self.folder / RECORD, {"schema": 1, "trackers": self.known})
        return True


def make_tracker(name: str, folder: Path, known: dict[str, Any]) -> Tracker:
    """The tracker of a name; its package is imported here."""
    check_installed(name)
    module, kind = TRACKERS[name]
    return getattr(import_module(module), kind)(folder, known)


@contextmanager
def tracked(folder: Path, names: tuple[str, ...], say: Callable[[str], None]) -> Iterator[Tracking | None]:
    """A run in the block is told to trackers, its end too, whatever it is; None where there are none."""
    if not names:
        yield None
        return
    tracking = Tracking(folder, names, say)
    tracking.begin()
    try:
        yield tracking
    finally:
        tracking.end()
