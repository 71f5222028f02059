"""Do a study's runs on the machines of a Ray cluster, and have their folders here after each epoch."""

import contextlib
import os
import secrets
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from vgglab.errors import RunError
from vgglab.experiments.grid.cargo import Hold
from vgglab.experiments.grid.cluster import (
    alive,
    as_raised,
    connect,
    disconnect,
    everywhere,
    lost,
    needs,
    own_address,
)
from vgglab.experiments.grid.freight import Freight
from vgglab.experiments.grid.local import wait_until_free
from vgglab.experiments.grid.parcel import changed, unpack
from vgglab.experiments.grid.versions import check_versions, own_versions
from vgglab.experiments.trials.pruning import MARK
from vgglab.runs.files import machine
from vgglab.runs.source import trusts_kept
from vgglab.runs.store import Run, load, lock

DEATHS = 3  # of machines one after the other, with no epoch in between, that a run is given up after
PATIENCE = 120  # seconds that a run has to be put away; over NFS a machine that is off may hold it longer: it fails
PASSED_ON = ("KERAS_BACKEND", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "XLA_FLAGS")  # decide bits, and go along

Heard = Callable[[Run, Any], None]  # told of a run after each of its epochs, and its `Place`


class Rays:
    """Goes on with runs on a cluster, several at once: a `Train`, called by a thread for each of them.

    A run goes to a machine that has what it needs. Its folder travels there, unless it is seen from there, and comes
    back after each epoch; where the machine dies, the run goes on from there on another.

    Args:
        address: `local` for a cluster that is started here, `auto` for the one that this machine belongs to, else
            `host:port` or `ray://host:port`.
        say: told in a line what becomes of machines.
        heard: told of each epoch.
        sharing: whether it is looked for machines that see the runs' folder.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.

    Raises:
        RunError: Ray is not installed, no cluster answers there, or a machine of it has other versions.
    """

    def __init__(
        self,
        address: str,
        say: Callable[[str], None],
        heard: Heard | None = None,
        sharing: bool = True,
        data_dir: Path | str | None = None,
    ):
        self.say, self.heard, self.sharing = say, heard or (lambda run, place: None), sharing
        self.at_work: set[Any] = set()
        self.closed, self.guard, self.asked = False, threading.Lock(), ""
        self.hold = Hold(partial(Freight, data_dir=data_dir, check=self._check_open))
        connect(address)
        try:
            everywhere(check_versions, own_versions())
            self.workers = sum(max(1, int(machine.get("GPU", 0))) for machine in alive())
        except BaseException:
            disconnect()
            raise

    def __enter__(self) -> "Rays":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        disconnect()

    def stop(self) -> None:
        """Let no run go on; what it had written by its last epoch is here, and who waits for one is interrupted."""
        import ray

        with self.guard:
            self.closed = True
            for actor in self.at_work:
                ray.kill(actor)

    def __call__(self, path: Path, quiet: bool) -> int:
        """Go on with the run in a folder; its exit code.

        Raises:
            RunError: one machine after the other died on it, or one has other versions.
            DataError: the data is missing, or a machine has no room for it.
        """
        import ray

        deaths, epochs = 0, -1
        while True:
            try:
                return self._go_on(path)
            except lost() as error:
                if self.closed:
                    raise KeyboardInterrupt from None
                done = load(path).record.epochs_done
                deaths, epochs = deaths + 1 if done == epochs else 1, done
                if deaths == DEATHS:
                    raise RunError(f"{DEATHS} machines died on it one after the other, after epoch {done}") from error
                self.say(f"  {path.name}: its machine is gone; another goes on with it after epoch {done}")
                wait_until_free(path, PATIENCE)
            except ray.exceptions.RayTaskError as error:
                raise as_raised(error) from None

    def _go_on(self, path: Path) -> int:
        import ray

        config = load(path).config
        with self._placed(needs(config, alive())) as there, self._marked(path) as marker:
            place, shared = ray.get(there.meet.remote(own_versions(), str(path.absolute()), marker))
            self.hold.bring(there, config)
            with contextlib.nullcontext() if shared else lock(path):
                parcel = [] if shared else changed(path, {})[0]
                ray.get(there.begin.remote(parcel, self._environment(path), sys.argv, trusts_kept(path)))
                return self._follow(there, path, place)

    def _follow(self, there: Any, path: Path, place: Any) -> int:
        import ray

        code = None
        while code is None:
            parcel, code = ray.get(there.news.remote())
            unpack(parcel, path)
            self.heard(load(path), place)
        return code

    def _environment(self, path: Path) -> dict[str, str]:
        """What a run's process is told; of a search's trial also where to ask whether to go on."""
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        if not (path / MARK).exists():
            return passed
        from vgglab.experiments.trials.asking import ASK, answer_trials  # which loads Optuna

        with self.guard:
            self.asked = self.asked or answer_trials(path.parent, own_address())
        return passed | {ASK: self.asked}

    @contextlib.contextmanager
    def _placed(self, options: dict[str, Any]) -> Any:
        """A `There` on a machine that has what a run needs; it ends with the block."""
        import ray

        with self.guard:
            if self.closed:
                raise KeyboardInterrupt
            from vgglab.experiments.grid.there import There  # which loads Ray

            actor = ray.remote(There).options(**options).remote()
            self.at_work.add(actor)
        try:
            yield actor
        finally:
            with self.guard:
                self.at_work.discard(actor)
                if not self.closed:
                    ray.kill(actor)

    @contextlib.contextmanager
    def _marked(self, path: Path) -> Any:
        """A file in a run's folder by which a machine knows that it sees the very folder; its name, empty for none."""
        marker = path / f".{os.getpid()}-{machine()}-seen-{secrets.token_hex(8)}"  # named so that it is swept
        if self.sharing:
            marker.touch()
        try:
            yield marker.name if self.sharing else ""
        finally:
            marker.unlink(missing_ok=True)

    def _check_open(self) -> None:
        """Interrupt who goes on reading what a run needs once nothing is to go on."""
        if self.closed:
            raise KeyboardInterrupt
