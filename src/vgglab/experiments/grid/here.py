"""Where the runs of a call from Python are done: in this very process, or beside each other in their own."""

from functools import partial
from pathlib import Path

from vgglab.config.schema import RunConfig
from vgglab.experiments.grid.local import Train
from vgglab.experiments.grid.processes import Processes
from vgglab.experiments.grid.shares import count_workers, share_out
from vgglab.experiments.run import resume
from vgglab.training.progress import ProgressMode


def choose_place(
    workers: int | str, config: RunConfig, data_dir: Path | str | None, progress: ProgressMode
) -> tuple[Train, int]:
    """What goes on with a run, and how many runs there are at a time.

    Args:
        workers: as for `count_workers`.
        config: of any of the runs.
        data_dir: where the data sets lie.
        progress: of a run in this process.

    Raises:
        UsageError: `workers` is neither a number nor `auto`.
    """
    count = count_workers(str(workers), [config])
    if count > 1:
        data = {"VGGLAB_DATA": str(data_dir)} if data_dir else {}
        return Processes([share | data for share in share_out(count)]), count
    go_on = partial(resume, data_dir=data_dir, progress=progress)
    return lambda path, quiet: go_on(path), 1
