"""A search for the best settings."""

from functools import partial
from pathlib import Path
from typing import Any

from vgglab.config.resolve import from_options
from vgglab.config.search_file import plan_search, search_folder_name
from vgglab.experiments.grid.here import trainer_for
from vgglab.experiments.grid.where import Where
from vgglab.experiments.trials.ready import check_search
from vgglab.report.search_folder import Search, read_search
from vgglab.runs.remote.writing import mirrored
from vgglab.runs.store import DEFAULT_PARENT
from vgglab.training.progress import ProgressMode, tell


def search(
    config: dict[str, Any] | Path | str,
    *,
    timeout: float | None = None,
    workers: int | str = 1,
    ray: str | None = None,
    out: Path | str = DEFAULT_PARENT,
    data_dir: Path | str | None = None,
    progress: ProgressMode = "auto",
    **options: Any,
) -> Search:
    """Search for the best settings: many trials, each a run below the search's folder, the best of them tested once.

    What is there already is gone on with; more trials may be asked for later.

    Args:
        config: a search as its file has it, or the path of one: `space` says what is searched (dotted config field ->
            `log LOW HIGH`, `uniform LOW HIGH`, `int LOW HIGH` or `choice A,B,C`), and there may be `name`, `defaults`,
            `trials`, `sampler`, `pruner` and `seed`.
        timeout: seconds after which no trial begins.
        workers: trials beside each other; as for `run_seeds`.
        ray: as for `run_seeds`.
        out: folder that the search's folder is made in.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
        progress: `auto` or `none`.
        **options: fields of every trial's config by their short names, as on the command line: `epochs=3`.

    Returns:
        The search: its `trials`, `best`, `run` (of the best), `importance`; it prints as a table of its trials.

    Raises:
        ConfigError: an unknown key or a wrong value.
        DataError: the data set is missing or damaged.
        RunError: the folder holds another search, no trial came to its end, or the cluster cannot be used.
        RemoteError: as of `run`.

    Example:
        >>> import vgglab
        >>> space = {"train.learning_rate": "log 1e-3 1", "model.batch_norm": "choice true,false"}
        >>> found = vgglab.search({"space": space, "trials": 20}, data="digits", width=0.25, epochs=10)
        >>> found.run.best["val_accuracy"], found.importance
    """
    overrides = from_options(options)
    name = overrides.pop("name", None)
    plan = plan_search(config, {}, overrides)
    check_search(plan, data_dir)
    from vgglab.experiments.trials.loop import run_search, settle_search  # which load Optuna

    with mirrored(Path(out) / (name or search_folder_name(plan))) as folder:
        with trainer_for(Where(workers, ray), [plan.config()], data_dir, progress) as (train, count):
            run_search(plan, folder, progress != "auto", partial(tell, progress), timeout, train, count)
        settle_search(plan, folder, data_dir)
    return read_search(folder)
