"""The Optuna study behind a search, in SQLite in its folder: what is asked of it, and what it is told."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from vgglab.config.search_file import Plan, Setting
from vgglab.errors import ConfigError

DATABASE = "search.db"
PATIENCE = 60  # seconds that a process waits for another one's writing
ENDED = "ended"  # attribute of a trial: `how` it ended and `why`, and in which epoch where it was cut short

optuna.logging.set_verbosity(optuna.logging.WARNING)


def open_study(folder: Path, plan: Plan) -> optuna.Study:
    """The study in a search's folder, made where there is none; the folder's lock is held."""
    direction = "maximize" if plan.config().train.monitor == "val_accuracy" else "minimize"
    storage, name = database(folder), plan.search.name
    optuna.create_study(storage=storage, study_name=name, direction=direction, load_if_exists=True)
    return load_study(storage, name)


def load_study(
    storage: optuna.storages.BaseStorage, name: str, pruner: optuna.pruners.BasePruner | None = None
) -> optuna.Study:
    """A study that is there, for what needs no sampler of its own."""
    sampler = optuna.samplers.RandomSampler()
    return optuna.load_study(storage=storage, study_name=name, sampler=sampler, pruner=pruner)


def database(folder: Path, known: bool = False) -> optuna.storages.RDBStorage:
    """The database of a search; its tables are looked at once, not by a trial that was asked for in it."""
    url, options = f"sqlite:///{(folder / DATABASE).absolute()}", {"connect_args": {"timeout": PATIENCE}}
    return optuna.storages.RDBStorage(url, options, skip_compatibility_check=known, skip_table_creation=known)


def trials_of(study: optuna.Study, plan: Plan) -> list[FrozenTrial]:
    """The trials that have begun, by their number; what a kill left without all of its settings is none."""
    return [one for one in study.get_trials(deepcopy=False) if one.params.keys() == plan.search.space.keys()]


def ask(study: optuna.Study, plan: Plan) -> FrozenTrial:
    """A new trial; the folder's lock is held, so that its number is known before.

    What is chosen follows from the search's seed, the trial's number and the trials before it: a search that goes on
    after a kill, or in several processes, neither begins its choices anew nor makes the same one twice.
    """
    number = len(study.get_trials(deepcopy=False))
    sampler = make_sampler(plan, number)
    asking = optuna.load_study(study_name=study.study_name, storage=study._storage, sampler=sampler)
    distributions = {field: distribution(setting) for field, setting in plan.search.space.items()}
    return now(study, asking.ask(distributions))


def now(study: optuna.Study, trial: optuna.Trial | FrozenTrial) -> FrozenTrial:
    """A trial as the study has it now."""
    return study._storage.get_trial(trial._trial_id)


def make_sampler(plan: Plan, number: int) -> optuna.samplers.BaseSampler:
    """What chooses the settings of the trial of a number.

    Raises:
        ConfigError: it needs a package that is not installed.
    """
    search = plan.search
    seed = int(np.random.SeedSequence([search.seed, number]).generate_state(1)[0])
    if search.sampler == "grid":  # its order is one for all trials
        space = {field: [label(setting, one) for one in setting.listed] for field, setting in search.space.items()}
        return optuna.samplers.GridSampler(space, seed=search.seed)
    if search.sampler == "cmaes":
        try:
            import cmaes  # noqa: F401 - Optuna says so only when it asks
        except ImportError:
            raise ConfigError("--sampler cmaes needs the package cmaes; pip install cmaes, or use tpe") from None
        return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
    kinds = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
    return kinds[search.sampler](seed=seed)


def make_pruner(name: str, epochs: int) -> optuna.pruners.BasePruner:
    """What ends trials that are behind, of at most so many epochs."""
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner(max_resource=epochs)
    kinds = {"median": "MedianPruner", "halving": "SuccessiveHalvingPruner", "none": "NopPruner"}
    return getattr(optuna.pruners, kinds[name])()


def distribution(setting: Setting) -> optuna.distributions.BaseDistribution:
    """What a setting is chosen from, as Optuna has it."""
    if setting.kind == "choice":
        return optuna.distributions.CategoricalDistribution(list(setting.labels))
    if setting.kind == "int":
        return optuna.distributions.IntDistribution(*setting.values)
    return optuna.distributions.FloatDistribution(*setting.values, log=setting.kind == "log")


def label(setting: Setting, value: Any) -> Any:
    """What stands for a value in Optuna."""
    return next((known for known, meant in setting.labels.items() if meant == value), value)


def values_of(trial: FrozenTrial, space: Mapping[str, Setting]) -> dict[str, Any]:
    """The settings of a trial: dotted field -> value."""
    return {
        field: space[field].labels[value] if space[field].kind == "choice" else value
        for field, value in trial.params.items()
    }


def trial_name(number: int) -> str:
    """The folder of a trial."""
    return f"trial-{number:03}"


def tell(study: optuna.Study, trial: FrozenTrial, how: str, why: str = "", figure: float | None = None) -> None:
    """Say what came of a trial.

    One that was cut short, or diverged, counts among the worst for what is chosen next; one that failed counts nothing.
    """
    study._storage.set_trial_user_attr(trial._trial_id, ENDED, {**ended(trial), "how": how, "why": why})
    state = {"finished": TrialState.COMPLETE, "failed": TrialState.FAIL}.get(how, TrialState.PRUNED)
    study.tell(trial.number, figure if how == "finished" else None, state, skip_if_finished=True)


def ended(trial: FrozenTrial) -> dict[str, Any]:
    """How a trial ended; empty where it goes on, or came to its end."""
    return trial.user_attrs.get(ENDED, {})


def importances(study: optuna.Study, seed: int) -> dict[str, float]:
    """Share of each setting in how the trials that came to their end differ (fANOVA); none where they tell nothing.

    A setting on a logarithmic scale counts by its logarithm, as it was chosen; Optuna would take it as it is.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len({one.value for one in complete}) < 2:
        return {}
    even = optuna.create_study(direction=study.direction)
    for one in complete:
        pairs = {field: evened(value, one.distributions[field]) for field, value in one.params.items()}
        params, scales = ({field: pair[place] for field, pair in pairs.items()} for place in (0, 1))
        even.add_trial(optuna.create_trial(value=one.value, params=params, distributions=scales))
    try:
        found = optuna.importance.get_param_importances(
            even, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed)
        )
    except (ValueError, RuntimeError):  # no setting differs, or no tree splits
        return {}
    return {field: round(share, 4) for field, share in found.items()}


def evened(value: Any, scale: optuna.distributions.BaseDistribution) -> tuple[Any, Any]:
    """A setting and its scale, by the logarithm where that is what it was chosen by."""
    if not getattr(scale, "log", False):
        return value, scale
    return math.log10(value), optuna.distributions.FloatDistribution(math.log10(scale.low), math.log10(scale.high))
