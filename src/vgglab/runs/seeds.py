"""Runs that differ in their seed alone: those in the folders `NAME/seed-0`, `NAME/seed-1` and so on."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from vgglab.config.seeds import group_of
from vgglab.errors import RunError
from vgglab.runs.store import Run


@dataclass(frozen=True)
class Group:
    """A run with each of its seeds; or a run that has but its own.

    Attributes:
        name: of the run, without a seed where it has several.
        runs: at least one.
    """

    name: str
    runs: list[Run]

    @property
    def seeded(self) -> bool:
        """Whether its runs are in folders of their seeds, be it but one."""
        return self.name != self.runs[0].name


def grouped(runs: Sequence[Run]) -> list[Group]:
    """The runs, together where they share a folder and differ in their seed alone, by the first of each."""
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
        config = run.config.model_copy(update={"name": None, "log": (), "train": seedless})
    except RunError:  # whoever shows it says what is wrong with it
        return id(run)
    return run.folder.absolute().parent, config.model_dump_json()  # arguments of an own network have no hash
