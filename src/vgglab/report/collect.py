"""Paths -> the runs and the study of a report; what cannot be opened is kept as a gap."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vgglab.config.names import clean_name
from vgglab.errors import RunError
from vgglab.report.records import RESTORE, Missing, Records, reading
from vgglab.report.study_folder import StudyFolder, read_study
from vgglab.runs.remote.names import shown
from vgglab.runs.store import Run, find_folder


@dataclass(frozen=True)
class Collected:
    """What a report is about.

    Attributes:
        runs: in the order of their study, else by the time they were created.
        studies: the folders of runs among the paths.
        gaps: runs that cannot be opened.
        trials: those of searches, of which only the best is among the runs.
    """

    runs: list[Records]
    studies: list[StudyFolder]
    gaps: list[Missing]
    trials: list[Records] = field(default_factory=list)


def collect(paths: Sequence[Path | str]) -> Collected:
    """Open everything at the given paths; a folder of runs stands for all of them.

    Raises:
        RunError: a path is neither a run nor a folder of runs.
    """
    runs: list[Run] = []
    studies, gaps, trials = [], [], []
    for path in paths:
        folder = find_folder(path)
        study = None if is_run(folder) else read_study(folder)
        opened, failed = open_runs([folder] if study is None else folders_of(folder, study))
        if study is not None:
            if not opened and not failed:
                raise RunError(f"{shown(folder)}: holds no run; `vgglab runs` lists what is there")
            studies.append(study)
            if study.search:
                trials += [Records(run) for run in opened]
                opened = [run for run in opened if run.folder.name == study.search.best] or opened
        runs += [run for run in opened if run.folder.resolve() not in {known.folder.resolve() for known in runs}]
        gaps += failed
    return Collected(named(runs), studies, gaps, trials)


def is_run(folder: Path) -> bool:
    """Whether a folder is a run's, be it damaged.

    Raises:
        RunError: it is no folder.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder; expected a run's or a study's, `vgglab runs` lists them")
    return (folder / "run.json").exists() or (folder / "config.yaml").exists()


def folders_of(folder: Path, study: StudyFolder) -> list[Path]:
    """The run folders of a study: those it planned in its order, then others by name."""
    found = {path.parent for file in ("run.json", "config.yaml") for path in folder.glob(f"**/{file}")}
    planned = [folder / name for name in study.planned]
    made = {path for path in found if not path.name.startswith(".")}  # a killed process may have been making others
    return [*planned, *sorted(made - set(planned))]


def open_runs(folders: Sequence[Path]) -> tuple[list[Run], list[Missing]]:
    """The runs that can be opened, and what is wrong with the others."""
    runs, gaps = [], []
    for folder in folders:
        try:
            with reading(folder, "run.json", RESTORE):
                run = Run(folder)
                Records(run)
                runs.append(run)
        except Missing as missing:
            gaps.append(missing)
    return runs, gaps


def named(runs: Sequence[Run]) -> list[Records]:
    """The runs with names and anchors of their own."""
    counts = Counter(run.name for run in runs)
    made = []
    for number, run in enumerate(runs, 1):
        above = run.folder.absolute().parents[run.name.count("/")].name
        name = run.name if counts[run.name] == 1 else f"{above}/{run.name}"
        made.append(Records(run, name, f"run-{number}-{clean_name(run.name)}" if len(runs) > 1 else ""))
    return made
