"""Where runs are done: in processes of this machine, or on those of a cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vgglab.cli.console import say


@contextmanager
def trainer(ray: str | None, quiet: bool) -> Iterator[Any]:
    """What goes on with runs inside the block; see `experiments.grid.local.Train`.

    Args:
        ray: address of a cluster; None for this machine.
        quiet: say nothing of single epochs.
    """
    if ray is None:
        from vgglab.experiments.grid.child import train_in_process

        yield train_in_process
        return
    from vgglab.experiments.grid.ray import Rays

    with Rays(ray, say, None if quiet else _tell_epoch) as train:
        yield train


def _tell_epoch(run: Any, place: Any) -> None:
    """A line of each epoch that has come back, but of the last, as the run itself is told of then."""
    if run.status == "running" and run.history:
        last = run.history[-1]
        figures = " ".join(f"{name} {last[name]:.4f}" for name in ("loss", "val_accuracy") if last[name] is not None)
        say(f"{run.name}: epoch {last['epoch']}/{run.config.train.epochs} {figures}, on {place.host}")
