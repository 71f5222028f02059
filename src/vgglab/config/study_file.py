"""A study file -> the runs to do: defaults, a matrix where they vary, and which of them to go on with."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from vgglab.config.names import clean_name, data_label
from vgglab.config.resolve import expectation, make_config
from vgglab.config.schema import (
    LANGUAGES,
    NAME_PATTERN,
    RunConfig,
    Section,
    config_fields,
    flatten,
    is_field,
    option_name,
)
from vgglab.config.seeds import Seeds, fold_name, group_of, seed_name
from vgglab.config.yaml_text import dump_yaml, nearest, read_yaml
from vgglab.errors import ConfigError

ANSWERS = ("network", "data", "runs", "change", "choice", "test", "cost")


class Select(Section):
    """Which earlier runs to choose from, and by what."""

    best: Literal["val_accuracy"] = Field(description="figure of the best epoch that decides")
    among: list[str] = Field(min_length=1, description="names of earlier runs; * and ? as in a shell")


class Step(Section):
    """An entry of a study's `runs`: one run, one for each cell of a matrix, or the best of earlier ones."""

    name: str = Field(pattern=NAME_PATTERN)
    set: dict[str, Any] = Field(default_factory=dict)
    builtin: dict[str, Any] = Field(default_factory=dict, description="over `set`, where the weights are built in")
    matrix: dict[str, list[Any]] = Field(default_factory=dict)
    select: Select | None = None


class Question(Section):
    """What a study asks, and which runs answer it in its report."""

    id: str = Field("", description="short sign, such as S1")
    title: dict[Literal[LANGUAGES], str] = Field(description="the question in English and French")
    answer: list[Literal[ANSWERS]] = Field(min_length=1, description="what answers it, in order")
    runs: list[str] = Field(["*"], min_length=1, description="names of the runs; * and ? as in a shell")
    against: list[str] = Field(default_factory=list, description="names of runs to compare them with")
    where: dict[str, list[Any]] = Field(default_factory=dict, description="only runs whose fields have these values")
    unless: dict[str, list[Any]] = Field(default_factory=dict, description="no run whose field has one of these values")
    optional: bool = Field(False, description="left out where there is no such run")

    @model_validator(mode="after")
    def _fields_exist(self) -> "Question":
        for field in [*self.where, *self.unless]:
            if not is_field(field):
                raise ValueError(f"no field {field!r}{nearest(field, config_fields())}")
        return self

    def title_in(self, language: str) -> str:
        """The question in a language, or in the one that it has."""
        return self.title.get(language) or next(iter(self.title.values()), self.id)


class Study(Section):
    """A study file, checked."""

    name: str = Field(pattern=NAME_PATTERN)
    description: str | dict[Literal[LANGUAGES], str] = ""
    defaults: dict[str, Any] = Field(default_factory=dict)
    seeds: Seeds = Field((), description="seeds that each run is trained with: how many, or a list")
    runs: list[Step] = Field(min_length=1)
    questions: list[Question] = Field(default_factory=list)


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study.

    Attributes:
        name: unique in the study, its folder there; `NAME/seed-3` where it has several seeds.
        config: fully resolved; for a selection, that of the first candidate with the step's settings.
        candidates: names of the runs to choose from; empty for an ordinary run.
        settings: dotted fields that a selection changes in the chosen config.
        wanted: whether it is to be done now.
    """

    name: str
    config: RunConfig
    candidates: tuple[str, ...] = ()
    settings: dict[str, Any] | None = None
    wanted: bool = True

    @property
    def group(self) -> str:
        """Its name without the seed."""
        return group_of(self.name)


def load_study(name: str | Path) -> Study:
    """A study by its file's path, or by the name of one that is shipped.

    Raises:
        ConfigError: there is none of that name, or the file has an unknown key or a wrong value.
    """
    source = _find(str(name))
    tree = read_yaml(source)
    try:
        return Study.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(f"{name}: {_explain(error)}") from None


def plan_runs(study: Study, overrides: dict[str, Any], seeds: tuple[int, ...] = ()) -> list[PlannedRun]:
    """Every run of a study, in order, with dotted `overrides` on top of what the file says.

    Args:
        study: the study.
        overrides: dotted settings of every run.
        seeds: in place of the study's own.

    Raises:
        ConfigError: an empty matrix, two runs of one name, a selection from nothing, or a wrong value.
    """
    planned: list[PlannedRun] = []
    for step in study.runs:
        for name, cell in _cells(step, study.name):
            if any(name == earlier.group for earlier in planned):
                raise ConfigError(f"{study.name}: two runs are named {name!r}; every run needs its own name")
            settings = {**step.set, **cell, **overrides}
            if step.builtin and _is_builtin(study, settings):
                settings = {**step.set, **step.builtin, **cell, **overrides}
            data = make_config(study.defaults, settings, f"{study.name}, run {name}").data
            folds = data.folds if data.folds and not data.fold else 0
            each = _variants(name, settings, seeds or study.seeds, folds)
            planned += [_plan_one(study, step, place, seeded, planned) for place, seeded in each]
    return planned


def _variants(
    name: str, settings: dict[str, Any], seeds: tuple[int, ...], folds: int
) -> list[tuple[str, dict[str, Any]]]:
    """The name and the settings of a run with each of some seeds, or of each of its folds; itself without any."""
    if seeds and folds:
        raise ConfigError(f"run {name}: has seeds and folds; leave one of them out")
    if folds:
        return [(f"{name}/{fold_name(fold)}", {**settings, "data.fold": fold}) for fold in range(1, folds + 1)]
    if not seeds:
        return [(name, settings)]
    if "train.seed" in settings:
        raise ConfigError(f"run {name}: train.seed and seeds both say which seed it has; leave one of them out")
    return [(f"{name}/{seed_name(seed)}", {**settings, "train.seed": seed}) for seed in seeds]


def study_folder_name(study: Study, planned: list[PlannedRun], overrides: dict[str, Any]) -> str:
    """Study, data set and whatever the command line changed: `vgg16-lab-digits-width-0.25`, and that it has seeds."""
    seeded = "-seeds" if planned[0].group != planned[0].name else ""
    return named_folder(study.name, planned[0].config.data.name, overrides) + seeded


def named_folder(name: str, data: str, overrides: Mapping[str, Any]) -> str:
    """The folder of runs of one name on some data, with whatever the command line changed."""
    parts = [name, data_label(data)]
    for dotted, value in overrides.items():
        if dotted not in ("data.name", "log"):
            parts += [option_name(dotted).replace("_", "-"), _name_part(value)]
    return clean_name("-".join(parts))


def study_text(study: Study, planned: list[PlannedRun]) -> str:
    """The resolved study as YAML: each run with everything that decides it."""
    runs = [
        {"name": run.name, "candidates": list(run.candidates), "settings": _deciding(run.settings or {})}
        if run.candidates
        else _deciding(flatten(run.config)) | {"name": run.name}
        for run in planned
    ]
    questions = [question.model_dump(exclude_defaults=True) for question in study.questions]
    asked = {"questions": questions} if questions else {}
    return dump_yaml({"schema": 1, "name": study.name, "description": study.description, **asked, "runs": runs})


def _deciding(settings: dict[str, Any]) -> dict[str, Any]:
    """Dotted settings without where the runs log to: a study that goes on may log elsewhere."""
    return {field: value for field, value in settings.items() if field != "log"}


def _find(name: str) -> Path:
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    shipped = {
        Path(entry.name).stem: Path(str(entry))
        for entry in resources.files("vgglab.studies").iterdir()
        if entry.name.endswith(".yaml")
    }
    if name not in shipped:
        raise ConfigError(
            f"unknown study {name!r}; shipped: {', '.join(sorted(shipped))}{nearest(name, tuple(shipped))}, "
            "or give the path of a .yaml file"
        )
    return shipped[name]


def _cells(step: Step, study: str) -> list[tuple[str, dict[str, Any]]]:
    """The name and the settings of each cell of a step's matrix."""
    for field, values in step.matrix.items():
        if not values:
            raise ConfigError(f"{study}: runs.{step.name}.matrix.{field} is empty; expected at least one value")
    cells = []
    for values in itertools.product(*step.matrix.values()):
        name = "-".join([step.name, *map(_name_part, values)])
        cells.append((name, dict(zip(step.matrix, values, strict=True))))
    return cells


def _is_builtin(study: Study, settings: dict[str, Any]) -> bool:
    """Whether a run with these settings starts from weights that are built in."""
    return make_config(study.defaults, settings, study.name).backbone.weights == "builtin"


def _name_part(value: Any) -> str:
    """A value as part of a name: `[512, 256]`, or `512,256` from a command line, as `512x256`."""
    return str(value).replace(" ", "").strip("[]()").replace(",", "x")


def _plan_one(study: Study, step: Step, name: str, settings: dict[str, Any], planned: list[PlannedRun]) -> PlannedRun:
    source, folder = f"{study.name}, run {name}", name.rpartition("/")[2]
    if step.select is None:
        return PlannedRun(name, make_config(study.defaults, {**settings, "name": folder}, source))
    earlier = [run for run in planned if run.group != group_of(name)]
    candidates = [run for run in earlier if any(fnmatch(run.group, pattern) for pattern in step.select.among)]
    if not candidates:
        patterns = ", ".join(step.select.among)
        raise ConfigError(f"{source}: select.among ({patterns}) matches no earlier run")
    tree = candidates[0].config.model_dump(mode="json")
    config = make_config(tree, {**settings, "name": folder}, source)
    return PlannedRun(name, config, tuple(dict.fromkeys(run.group for run in candidates)), settings)


def _explain(error: ValidationError) -> str:
    """The first problem as one line; an unknown key comes before the missing one that it was meant to be."""
    problem = min(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] == "extra_forbidden":
        known = _section_of(problem["loc"]).model_fields
        return f"unknown key {where!r}; known: {', '.join(known)}{nearest(problem['loc'][-1], tuple(known))}"
    if problem["type"] == "missing":
        return f"{where} is missing"
    return f"{where} is {problem['input']!r}; {expectation(problem)}"


def _section_of(place: tuple[str | int, ...]) -> type[Section]:
    """The section of a study file that a key is in."""
    if len(place) == 1:
        return Study
    return Question if place[0] == "questions" else Select if "select" in place else Step
