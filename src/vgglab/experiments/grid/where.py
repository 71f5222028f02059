"""Where runs are done, as a command line or a script says it: in processes of this machine, or on a cluster."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # nothing slow is loaded by who only asks for help
    from vgglab.config.schema import RunConfig
    from vgglab.experiments.grid.local import Train
    from vgglab.experiments.grid.room import Room

Say = Callable[[str], None]


class Where(NamedTuple):
    """What is said of it.

    Attributes:
        workers: runs beside each other on this machine, or `auto`; a cluster has its own number.
        ray: address of a cluster; None for this machine.
    """

    workers: int | str
    ray: str | None = None

    def check(self) -> None:
        """Refuse a wrong number of workers before anything is read.

        Raises:
            UsageError: it is neither a number nor `auto`.
        """
        from vgglab.experiments.grid.shares import count_workers

        count_workers(str(self.workers), [])

    def room(self, configs: "Mapping[str, RunConfig]") -> "Room":
        """What room there is for runs; this process, before it loads a backend, takes a worker's share of this machine.

        Args:
            configs: name of a run -> its config.

        Raises:
            UsageError: `workers` is neither a number nor `auto`.
            RunError: the cluster cannot be used.
        """
        from vgglab.experiments.grid.room import room_of_cluster, room_of_workers

        if self.ray is None:
            from vgglab.experiments.grid.shares import take_share

            return room_of_workers(take_share(str(self.workers), configs.values()))
        from vgglab.experiments.grid.cluster import alive, connect, disconnect, needs

        connect(self.ray)
        try:
            machines = alive()
        finally:
            disconnect()
        return room_of_cluster(machines, {name: needs(config, machines) for name, config in configs.items()})

    @contextmanager
    def trainer(
        self,
        configs: "Sequence[RunConfig]",
        say: Say,
        quiet: bool = False,
        data_dir: Path | str | None = None,
        alone: "Train | None" = None,
    ) -> "Iterator[tuple[Train, int]]":
        """What goes on with runs inside the block, and how many it does at a time.

        Args:
            configs: of the runs.
            say: told in a line what becomes of machines, and of each epoch on a cluster.
            quiet: say nothing of single epochs.
            data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
            alone: what does a run of this machine where there is one at a time; None for a process of its own.

        Raises:
            UsageError: `workers` is neither a number nor `auto`.
            RunError: the cluster cannot be used; see `Rays`.
        """
        if self.ray is not None:
            from vgglab.experiments.grid.ray import Rays

            with Rays(self.ray, say, None if quiet else partial(_tell_epoch, say), data_dir=data_dir) as train:
                yield train, max(train.workers, len(configs))  # Ray has runs wait for what they need
            return
        from vgglab.experiments.grid.processes import Processes
        from vgglab.experiments.grid.shares import count_workers, share_out

        count = count_workers(str(self.workers), configs)
        if alone and count == 1:
            yield alone, 1
            return
        data = {"VGGLAB_DATA": str(data_dir)} if data_dir else {}
        yield Processes([share | data for share in share_out(count)]), count


def _tell_epoch(say: Say, run: Any, place: Any) -> None:
    """A line of each epoch that has come back, but of the last, as the run itself is told of then."""
    if run.status == "running" and run.history:
        last = run.history[-1]
        figures = " ".join(f"{name} {last[name]:.4f}" for name in ("loss", "val_accuracy") if last[name] is not None)
        say(f"{run.name}: epoch {last['epoch']}/{run.config.train.epochs} {figures}, on {place.host}")
