"""A search: trial after trial, by as many threads and processes as work on its folder, until there are enough."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vgglab.config.schema import RunConfig
from vgglab.config.search_file import Plan, search_text
from vgglab.config.yaml_text import parse_yaml
from vgglab.errors import ConfigError, RunError, VgglabError
from vgglab.experiments.grid.beside import telling, work_beside
from vgglab.experiments.grid.local import Train, finish, stopping, train_in_process, wait_until_free
from vgglab.experiments.study import decided
from vgglab.experiments.trials import study as studies
from vgglab.experiments.trials.outcome import conclude_search, keep_outcome
from vgglab.experiments.trials.pruning import MARK
from vgglab.runs.files import sweep, write_json, write_text
from vgglab.runs.remote.names import shown
from vgglab.runs.store import create_run, load

ASKING, CLAIMS = ".search.lock", ".claims"


def run_search(
    plan: Plan,
    folder: Path,
    quiet: bool,
    say: Callable[[str], None],
    timeout: float | None = None,
    train: Train = train_in_process,
    workers: int = 1,
) -> None:
    """Do the trials that are not done yet; one that fails, or diverges, does not stop the others.

    A trial that was running when its process was killed is gone on with, to the same bits: its run folder and the study
    have all that is needed, while another trial with its settings would pay for its epochs twice.

    Args:
        plan: the search.
        folder: its folder; what is in it already is gone on with.
        quiet: no live progress.
        say: told of each trial in a line.
        timeout: seconds after which no trial begins.
        train: how one is trained; called from so many threads, where there are several workers.
        workers: trials beside each other.

    Raises:
        RunError: the folder holds another search.
        ConfigError: the sampler needs a package that is not installed.
    """
    until = time.monotonic() + timeout if timeout is not None else float("inf")
    studies.make_sampler(plan, 0)
    with locked(folder):
        open_folder(folder, plan)
        study = studies.open_study(folder, plan)
    do = partial(do_trial, finish=partial(finish, quiet=quiet, train=train), say=say, tell=telling(say, workers))
    work_beside(lambda: do_next(study, plan, folder, until, do), workers, stopping(train))


def settle_search(plan: Plan, folder: Path, data_dir: Path | str | None = None) -> int:
    """Test the best, and keep what came of all trials; while other processes are at some, only that.

    Args:
        plan: the search.
        folder: its folder.
        data_dir: where the data sets lie, for the test.

    Returns:
        How many trials other processes are still at; the last of them tests the best.

    Raises:
        RunError: no trial came to its end.
    """
    with locked(folder):
        study = studies.open_study(folder, plan)
        left = sum(not one.state.is_finished() for one in studies.trials_of(study, plan))
        if left:
            keep_outcome(study, plan, folder)
        else:
            conclude_search(study, plan, folder, data_dir)
    return left


def do_next(study: Any, plan: Plan, folder: Path, until: float, do: Callable[..., None]) -> bool:
    """Have the next trial done, if there is one: one whose process was killed, else a new one."""
    with locked(folder):
        known = studies.trials_of(study, plan)
        left = (claim_open(study, one, folder) for one in known if not one.state.is_finished())
        trial, claimed = next((pair for pair in left if pair), (None, None))
        if trial is None:
            if len(known) >= plan.search.count or time.monotonic() >= until:
                return False
            trial = studies.ask(study, plan)
            claimed = claim(folder, trial.number)
    try:
        do(study, trial, plan, folder)
    finally:
        claimed.release()
    return True


def claim_open(study: Any, trial: Any, folder: Path) -> tuple[Any, FileLock] | None:
    """A trial with a hold on it; None where another has it, or ended it since the study was looked at."""
    claimed = claim(folder, trial.number)
    if claimed and studies.now(study, trial).state.is_finished():
        claimed.release()
        return None
    return (trial, claimed) if claimed else None


def claim(folder: Path, number: int) -> FileLock | None:
    """A hold on a trial, which the system lets go of when the process dies; None where another process has it."""
    (folder / CLAIMS).mkdir(exist_ok=True)
    lock = FileLock(folder / CLAIMS / studies.trial_name(number), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


def locked(folder: Path) -> FileLock:
    """The lock of a search's folder, which is made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / ASKING)


def do_trial(
    study: Any,
    trial: Any,
    plan: Plan,
    folder: Path,
    finish: Callable[[Path, RunConfig], str],
    say: Callable[[str], None],
    tell: Callable[[str, str], None],
) -> None:
    """Train a trial, or go on with it, by `finish`, and tell the study what came of it."""
    path, values = folder / studies.trial_name(trial.number), studies.values_of(trial, plan.search.space)
    say(f"[{trial.number + 1}/{plan.search.count}] {path.name}: {told(values)}")
    try:
        config = plan.config(values, path.name)
        if not path.exists():
            create_run(config, folder)
        mark = {"schema": 1, "search": plan.search.name, "number": trial.number}
        write_json(path / MARK, mark | {"pruner": plan.search.pruner, "epochs": plan.epochs})
        wait_until_free(path)  # its search was killed, and it is putting itself away
        tell(path.name, finish(folder, config))
    except VgglabError as error:
        studies.tell(study, trial, "failed", str(error))
        tell(path.name, f"failed: {error}")
    else:
        tell_run(study, trial, path, config)


def tell_run(study: Any, trial: Any, path: Path, config: RunConfig) -> None:
    """Tell the study what came of a run that ended by itself."""
    run, known = load(path), studies.ended(studies.now(study, trial))
    if run.status == "diverged" or run.best is None:
        studies.tell(study, trial, "diverged", run.record.message or "validation never gave a figure")
    elif known:
        studies.tell(study, trial, known["how"], known["why"])
    else:
        studies.tell(study, trial, "finished", run.record.message, run.best[config.train.monitor])


def open_folder(folder: Path, plan: Plan) -> None:
    """Keep what is searched in the folder, or check that it is this very search.

    Raises:
        RunError: the folder holds another one.
    """
    path, text = folder / "search.yaml", search_text(plan)
    if path.exists() and (decides(path.read_text(encoding="utf-8")) or {}) != decides(text):
        raise RunError(
            f"{shown(folder)}: holds another search, or this one with other settings (more trials may be asked "
            "for, nothing else); choose another --name or --out, or remove the folder"
        )
    sweep(folder)
    write_text(path, text)


def decides(text: str) -> dict[str, Any] | None:
    """What a `search.yaml` says, with the defaults of settings that it does not know; None where it is damaged."""
    try:
        tree = parse_yaml(text, "search.yaml")
        return {**tree, "config": decided(tree["config"])}
    except (ConfigError, KeyError, TypeError):
        return None


def told(values: dict[str, Any]) -> str:
    """Settings in a line: `train.learning_rate=0.0123`."""
    shown = {field: f"{value:.4g}" if isinstance(value, float) else value for field, value in values.items()}
    return " ".join(f"{field}={value}" for field, value in shown.items())
