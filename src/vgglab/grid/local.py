"""Do a study's runs on this machine, one after the other, each in a process of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vgglab.config import RunConfig, flatten, same_run
from vgglab.datasets.dataset import DataSet
from vgglab.datasets.load import check_fit, load_dataset
from vgglab.errors import ConfigError, RunError, VgglabError
from vgglab.grid.child import train_in_process
from vgglab.resolve import make_config
from vgglab.runs.files import write_json, write_text
from vgglab.runs.store import Run, create_run, load
from vgglab.study import PlannedRun, Study, choose, selected_config, study_text
from vgglab.yaml_text import parse_yaml

DONE = ("finished", "diverged")


def run_study(study: Study, planned: list[PlannedRun], folder: Path, quiet: bool, say: Callable[[str], None]) -> bool:
    """Do every run that is not done yet; one that fails does not stop the others.

    Args:
        study: the study.
        planned: its runs, in order.
        folder: the study's folder; what is in it already is gone on with.
        quiet: no live progress.
        say: told of each run in a line.

    Returns:
        Whether every run is done.

    Raises:
        RunError: the folder holds another study.
    """
    open_folder(folder, study, planned)
    choices = {}
    succeeded = True
    for number, plan in enumerate(planned, start=1):
        say(f"[{number}/{len(planned)}] {plan.name}")
        try:
            config = plan.config
            if plan.candidates:
                choice = choose([load(folder / name) for name in plan.candidates if (folder / name).exists()])
                choices[plan.name] = {"chosen": choice.run.name, "reason": choice.reason}
                write_json(folder / "study.json", {"schema": 1, "choices": choices})
                say(f"  {choice.reason}")
                config = selected_config(plan, choice.run.config)
            say(f"  {finish(folder, config, quiet)}")
        except VgglabError as error:
            say(f"  failed: {error}")
            succeeded = False
    return succeeded


def check_data(planned: list[PlannedRun]) -> None:
    """Load every data set that the runs need once, so that what is missing or wrong is told once, before they start.

    Raises:
        ConfigError: a batch or a crop is larger than the data allows.
        DataError: a data set is missing or damaged.
    """
    found: dict[Any, DataSet] = {}
    for config in (plan.config for plan in planned):
        key = (config.data, config.model.image_size)
        found[key] = found.get(key) or load_dataset(config.data, image_size=config.model.image_size)
        check_fit(config, found[key])


def open_folder(folder: Path, study: Study, planned: list[PlannedRun]) -> None:
    """Make the study's folder, or check that it is of this very study.

    Raises:
        RunError: the folder holds another study.
    """
    text = study_text(study, planned)
    path = folder / "study.yaml"
    if path.exists() and not goes_on(path.read_text(encoding="utf-8"), study, planned):
        raise RunError(
            f"{folder}: holds runs of another study or with other settings; "
            "choose another --name or --out, or remove the folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, text)


def goes_on(text: str, study: Study, planned: list[PlannedRun]) -> bool:
    """Whether a folder whose `study.yaml` is `text` can be gone on with: it holds no run with other settings.

    A setting that the text does not know had its default when it was written; runs may have been added since.
    """
    try:
        before, now = (parse_yaml(each, "study.yaml") for each in (text, study_text(study, planned)))
        old, new = ({run["name"]: decided(run) for run in tree["runs"]} for tree in (before, now))
        return before["name"] == now["name"] and all(new.get(name) == run for name, run in old.items())
    except (ConfigError, KeyError, TypeError):
        return False


def decided(run: dict[str, Any]) -> dict[str, Any]:
    """A run of a `study.yaml` with the defaults of the settings that it does not have; logs do not matter."""
    return run if "candidates" in run else flatten(make_config({})) | run | {"log": None}


def finish(folder: Path, config: RunConfig, quiet: bool) -> str:
    """Do one run, or go on with it, in a process of its own; what came of it in a line.

    Raises:
        RunError: the run failed, or the folder holds one with another config.
    """
    path = folder / config.name
    if path.exists() and not same_run(load(path).config, config):
        make_way(load(path))
    if not path.exists():
        create_run(config, folder)
    run = load(path)
    if run.status in DONE:
        return f"{describe_outcome(run)} (done before)"
    code = train_in_process(path, quiet)
    run = load(path)
    if run.record.status == "running":  # its process ended before it could say why
        run.record.status, run.record.message = "failed", f"the process ended with code {code}"
        run.record.save(path)
    if run.status not in DONE:
        raise RunError(run.record.message)
    return describe_outcome(run)


def make_way(run: Run) -> None:
    """Take away a run that stopped before its first whole epoch; it followed a choice that has changed since.

    Raises:
        RunError: the run goes on, or its folder holds something to lose.
    """
    if run.status not in ("failed", "interrupted") or run.record.epochs_done:
        raise RunError(f"{run.folder}: was run with another config; remove it, or choose another --out")
    shutil.rmtree(run.folder)


def describe_outcome(run: Run) -> str:
    """Status, best val_accuracy and time of a run, in a line."""
    best = f", best val_accuracy {run.best['val_accuracy']:.4f} in epoch {run.best['epoch']}" if run.best else ""
    message = f": {run.record.message}" if run.record.message else ""
    return f"{run.status}{message}{best}, {run.record.seconds:.0f} s"
