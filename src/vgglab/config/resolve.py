"""From what users write (YAML, options, assignments) to a checked config, with errors of one line."""

import re
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from vgglab.config.schema import (
    ARGUMENTS,
    BUILTIN,
    BUILTIN_WIDTH,
    HUB_PREFIX,
    Phase,
    RunConfig,
    Section,
    TrainConfig,
    config_fields,
    is_field,
    option_name,
)
from vgglab.config.yaml_text import nearest, parse_yaml, read_yaml
from vgglab.errors import ConfigError

Shape = TypeVar("Shape", bound=Section)


def make_config(tree: dict[str, Any], overrides: dict[str, Any] | None = None, source: str = "config") -> RunConfig:
    """A checked config, every default written out, from a nested dict and dotted overrides, the latter winning.

    Raises:
        ConfigError: an unknown key or a wrong value, in one line that names `source` and the field.
    """
    _check_mapping(tree, source)
    if "watched" in tree:
        raise ConfigError(f"{source}: tells of a training that was only watched; expected a config to train with")
    merged = {key: dict(value) if isinstance(value, dict) else value for key, value in tree.items()}
    for dotted, value in sorted((overrides or {}).items(), key=lambda item: item[0].startswith(f"{ARGUMENTS}.")):
        _set(merged, dotted, value, source)
    return _write_out(checked(RunConfig, merged, source), source)


def checked(shape: type[Shape], tree: Any, source: str) -> Shape:
    """A nested dict held to the shape of a config.

    Raises:
        ConfigError: an unknown key or a wrong value, in one line that names `source` and the field.
    """
    _check_mapping(tree, source)
    try:
        return shape.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error, source, shape)) from None


def _check_mapping(tree: Any, source: str) -> None:
    if not isinstance(tree, dict):
        raise ConfigError(f"{source}: expected a mapping such as 'train: {{epochs: 3}}', got {tree!r}")


def read_config(path: Path | None, overrides: dict[str, Any]) -> RunConfig:
    """A checked config from a YAML file, or from nothing, with dotted `overrides` on top.

    Raises:
        ConfigError: there is no such file, or it has an unknown key or a wrong value.
    """
    return make_config((read_yaml(path) if path else {}) or {}, overrides, str(path or "options"))


def parse_assignments(assignments: list[str]) -> dict[str, Any]:
    """`["train.epochs=3"]` -> `{"train.epochs": 3}`; the values are read as YAML.

    Raises:
        ConfigError: an assignment has no `=` or its value is not YAML.
    """
    overrides = {}
    for text in assignments:
        dotted, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set {text}: expected FIELD=VALUE, such as --set train.epochs=3")
        overrides[dotted.strip()] = parse_yaml(value, f"--set {text}")
    return overrides


def from_options(options: dict[str, Any], source: str = "options") -> dict[str, Any]:
    """Short names (`epochs`, `data`) -> dotted names; None means "not given" and is left out.

    Raises:
        ConfigError: a name that is no field.
    """
    by_option = {option_name(dotted): dotted for dotted in config_fields()}
    overrides = {}
    for option, value in options.items():
        if option not in by_option:
            raise ConfigError(f"{source}: unknown option {option!r}; {_suggest(option, by_option)}")
        if value is not None:
            overrides[by_option[option]] = value
    return overrides


def _write_out(config: RunConfig, source: str) -> RunConfig:
    """`config` with the defaults that follow from other fields in their place."""
    backbone, train = config.backbone, config.train
    name = backbone.name or (BUILTIN[0] if backbone.weights == "builtin" else None)
    weights = backbone.weights or (default_weights(name, config.model.width) if name else None)
    freeze = train.freeze or ("all" if backbone.used else "none")
    phases = tuple(_phase_in_full(phase, train, freeze) for phase in train.phases)
    epochs = sum(phase.epochs for phase in phases) or train.epochs
    if "epochs" in train.model_fields_set and train.epochs != epochs:
        raise ConfigError(f"{source}: train.epochs is {train.epochs}, but the phases have {epochs}; leave epochs out")
    if backbone.used and config.model.own:
        raise ConfigError(f"{source}: model.name is {config.model.name} and there is a backbone; leave one of them out")
    train = train.model_copy(update={"freeze": freeze, "phases": phases, "epochs": epochs})
    backbone = backbone.model_copy(update={"name": name, "weights": weights})
    return config.model_copy(update={"backbone": backbone, "train": train})


def default_weights(backbone: str, width: float) -> str:
    """`builtin` for a network that is shipped at this width, `preset` for one of KerasHub, else `imagenet`."""
    if backbone.startswith(HUB_PREFIX):
        return "preset"
    shipped = backbone.lower() in map(str.lower, BUILTIN) and width == BUILTIN_WIDTH
    return "builtin" if shipped else "imagenet"


def _phase_in_full(phase: Phase, train: TrainConfig, freeze: str) -> Phase:
    inherited = {name: getattr(train, name) for name in ("learning_rate", "schedule", "warmup")} | {"freeze": freeze}
    return Phase(**inherited | phase.model_dump(exclude_none=True))


def _suggest(given: str, known: Any) -> str:
    return f"known: {', '.join(known)}{nearest(given, tuple(known))}"


def _set(tree: dict[str, Any], dotted: str, value: Any, source: str) -> None:
    section, _, name = dotted.partition(".")
    if not is_field(dotted):
        raise ConfigError(f"{source}: unknown field {dotted!r}; {_suggest(dotted, config_fields())}")
    if not name:
        tree[section] = value
        return
    target = tree.setdefault(section, {})
    if dotted.startswith(f"{ARGUMENTS}.") and isinstance(target, dict):
        section, name = ARGUMENTS, dotted.removeprefix(f"{ARGUMENTS}.")
        given = target.get("arguments") or {}
        given = parse_yaml(given, ARGUMENTS) if isinstance(given, str) else given
        target["arguments"] = target = dict(given) if isinstance(given, dict) else given
    if not isinstance(target, dict):
        raise ConfigError(f"{source}: {section} is {target!r}; expected a mapping of its fields")
    target[name] = value


def _explain(error: ValidationError, source: str, shape: type[Section]) -> str:
    """The first problem as one line; how many more there are."""
    problems = sorted(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
    first, more = problems[0], len(problems) - 1
    suffix = f" (and {more} more)" if more else ""
    return f"{source}: {_explain_one(first, shape)}{suffix}"


def _explain_one(problem: dict[str, Any], shape: type[Section]) -> str:
    dotted = ".".join(str(part) for part in problem["loc"])
    given = problem.get("input")
    if problem["type"] in ("extra_forbidden", "invalid_key"):
        section = ".".join(str(part) for part in problem["loc"][:-1])
        known = _known_keys(section, shape)
        return f"unknown key {dotted!r}; {_suggest(str(problem['loc'][-1]), known)}"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "literal_error":
        known = re.findall("'([^']*)'", problem["ctx"]["expected"]) or [problem["ctx"]["expected"]]
        return f"{dotted} is {given!r}; expected one of {', '.join(known)}{nearest(given, known)}"
    return f"{dotted} is {given!r}; {expectation(problem)}"


def _known_keys(section: str, shape: type[Section]) -> list[str]:
    """The keys of a section: of the config itself (``), `train`, or `train.phases.0`."""
    if section.startswith("train.phases"):
        return list(Phase.model_fields)
    fields = shape.model_fields[section].annotation.model_fields if section else shape.model_fields
    return [field.alias or name for name, field in fields.items()]


def expectation(problem: dict[str, Any]) -> str:
    """What pydantic expected where it found a problem: `it should be greater than 0`."""
    if problem["type"] == "missing":
        return "a value is needed here"
    if problem["type"] in ("model_type", "dict_type"):
        return "expected a mapping of its fields"
    if problem["type"] == "string_pattern_mismatch":
        return "it should be letters, digits and any of _ . + = -, with a letter, a digit or _ first"
    _, _, rest = problem["msg"].partition(" should ")
    return f"it should {rest}" if rest else problem["msg"]
