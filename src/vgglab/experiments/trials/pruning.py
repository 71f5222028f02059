"""When a run stops before its last epoch; a trial of a search also for being behind others, or hopeless."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from vgglab.config.schema import RunConfig, flatten
from vgglab.diagnosis.findings import Evidence
from vgglab.diagnosis.findings.hopeless import hopeless
from vgglab.diagnosis.reading import describe
from vgglab.diagnosis.records import read_signals
from vgglab.runs.door import read_json
from vgglab.runs.shapes import TrialMark
from vgglab.runs.store import Run
from vgglab.training.stopping import stopped_early

MARK = "trial.json"

History = list[dict[str, Any]]
Stops = Callable[[History], str]


def is_trial(folder: Path) -> bool:
    """Whether a run is a trial of a search: it is not tested, as the search looks at the test images once."""
    return (folder / MARK).exists()


def stopping(folder: Path, config: RunConfig) -> Stops:
    """Told the history after each epoch, says why training should stop there; empty to go on.

    Args:
        folder: of the run.
        config: of the run.

    Raises:
        RunError: it is a trial, and its search is not above it.
    """
    return Pruning(folder, config) if is_trial(folder) else partial(stopped_early, config)


class Pruning:
    """Tells the study of each epoch of a trial, asks it whether to go on, and keeps the answer: a trial may resume.

    Args:
        folder: of the run.
        config: of the run.

    Raises:
        RunError: the search is not above it, or does not answer.
    """

    def __init__(self, folder: Path, config: RunConfig):
        from vgglab.experiments.trials import asking  # which loads Optuna
        from vgglab.experiments.trials import study as studies

        self.folder, self.config, self.studies = folder, config, studies
        self.mark = read_json(folder / MARK, TrialMark)
        pruner = studies.make_pruner(self.mark["pruner"], self.mark["epochs"])
        self.storage = asking.study_of(folder)
        self.study = studies.load_study(self.storage, self.mark["search"], pruner)
        self.id = self.storage.get_trial_id_from_study_id_trial_number(self.study._study_id, self.mark["number"])

    def __call__(self, history: History) -> str:
        """Why training stops after `history`; empty where it goes on."""
        if not history:
            return ""
        trial = self.report(history)
        known = self.studies.ended(trial)
        if known.get("epoch") == len(history):
            return known["why"]
        told = stopped_early(self.config, history)
        if told or len(history) >= self.config.train.epochs:
            return told
        how, why = self.judge(trial, history)
        if why:
            kept = {"how": how, "why": why, "epoch": len(history)}
            self.storage.set_trial_user_attr(self.id, self.studies.ENDED, kept)
        return why

    def report(self, history: History) -> Any:
        """The trial as the study knows it after `history`, with the figures that it was not told before.

        What it knows of later epochs, that a kill took back, is left out.
        """
        figures = {row["epoch"]: row[self.config.train.monitor] for row in history}
        trial = self.storage.get_trial(self.id)
        for epoch, figure in figures.items():
            if figure is not None and trial.intermediate_values.get(epoch) != figure:
                self.storage.set_trial_intermediate_value(self.id, epoch, figure)
        trial = self.storage.get_trial(self.id)
        known = trial.intermediate_values.items()
        trial.intermediate_values = {epoch: figure for epoch, figure in known if epoch in figures}
        return trial

    def judge(self, trial: Any, history: History) -> tuple[str, str]:
        """How a trial is cut short after `history`, and why; nothing where it goes on."""
        after = f"after epoch {len(history)} of {self.config.train.epochs}"
        if len(history) == 1:
            signals, classes = read_signals(self.folder / "signals.jsonl"), len(Run(self.folder).classes)
            found = hopeless(Evidence("running", "", history, signals, classes, flatten(self.config)))
            if found:
                return "hopeless", f"cut short {after}: {describe(found)['sentence']}"
        monitor, figure = self.config.train.monitor, history[-1][self.config.train.monitor]
        if figure is not None and self.study.pruner.prune(self.study, trial):
            behind = f"behind other trials, by {self.mark['pruner']}"
            return "pruned", f"cut short {after}: {monitor} {figure:.4f} is {behind}"
        return "", ""
