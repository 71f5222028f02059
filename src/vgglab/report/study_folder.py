"""What a study's folder says beside its runs: its questions, the runs that were planned, the choices that were made."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired

from typing_extensions import TypedDict

from vgglab.config.seeds import group_of
from vgglab.config.study_file import Question, load_study
from vgglab.config.yaml_text import read_yaml
from vgglab.errors import VgglabError
from vgglab.report.records import SEARCH, STUDY, Missing, reading
from vgglab.report.search_folder import FILE as SEARCH_FILE
from vgglab.report.search_folder import Search, read_search
from vgglab.runs.door import check_tree, read_json
from vgglab.runs.shapes import StudyTree


@dataclass(frozen=True)
class StudyFolder:
    """A study as its folder tells it.

    Attributes:
        folder: the folder.
        name: of the study; that of the folder where it cannot be read.
        description: what the study says of itself, by language; "" stands for one that is not known.
        questions: what its report answers; none for a report in general terms.
        planned: names of the runs that it wants.
        choices: selecting run -> `chosen`, the run that it took, and `candidates`.
        gaps: files that are missing or damaged.
        search: what its trials came to, where it is the folder of a search.
    """

    folder: Path
    name: str
    description: dict[str, str] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    choices: dict[str, dict[str, Any]] = field(default_factory=dict)
    gaps: list[Missing] = field(default_factory=list)
    search: Search | None = None


class PlannedTree(TypedDict):
    """A run of a `study.yaml`, as far as it is read again."""

    name: str
    candidates: NotRequired[list[str]]


class Plan(TypedDict):
    """`study.yaml`, likewise."""

    name: str
    runs: list[PlannedTree]
    questions: NotRequired[list[Question]]
    description: NotRequired[dict[str, str] | str | None]


def read_study(folder: Path) -> StudyFolder:
    """What a folder of runs says of its study; a file that cannot be read is among its gaps."""
    gaps: list[Missing] = []
    if (folder / SEARCH_FILE).exists():
        return read_search_folder(folder)
    try:
        with reading(folder, "study.yaml", STUDY):
            name, description, questions, candidates = read_plan(folder / "study.yaml")
    except Missing as missing:
        if missing.damage:
            gaps.append(missing)
        return StudyFolder(folder, folder.name, gaps=gaps)
    choices: dict[str, dict[str, Any]] = {}
    selecting = {group_of(run): names for run, names in candidates.items() if names}
    try:
        with reading(folder, "study.json", STUDY) as path:
            made = read_json(path, StudyTree)["choices"]
            choices = {
                run: {"chosen": choice["chosen"], "candidates": selecting.get(run, [])} for run, choice in made.items()
            }
    except Missing as missing:
        gaps += [missing] if selecting and missing.damage else []
    return StudyFolder(folder, name, description, questions, list(candidates), choices, gaps)


def read_search_folder(folder: Path) -> StudyFolder:
    """What the folder of a search says."""
    try:
        with reading(folder, SEARCH_FILE, SEARCH):
            return StudyFolder(folder, folder.absolute().name, search=read_search(folder))
    except Missing as missing:
        return StudyFolder(folder, folder.absolute().name, gaps=[missing])


def read_plan(path: Path) -> tuple[str, dict[str, str], list[Question], dict[str, list[str]]]:
    """Name, description and questions of a study, and its runs, each with those that it selects from."""
    tree = check_tree(read_yaml(path), Plan, path)
    candidates = {run["name"]: run.get("candidates", []) for run in tree["runs"]}
    questions = tree["questions"] if "questions" in tree else shipped_questions(tree["name"])
    told = tree.get("description") or {}
    return tree["name"], told if isinstance(told, dict) else {"": told}, questions, candidates


def shipped_questions(name: str) -> list[Question]:
    """The questions of the shipped study of that name, for folders that an older version wrote.

    Example:
        >>> shipped_questions("of-my-own")
        []
    """
    try:
        return load_study(name).questions if not name.endswith((".yaml", ".yml")) else []
    except VgglabError:
        return []
