"""What a run is told: typed, with every default written here and nowhere else."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from vgglab.errors import ConfigError

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "nadam", "adamax", "adagrad", "adadelta", "lion")
DATASETS = ("digits", "cifar10", "cifar100")
MODELS = ("vgg16",)
TAKES_MOMENTUM = ("sgd", "rmsprop")
NAME_PATTERN = r"^\w[\w.+=-]*$"  # a folder's name that is neither hidden, nor "..", nor taken for an option


def _no_bool(value: Any) -> Any:
    """Python takes True for 1; `epochs: true` is a mistake."""
    if isinstance(value, bool):
        raise PydanticCustomError("bool_for_number", "Input should be a number")
    return value


def _split(value: Any) -> Any:
    """`"512,256"` or `512`, as they come from a command line, as a list."""
    if isinstance(value, str):
        return [part for part in value.split(",") if part]
    return [value] if isinstance(value, int) else value


Whole = Annotated[int, BeforeValidator(_no_bool)]
Number = Annotated[float, BeforeValidator(_no_bool)]


class Section(BaseModel):
    """A part of the config: immutable, and no key is taken that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DataConfig(Section):
    """Which images, and how they are split."""

    name: Literal[DATASETS] = Field("digits", description="data set")
    coarse: bool = Field(False, description="cifar100: the 20 coarse labels in place of the 100 fine ones")
    validation: Number = Field(0.2, gt=0, lt=1, description="share of the training images kept for validation")
    split_seed: Whole = Field(0, ge=0, description="seed of the split")
    limit: Whole | None = Field(None, ge=1, description="at most this many images per part, stratified")

    @model_validator(mode="after")
    def _coarse_labels_exist(self) -> "DataConfig":
        if self.coarse and self.name != "cifar100":
            raise ValueError(f"data.coarse: only cifar100 has coarse labels, the data set is {self.name}")
        return self


class ModelConfig(Section):
    """Which network."""

    name: Literal[MODELS] = Field("vgg16", description="network")
    batch_norm: bool = Field(False, description="BatchNormalization after each convolution")
    dropout: Number = Field(0.0, ge=0, lt=1, description="Dropout after each convolution but a block's last: the rate")
    width: Number = Field(1.0, gt=0, description="factor on the filters and the dense units")
    dense_units: Annotated[tuple[Annotated[Whole, Field(ge=1)], ...], BeforeValidator(_split)] = Field(
        (4096, 4096), description="units of fc1, fc2, ..."
    )


class TrainConfig(Section):
    """How the network is trained."""

    optimizer: Literal[OPTIMIZERS] = Field("sgd", description="optimizer")
    learning_rate: Number = Field(0.01, gt=0, description="learning rate")
    momentum: Number = Field(0.0, ge=0, lt=1, description="momentum, for sgd and rmsprop")
    epochs: Whole = Field(10, ge=1, description="times through the training images")
    batch_size: Whole = Field(64, ge=1, description="images per step")
    seed: Whole = Field(0, ge=0, lt=2**32, description="seed of the weights, the data order and dropout")
    signals: bool = Field(True, description="record what a diagnosis needs")

    @model_validator(mode="after")
    def _momentum_is_used(self) -> "TrainConfig":
        if self.momentum and self.optimizer not in TAKES_MOMENTUM:
            allowed = " or ".join(TAKES_MOMENTUM)
            raise ValueError(f"train.momentum: {self.optimizer} takes none; use {allowed}, or leave it 0")
        return self


class RunConfig(Section):
    """One run, fully resolved: nothing else decides what happens but the code and the machine."""

    name: Annotated[str, Field(pattern=NAME_PATTERN, max_length=150)] | None = Field(
        None, description="name of the run's folder"
    )
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()


def config_fields() -> dict[str, Any]:
    """Dotted name -> pydantic field, for every leaf of the config in its order."""
    fields = {"name": RunConfig.model_fields["name"]}
    for section in ("data", "model", "train"):
        for name, field in RunConfig.model_fields[section].annotation.model_fields.items():
            fields[f"{section}.{name}"] = field
    return fields


def option_name(dotted: str) -> str:
    """The short name of a field on the command line and in Python: `train.epochs` -> `epochs`."""
    section, _, name = dotted.rpartition(".")
    return section if section and name == "name" else name


def flatten(config: RunConfig) -> dict[str, Any]:
    """Dotted name -> value, for every leaf."""
    tree = config.model_dump(mode="json")
    flat = {"name": tree.pop("name")}
    for section, values in tree.items():
        flat |= {f"{section}.{name}": value for name, value in values.items()}
    return flat


def make_config(tree: dict[str, Any], overrides: dict[str, Any] | None = None, source: str = "config") -> RunConfig:
    """A checked config from a nested dict and dotted overrides, the latter winning.

    Raises:
        ConfigError: an unknown key or a wrong value, in one line that names `source` and the field.
    """
    if not isinstance(tree, dict):
        raise ConfigError(f"{source}: expected a mapping such as 'train: {{epochs: 3}}', got {tree!r}")
    merged = {key: dict(value) if isinstance(value, dict) else value for key, value in tree.items()}
    for dotted, value in (overrides or {}).items():
        _set(merged, dotted, value, source)
    try:
        return RunConfig.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_explain(error, source)) from None


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


def read_yaml(path: Path | str) -> Any:
    """The content of a YAML file.

    Raises:
        ConfigError: there is no such file, or it is not YAML; the line and column are named.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(f"{path}: no such file; expected a YAML file") from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise ConfigError(f"{path}: not a text file; expected a YAML file") from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str) -> Any:
    """YAML text as Python values; errors are one line that names `source`."""
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: what looks like a date and is none
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise ConfigError(f"{source}: not valid YAML{where}: {problem}") from None


def dump_yaml(tree: Any) -> str:
    """Python values as YAML text, keys in their order."""
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def nearest(given: str, known: list[str] | tuple[str, ...]) -> str:
    """`; did you mean 'adam'?` for a near miss, else nothing."""
    matches = get_close_matches(str(given), known, n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def _suggest(given: str, known: Any) -> str:
    return f"known: {', '.join(known)}{nearest(given, tuple(known))}"


def _set(tree: dict[str, Any], dotted: str, value: Any, source: str) -> None:
    section, _, name = dotted.rpartition(".")
    if dotted not in config_fields():
        raise ConfigError(f"{source}: unknown field {dotted!r}; {_suggest(dotted, config_fields())}")
    target = tree.setdefault(section, {}) if section else tree
    if not isinstance(target, dict):
        raise ConfigError(f"{source}: {section} is {target!r}; expected a mapping of its fields")
    target[name] = value


def _explain(error: ValidationError, source: str) -> str:
    """The first problem as one line; how many more there are."""
    problems = error.errors(include_url=False)
    first, more = problems[0], len(problems) - 1
    suffix = f" (and {more} more)" if more else ""
    return f"{source}: {_explain_one(first)}{suffix}"


def _explain_one(problem: dict[str, Any]) -> str:
    dotted = ".".join(str(part) for part in problem["loc"])
    given = problem.get("input")
    if problem["type"] in ("extra_forbidden", "invalid_key"):
        section = ".".join(str(part) for part in problem["loc"][:-1])
        known = [name.removeprefix(f"{section}.") for name in config_fields() if name.startswith(section)]
        if not section:
            known = list(RunConfig.model_fields)
        return f"unknown key {dotted!r}; {_suggest(str(problem['loc'][-1]), known)}"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "literal_error":
        known = _choices(dotted)
        return f"{dotted} is {given!r}; expected one of {', '.join(known)}{nearest(given, known)}"
    return f"{dotted} is {given!r}; {expectation(problem)}"


def expectation(problem: dict[str, Any]) -> str:
    """What pydantic expected where it found a problem: `it should be greater than 0`."""
    if problem["type"] in ("model_type", "dict_type"):
        return "expected a mapping of its fields"
    if problem["type"] == "string_pattern_mismatch":
        return "it should be letters, digits and any of _ . + = -, with a letter, a digit or _ first"
    _, _, rest = problem["msg"].partition(" should ")
    return f"it should {rest}" if rest else problem["msg"]


def _choices(dotted: str) -> tuple[str, ...]:
    return config_fields()[dotted].annotation.__args__
