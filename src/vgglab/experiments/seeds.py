"""One run with several seeds."""

from functools import partial
from pathlib import Path
from typing import Any

from vgglab.config.schema import RunConfig
from vgglab.config.seeds import read_seeds
from vgglab.config.study_file import Study, plan_runs
from vgglab.errors import RunError
from vgglab.experiments.grid.here import trainer_for
from vgglab.experiments.grid.where import Where
from vgglab.experiments.run import resolve_config
from vgglab.experiments.study import run_study, seeds_study
from vgglab.report.notebook import Run, load
from vgglab.runs.remote.writing import mirrored
from vgglab.runs.store import DEFAULT_PARENT
from vgglab.tracking.trackers import check_trackers
from vgglab.training.progress import ProgressMode, tell


def run_seeds(
    config: RunConfig | dict[str, Any] | Path | str | None = None,
    *,
    seeds: int | str | list[int] | tuple[int, ...],
    workers: int | str = 1,
    ray: str | None = None,
    out: Path | str = DEFAULT_PARENT,
    data_dir: Path | str | None = None,
    progress: ProgressMode = "auto",
    **options: Any,
) -> list[Run]:
    """Train as `run` does with each of several seeds, in the folders `NAME/seed-0`, `NAME/seed-1` and so on.

    What is there already is gone on with, or read where it is done.

    Args:
        config: as for `run`.
        seeds: how many, counted from 0, or which.
        workers: runs beside each other, each in a process of its own with a share of the cores and GPUs, or `auto`, one
            on each GPU. With more than one, a script keeps what it does below `if __name__ == "__main__":`.
        ray: address of a Ray cluster whose machines do the runs, as `--ray` has it: `auto`, `local` (started here) or
            `HOST:PORT`; None for this machine.
        out: folder that the folder NAME is made in.
        data_dir: as for `run`.
        progress: as for `run`.
        **options: as for `run`.

    Returns:
        The runs, in the order of the seeds.

    Raises:
        ConfigError: an unknown key or a wrong value.
        RunError: the folder holds runs with other settings, the cluster cannot be used, or a run failed; the same call
            goes on.

    Example:
        >>> import vgglab
        >>> runs = vgglab.run_seeds(data="digits", batch_norm=True, width=0.25, seeds=5, name="normed")
        >>> vgglab.compare("runs/normed")
    """
    resolved = resolve_config(config, options)
    return run_all(seeds_study(resolved, read_seeds(seeds)), Where(workers, ray), out, data_dir, progress)


def run_all(
    study: Study,
    where: Where,
    out: Path | str,
    data_dir: Path | str | None,
    progress: ProgressMode,
) -> list[Run]:
    """Do the runs of a study of one config, or go on with them; in this process where one is done at a time here.

    Raises:
        RunError: the folder holds runs with other settings, or a run failed.
        RemoteError: as of `run`.
    """
    planned = plan_runs(study, {})
    configs = [plan.config for plan in planned]
    check_trackers(configs[0].log)
    with mirrored(Path(out) / study.name) as folder, trainer_for(where, configs, data_dir, progress) as (train, count):
        failures = run_study(study, planned, folder, progress != "auto", partial(tell, progress), train, count)
    for name, reason in failures.items():
        undone = f"{len(failures)} of {len(planned)} {study.runs[0].name}s are not done, the same call goes on"
        raise RunError(f"{folder / name}: {reason}; {undone}")
    return [load(folder / plan.name) for plan in planned]
