"""Where runs are done: in processes of this machine, or on those of a cluster."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from vgglab.cli.console import say


class Where(NamedTuple):
    """What the command line says of it.

    Attributes:
        workers: runs beside each other on this machine; a cluster has its own number.
        ray: address of a cluster; None for this machine.
    """

    workers: str
    ray: str | None

    def check(self) -> None:
        """Refuse a wrong number of workers before anything is read."""
        from vgglab.experiments.grid.shares import count_workers

        count_workers(self.workers, [])

    @contextmanager
    def trainer(self, configs: Sequence[Any], quiet: bool) -> Iterator[Any]:
        """What goes on with runs inside the block, so many `workers` at once; see `experiments.grid.local.Train`.

        Args:
            configs: of the runs.
            quiet: say nothing of single epochs.
        """
        if self.ray is None:
            from vgglab.experiments.grid.processes import processes_for

            yield processes_for(self.workers, configs)
            return
        from vgglab.experiments.grid.ray import Rays

        with Rays(self.ray, say, None if quiet else _tell_epoch) as train:
            train.workers = max(train.workers, len(configs))  # Ray has runs wait for what they need
            yield train


def _tell_epoch(run: Any, place: Any) -> None:
    """A line of each epoch that has come back, but of the last, as the run itself is told of then."""
    if run.status == "running" and run.history:
        last = run.history[-1]
        figures = " ".join(f"{name} {last[name]:.4f}" for name in ("loss", "val_accuracy") if last[name] is not None)
        say(f"{run.name}: epoch {last['epoch']}/{run.config.train.epochs} {figures}, on {place.host}")
