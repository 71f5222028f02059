"""Where the runs of a call from Python are done: in this very process, unless it says otherwise."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from vgglab.config.schema import RunConfig
from vgglab.experiments.grid.local import Train
from vgglab.experiments.grid.where import Where
from vgglab.experiments.run import resume
from vgglab.training.progress import ProgressMode, tell


def trainer_for(
    where: Where, configs: Sequence[RunConfig], data_dir: Path | str | None, progress: ProgressMode
) -> AbstractContextManager[tuple[Train, int]]:
    """What goes on with runs inside the block, and how many it does at a time; as of `Where.trainer`.

    Args:
        where: they are done; one after the other on this machine is in this process.
        configs: of the runs.
        data_dir: where the data sets lie.
        progress: of a run in this process, and of what is told.
    """
    go_on = partial(resume, data_dir=data_dir, progress=progress)
    return where.trainer(
        configs, partial(tell, progress), progress != "auto", data_dir, lambda path, quiet: go_on(path)
    )
