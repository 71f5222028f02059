"""A search file -> what is searched: a run's settings, the space that some of them are chosen from, and how."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from vgglab.config.resolve import checked, make_config
from vgglab.config.schema import NAME_PATTERN, RunConfig, Section, Whole, config_fields, flatten, is_field
from vgglab.config.study_file import named_folder
from vgglab.config.yaml_text import dump_yaml, nearest, parse_yaml, read_yaml
from vgglab.errors import ConfigError

SAMPLERS = ("tpe", "random", "cmaes", "grid")
PRUNERS = ("median", "hyperband", "halving", "none")
EXPECTED = (
    "expected `log LOW HIGH`, `uniform LOW HIGH`, `int LOW HIGH` or `choice A,B,C`, the low end below the high one"
)
# Settings that change which images judge a trial, what judges it, or nothing but its luck.
NOT_SEARCHED = ("name", "log", "train.seed", "train.monitor", "train.signals", "train.cache")
TRIALS = 20  # where neither the file nor the command says how many, and there is no grid to go through


@dataclass(frozen=True)
class Setting:
    """What a setting is chosen from.

    Attributes:
        text: as it is written: `log 1e-4 1e-1`, `uniform 0 0.5`, `int 1 5`, `choice 16,32,64`.
        kind: the first word of it.
        values: the ends of a range, or the choices.
    """

    text: str
    kind: str
    values: tuple[Any, ...]

    @property
    def listed(self) -> list[Any]:
        """Every value it can have; none of a range of real numbers."""
        if self.kind == "int":
            return list(range(self.values[0], self.values[1] + 1))
        return list(self.values) if self.kind == "choice" else []

    @property
    def labels(self) -> dict[Any, Any]:
        """The choices by what stands for them in Optuna, which takes no lists."""
        return {json.dumps(one) if isinstance(one, list | dict) else one: one for one in self.values}


def read_setting(text: Any) -> Setting:
    """What a setting is chosen from, as it is written.

    Raises:
        ValueError: it is written in another way.

    Example:
        >>> read_setting("log 1e-4 1e-1").values, read_setting("choice 16,32,[1, 2]").values
        ((0.0001, 0.1), (16, 32, [1, 2]))
    """
    kind, _, rest = str(text).strip().partition(" ")
    if kind == "choice":
        values = tuple(parse_yaml(f"[{rest}]", "choice"))
        if len({json.dumps(value) for value in values}) != len(values) or not values:
            raise ValueError(text)
        return Setting(f"choice {rest.strip()}", kind, values)
    low, high = map({"log": float, "uniform": float, "int": int}[kind], rest.split())
    if not low < high or (kind == "log" and low <= 0):
        raise ValueError(text)
    return Setting(f"{kind} {' '.join(rest.split())}", kind, (low, high))


def _checked(text: Any) -> Setting:
    try:
        return text if isinstance(text, Setting) else read_setting(text)
    except (ValueError, KeyError, ConfigError):
        raise PydanticCustomError("space", EXPECTED) from None


class Search(Section):
    """A search file, checked."""

    model_config = Section.model_config | {"arbitrary_types_allowed": True}

    name: str = Field("search", pattern=NAME_PATTERN, description="name of the search's folder")
    defaults: dict[str, Any] = Field(default_factory=dict, description="a run's config, as its file has it")
    space: dict[str, Annotated[Setting, BeforeValidator(_checked)]] = Field(
        default_factory=dict, description="dotted config field -> what it is chosen from"
    )
    trials: Whole | None = Field(None, ge=1, description="how many, failed ones and those cut short among them")
    sampler: Literal[SAMPLERS] = Field("tpe", description="what chooses the settings of a trial")
    pruner: Literal[PRUNERS] = Field("median", description="what ends a trial whose curve is behind those of others")
    seed: Whole = Field(0, ge=0, lt=2**32, description="seed of the choices")

    @property
    def count(self) -> int:
        """How many trials there are; of a grid at most its cells."""
        cells = prod(len(setting.listed) for setting in self.space.values()) if self.sampler == "grid" else None
        return min(self.trials or cells or TRIALS, cells or 10**9)


@dataclass(frozen=True)
class Plan:
    """A search with the settings that the command line puts on top of every trial.

    Attributes:
        search: what the file says.
        overrides: dotted settings.
    """

    search: Search
    overrides: Mapping[str, Any]

    def config(self, values: Mapping[str, Any] | None = None, name: str | None = None) -> RunConfig:
        """The config of a trial with these values of the space.

        Raises:
            ConfigError: the settings do not go together.
        """
        settings = {**self.overrides, **(values or {}), "name": name}
        return make_config(self.search.defaults, settings, self.search.name)

    @property
    def ends(self) -> list[dict[str, Any]]:
        """The space's corners that say most: every setting at its first value, every one at its last."""
        return [{field: setting.values[end] for field, setting in self.search.space.items()} for end in (0, -1)]

    @property
    def epochs(self) -> int:
        """The most epochs that a trial can have."""
        return max(self.config(corner).train.epochs for corner in self.corners)

    @property
    def corners(self) -> list[dict[str, Any]]:
        """The ends, and each single choice on top of them, as far as the config takes them."""
        single = [{field: value} for field, setting in self.search.space.items() for value in setting.values]
        tried = self.ends + [{**end, **one} for one in single for end in self.ends]
        known = {json.dumps(corner): corner for corner in tried}
        return [corner for corner in known.values() if _problem(self, corner) is None]


def plan_search(config: Mapping[str, Any] | Path | str, given: Mapping[str, Any], overrides: Mapping[str, Any]) -> Plan:
    """A search from its file, or as that has it, with what the command line says on top.

    Args:
        config: the YAML file, or what one holds.
        given: fields of the search, None for what was not given; a `space` is put beside that of the file.
        overrides: dotted settings of every trial.

    Raises:
        ConfigError: an unknown key or a wrong value, or a space that cannot be searched.
    """
    source = str(config) if isinstance(config, Path | str) else "search"
    tree = read_yaml(config) if isinstance(config, Path | str) else config
    if isinstance(tree, dict):
        own, more = tree.get("space") or {}, given.get("space") or {}
        tree = tree | {name: value for name, value in given.items() if value is not None}
        tree["space"] = {**own, **more} if isinstance(own, dict) else own
    plan = Plan(checked(Search, tree, source), overrides)
    check_space(plan, source)
    return plan


def check_space(plan: Plan, source: str) -> None:
    """Make sure that a space can be searched.

    Raises:
        ConfigError: it is empty, names what is no setting or no setting to search, or has a value that no trial takes.
    """
    search = plan.search
    if not search.space:
        raise ConfigError(f"{source}: the space is empty; name settings, such as 'train.learning_rate: log 1e-4 1e-1'")
    for field, setting in search.space.items():
        if not is_field(field):
            raise ConfigError(f"{source}: space has an unknown field {field!r}{nearest(field, config_fields())}")
        if field in NOT_SEARCHED or field.startswith("data."):
            raise ConfigError(f"{source}: {field} cannot be searched: its trials could not be held against each other")
        if field in plan.overrides:
            raise ConfigError(f"{source}: {field} is in the space and given as an option; leave one of them out")
        if search.sampler == "grid" and not setting.listed:
            raise ConfigError(f"{source}: a grid needs values, and {field} is {setting.text!r}; use choice or int")
        for value in setting.values:
            problems = [_problem(plan, {**other, field: value}) for other in ({}, *plan.ends)]
            if all(problems):
                raise ConfigError(problems[0])


def _problem(plan: Plan, values: Mapping[str, Any]) -> str | None:
    """Why there is no trial with these values."""
    try:
        plan.config(values)
    except ConfigError as error:
        return str(error)
    return None


def read_params(texts: list[str]) -> dict[str, str]:
    """`["train.epochs: int 1 5"]` -> `{"train.epochs": "int 1 5"}`.

    Raises:
        ConfigError: one has no colon.
    """
    pairs = [text.partition(":") for text in texts]
    for text, (_, colon, _) in zip(texts, pairs, strict=True):
        if not colon:
            raise ConfigError(f"--param {text}: expected 'FIELD: VALUES', such as 'train.learning_rate: log 1e-4 1e-1'")
    return {field.strip(): values.strip() for field, _, values in pairs}


def search_folder_name(plan: Plan) -> str:
    """Search, data set and whatever the command line changed: `rates-digits-epochs-3`."""
    return named_folder(plan.search.name, plan.config().data.name, plan.overrides)


def search_text(plan: Plan) -> str:
    """The resolved search as YAML: what decides its trials, their number apart."""
    search = plan.search
    decides = {name: getattr(search, name) for name in ("name", "sampler", "pruner", "seed")}
    space = {field: setting.text for field, setting in search.space.items()}
    config = {field: value for field, value in flatten(plan.config()).items() if field not in ("name", "log")}
    return dump_yaml({"schema": 1, **decides, "space": space, "config": config})
