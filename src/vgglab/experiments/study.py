"""A study: its runs one after the other, the choice of the best, and the folder that holds them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vgglab.config.resolve import make_config
from vgglab.config.schema import RunConfig, flatten
from vgglab.config.study_file import PlannedRun, Study, study_text
from vgglab.config.yaml_text import parse_yaml
from vgglab.datasets.dataset import DataSet
from vgglab.datasets.load import check_fit, load_dataset
from vgglab.errors import ConfigError, RunError, VgglabError
from vgglab.experiments.grid.local import finish
from vgglab.runs.files import sweep, write_json, write_text
from vgglab.runs.record import best_row
from vgglab.runs.store import Run, load


@dataclass(frozen=True)
class Choice:
    """The run that a selection took, and why in a sentence."""

    run: Run
    reason: str


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
        ConfigError: a crop is larger than the images allow.
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
    sweep(folder)
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


def choose(candidates: list[Run]) -> Choice:
    """The run whose best epoch has the highest val_accuracy (then the lower val_loss, then the first).

    Raises:
        RunError: no candidate has an epoch that can be judged.
    """
    rows = [{**run.best, "epoch": order} for order, run in enumerate(candidates) if run.best]
    if not rows:
        names = ", ".join(run.name for run in candidates) or "none"
        raise RunError(f"no run to choose from: none of the candidates ({names}) finished an epoch")
    chosen = candidates[best_row(rows)["epoch"]]
    others = best_row([row for row in rows if candidates[row["epoch"]] is not chosen])
    reason = (
        f"{chosen.name} has the best val_accuracy of {len(rows)} run{'s' if len(rows) > 1 else ''}: "
        f"{chosen.best['val_accuracy']:.4f} in epoch {chosen.best['epoch']}"
    )
    if others:
        second = candidates[others["epoch"]]
        reason += f"; next is {second.name} with {others['val_accuracy']:.4f}"
    return Choice(chosen, reason)


def selected_config(planned: PlannedRun, chosen: RunConfig) -> RunConfig:
    """The chosen run's config with the settings of the selecting step."""
    settings = {**(planned.settings or {}), "name": planned.name}
    return make_config(chosen.model_dump(mode="json"), settings, planned.name)
