"""Runs that differ in their seed or fold alone: those in the folders `NAME/seed-0`, or `NAME/fold-1`, and so on."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vgglab.config.seeds import FOLD, group_of
from vgglab.errors import RunError
from vgglab.runs.store import Run, find_folder, list_runs


@dataclass(frozen=True)
class Group:
    """A run with each of its seeds, or of its folds; or a run that has but its own.

    Attributes:
        name: of the run, without a seed or fold where it has several.
        runs: at least one.
    """

    name: str
    runs: list[Run]

    @property
    def seeded(self) -> bool:
        """Whether its runs are in folders of their seeds, be it but one."""
        return self.name != self.runs[0].name and not self.folds

    @property
    def folds(self) -> int:
        """How many folds of cross-validation there are, be it that not all are done; 0 where there are none."""
        return self.runs[0].config.data.folds if is_fold(self.runs[0]) else 0

    @property
    def folder(self) -> Path:
        """The folder that the folders of its seeds or folds are in."""
        return self.runs[0].folder.absolute().parent


def find_group(path: Path | str) -> Group:
    """The run with each of its seeds, or of its folds, in a folder; as a run's name, one below `./runs`.

    Raises:
        RunError: the folder holds something else, or a run in it is damaged.
    """
    folder = find_folder(path)
    groups = grouped(list_runs(folder))
    if len(groups) != 1 or groups[0].folder != folder.absolute():
        raise RunError(
            f"{path}: expected the folder of a run's seeds or folds, as vgglab train --seeds 5 or --folds 5 makes it"
        )
    return groups[0]


def is_fold(run: Run) -> bool:
    """Whether a run is that of a fold, beside those of the others."""
    return not run.watched and run.folder.absolute().name.startswith(FOLD) and group_of(run.name) != run.name


def by_seed(runs: Sequence[Run]) -> list[Group]:
    """As `grouped`, but each fold by itself: folds differ in what they are judged on, not by chance alone."""
    groups = grouped(runs)
    apart = ([Group(run.name, [run]) for run in group.runs] if group.folds else [group] for group in groups)
    return [group for found in apart for group in found]


def folded(runs: Sequence[Run]) -> list[Group]:
    """The cross-validations among some runs, each with its folds."""
    return [group for group in grouped([run for run in runs if is_fold(run)]) if group.folds]


def grouped(runs: Sequence[Run]) -> list[Group]:
    """The runs, together where they share a folder and differ in seed or fold alone, by the first of each."""
    found: dict[Hashable, Group] = {}
    for run in runs:
        found.setdefault(_key(run), Group(group_of(run.name), [])).runs.append(run)
    return list(found.values())


def _key(run: Run) -> Hashable:
    """What runs of one group share."""
    if group_of(run.name) == run.name:
        return id(run)
    try:
        seedless = run.config.train.model_copy(update={"seed": 0})
        foldless = {} if run.watched else {"data": run.config.data.model_copy(update={"fold": None})}
        config = run.config.model_copy(update={"name": None, "log": (), "train": seedless, **foldless})
    except RunError:  # whoever shows it says what is wrong with it
        return id(run)
    return run.folder.absolute().parent, config.model_dump_json()  # arguments of an own network have no hash
