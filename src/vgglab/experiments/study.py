"""A study: its runs in their order, the choice of the best, and the folder that holds them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

from vgglab.config.names import readable_name
from vgglab.config.resolve import make_config
from vgglab.config.schema import RunConfig, TrainConfig, flatten
from vgglab.config.study_file import PlannedRun, Study, study_text
from vgglab.config.yaml_text import parse_yaml
from vgglab.datasets.dataset import DataSet
from vgglab.datasets.load import check_fit, load_dataset
from vgglab.errors import ConfigError, RunError, UsageError, VgglabError
from vgglab.experiments.grid.beside import Order, telling, work_beside
from vgglab.experiments.grid.local import Train, finish, stopping, train_in_process
from vgglab.runs.files import sweep, write_json, write_text
from vgglab.runs.record import best_row
from vgglab.runs.remote.names import shown
from vgglab.runs.seeds import Group, grouped
from vgglab.runs.store import Run, load


@dataclass(frozen=True)
class Choice:
    """What a selection took, and why in a sentence.

    Attributes:
        run: the run; of several seeds the best.
        name: its name, without the seed where there are several.
        reason: the sentence.
    """

    run: Run
    name: str
    reason: str


def run_study(
    study: Study,
    planned: list[PlannedRun],
    folder: Path,
    quiet: bool,
    say: Callable[[str], None],
    train: Train = train_in_process,
    workers: int = 1,
) -> dict[str, str]:
    """Do every run that is wanted and not done yet; one that fails does not stop the others.

    Args:
        study: the study.
        planned: all of its runs, in order.
        folder: the study's folder; what is in it already is gone on with.
        quiet: no live progress.
        say: told of each run in a line.
        train: how one is trained; called from so many threads, where there are several workers.
        workers: runs beside each other; one that chooses among others waits for them.

    Returns:
        Run's name -> why it failed; empty where every run is done.

    Raises:
        RunError: the folder holds another study.
    """
    open_folder(folder, study, planned)
    doing = Doing(planned, folder, partial(finish, quiet=quiet, train=train), say, telling(say, workers))
    work_beside(doing.do_next, workers, partial(doing.stop, stopping(train)))
    return doing.failures


class Doing:
    """The runs of a study on their way; `do_next` may be called from several threads.

    Args:
        planned: all runs of the study.
        folder: of the study.
        finish: does a run in a folder, with a config; what came of it in a line.
        say: told when a run begins.
        tell: told a run's name, and something of it.
    """

    def __init__(
        self,
        planned: list[PlannedRun],
        folder: Path,
        finish: Callable[[Path, RunConfig], str],
        say: Callable[[str], None],
        tell: Callable[[str, str], None],
    ):
        self.planned, self.folder, self.finish, self.say, self.tell = planned, folder, finish, say, tell
        self.wanted = {plan.name: plan for plan in planned if plan.wanted}
        self.order = order_of(planned)
        self.choices: dict[str, Choice] = {}
        self.failures: dict[str, str] = {}
        self.begun = 0
        self.lock = threading.Lock()

    def do_next(self) -> bool:
        """Do the next run, if there is one."""
        if (name := self.order.take()) is None:
            return False
        with self.lock:
            self.begun += 1
            self.say(f"[{self.begun}/{len(self.wanted)}] {name}")
        try:
            self.tell(name, self.finish((self.folder / name).parent, self._config(self.wanted[name])))
        except VgglabError as error:
            self.failures[name] = str(error)
            self.tell(name, f"failed: {error}")
        self.order.over(name)
        return True

    def stop(self, train: Callable[[], None]) -> None:
        """Begin nothing more, and have the trainings end."""
        self.order.close()
        train()

    def _config(self, plan: PlannedRun) -> RunConfig:
        """The config of a run; of one that chooses among others, that of the chosen with its own settings."""
        if not plan.candidates:
            return plan.config
        with self.lock:
            if plan.group not in self.choices:
                self.choices[plan.group] = choose(candidates_of(plan, self.planned, self.folder))
                keep_choices(self.choices, self.folder)
                self.tell(plan.name, self.choices[plan.group].reason)
            return selected_config(plan, self.choices[plan.group].run.config)


def order_of(planned: list[PlannedRun]) -> Order:
    """The order of the runs that are wanted: one that chooses among others waits for all of them, with every seed."""
    waits = {plan.name: [other.name for other in planned if other.group in plan.candidates] for plan in planned}
    return Order({plan.name: waits[plan.name] for plan in planned if plan.wanted})


def want_only(planned: list[PlannedRun], only: str | None) -> list[PlannedRun]:
    """The runs, those marked that are not wanted now; as they are where no names are asked for.

    Args:
        planned: runs of a study.
        only: names with commas between them, without seeds; * and ? as in a shell.

    Raises:
        UsageError: a name is that of no run.
    """
    patterns = only.split(",") if only else ["*"]
    for pattern in patterns:
        if not any(fnmatch(plan.group, pattern) for plan in planned):
            known = ", ".join(dict.fromkeys(plan.group for plan in planned))
            raise UsageError(f"--only {pattern}: no run of that name; the study has {known}")
    return [replace(plan, wanted=any(fnmatch(plan.group, pattern) for pattern in patterns)) for plan in planned]


def seeds_study(config: RunConfig, seeds: tuple[int, ...]) -> Study:
    """The study of the runs `seed-0`, `seed-1` and so on, which differ in nothing else; named as the run is.

    Raises:
        ConfigError: the config has a seed of its own, or folds.
    """
    if config.data.folds and not config.data.fold:
        raise ConfigError(f"data.folds is {config.data.folds}, and there are several seeds; leave one of them out")
    if config.train.seed != TrainConfig.model_fields["seed"].default:
        raise ConfigError(f"train.seed is {config.train.seed}, and seeds says which there are; leave one of them out")
    return _study_of_one(config, {"name": "seed", "matrix": {"train.seed": list(seeds)}})


def folds_study(config: RunConfig) -> Study:
    """The study of the runs `fold-1`, `fold-2` and so on, each of which judges another fold; named as the run is."""
    return _study_of_one(config, {"name": "fold", "matrix": {"data.fold": list(range(1, config.data.folds + 1))}})


def _study_of_one(config: RunConfig, step: dict[str, Any]) -> Study:
    settings = config.model_dump(mode="json", exclude={"name": True})
    return Study.model_validate({"name": config.name or readable_name(config), "defaults": settings, "runs": [step]})


def candidates_of(plan: PlannedRun, planned: list[PlannedRun], folder: Path) -> list[Run]:
    """The runs that a selection chooses from, with every seed, as far as they are there."""
    names = [other.name for other in planned if other.group in plan.candidates]
    return [load(folder / name) for name in names if (folder / name).exists()]


def keep_choices(choices: dict[str, Choice], folder: Path) -> None:
    """Write what was chosen for each selecting run, and why, into the study's folder."""
    made = {name: {"chosen": choice.name, "reason": choice.reason} for name, choice in choices.items()}
    write_json(folder / "study.json", {"schema": 1, "choices": made})


def check_data(planned: list[PlannedRun]) -> None:
    """Load every data set that the runs need once, so that what is missing or wrong is told once, before they start.

    Raises:
        ConfigError: a crop is larger than the images allow.
        DataError: a data set is missing or damaged.
    """
    found: dict[Any, DataSet] = {}
    for config in (plan.config for plan in planned):
        key = (config.data.model_copy(update={"fold": None}), config.model.image_size)  # folds are of the same images
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
            f"{shown(folder)}: holds runs of another study or with other settings (seeds and runs may be added, none "
            "taken away); choose another --name or --out, or remove the folder"
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
    if "candidates" in run:
        return run
    defaults = make_config({"train": {"optimizer": run["train.optimizer"]}})  # some depend on it
    return flatten(defaults) | run | {"log": None}


def choose(candidates: list[Run]) -> Choice:
    """The run whose best epoch has the highest val_accuracy (then the lower val_loss, then the first).

    Runs of several seeds are judged together, by the mean over them.

    Raises:
        RunError: no candidate has an epoch that can be judged.
    """
    groups = grouped(candidates)
    rows = [{**row, "epoch": order} for order, group in enumerate(groups) if (row := merit(group))]
    if not rows:
        names = ", ".join(group.name for group in groups) or "none"
        raise RunError(f"no run to choose from: none of the candidates ({names}) finished an epoch")
    first = best_row(rows)
    second = best_row([row for row in rows if row is not first])
    chosen = groups[first["epoch"]]
    count = f"{len(rows)} run{'s' if len(rows) > 1 else ''}"
    reason = f"{chosen.name} has the best val_accuracy of {count}: {tell_merit(chosen)}"
    if second:
        reason += f"; next is {groups[second['epoch']].name} with {second['val_accuracy']:.4f}"
    return Choice(best_run(chosen.runs), chosen.name, reason)


def merit(group: Group) -> dict[str, float | None] | None:
    """What a choice goes by: the mean over the seeds of their best epochs, in which one without an epoch counts 0."""
    rows = [run.best for run in group.runs if run.best]
    if not rows:
        return None
    losses = [row["val_loss"] for row in rows if row["val_loss"] is not None]
    accuracy = sum(row["val_accuracy"] for row in rows) / len(group.runs)
    return {"val_accuracy": accuracy, "val_loss": sum(losses) / len(losses) if losses else None}


def tell_merit(group: Group) -> str:
    """The figure that a choice goes by, with the epoch, the seeds or the folds that it is of."""
    value = f"{merit(group)['val_accuracy']:.4f}"
    if group.folds:
        return f"{value}, the mean over {len(group.runs)} folds"
    if not group.seeded:
        return f"{value} in epoch {group.runs[0].best['epoch']}"
    return f"{value}, the mean over {len(group.runs)} seed{'s' if len(group.runs) > 1 else ''}"


def best_run(runs: Sequence[Run]) -> Run:
    """The run with the best epoch of all."""
    rows = [{**run.best, "epoch": order} for order, run in enumerate(runs) if run.best]
    return runs[best_row(rows)["epoch"]]


def selected_config(planned: PlannedRun, chosen: RunConfig) -> RunConfig:
    """The chosen run's config with the settings of the selecting step."""
    settings = {**(planned.settings or {}), "name": planned.config.name}
    return make_config(chosen.model_dump(mode="json"), settings, planned.name)
