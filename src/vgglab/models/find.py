"""A model from what a user calls it: a network with settings, a run, a config or a model file."""

from dataclasses import dataclass
from typing import Any

import keras

from vgglab.config.resolve import from_options, make_config, parse_assignments
from vgglab.config.schema import ARGUMENTS, HUB_PREFIX, MODELS, RunConfig, config_fields, option_name
from vgglab.config.yaml_text import nearest, read_yaml
from vgglab.datasets.load import published_for
from vgglab.errors import ConfigError, UsageError
from vgglab.models.build import build_model
from vgglab.models.preprocessing import UNIFORM
from vgglab.models.pretrained import application_names, undownloaded
from vgglab.runs.remote.folder import fetched
from vgglab.runs.remote.names import url_of
from vgglab.runs.saved_model import load_model, open_model
from vgglab.runs.source import kept_config
from vgglab.runs.store import find_folder, load


@dataclass(frozen=True)
class ModelSource:
    """What a model's name alone leaves open.

    Attributes:
        overrides: dotted config fields.
        input_shape: `HxWxC` in pixels; None takes the data set's.
        classes: number of classes; None takes the data set's.
    """

    overrides: dict[str, Any]
    input_shape: str | None = None
    classes: int | None = None

    def find(self, name: str) -> keras.Model:
        """The model that `name` stands for.

        Raises:
            ConfigError: it names no network, run, config or model file, or a setting is wrong.
        """
        network, *settings = name.split(",")
        if network in MODELS:
            return self._build(make_config({"model": {"name": network}}, self.overrides | _parse(settings), name))
        if network.lower() in map(str.lower, application_names()) or network.startswith(HUB_PREFIX):
            return self._build(make_config({"backbone": {"name": network}}, self.overrides | _parse(settings), name))
        if ":" in network and not url_of(network):
            return self._build(make_config({"model": {"name": network}}, self.overrides | _parse_own(settings), name))
        path = find_folder(name)
        if path.suffix == ".keras":
            return open_model(path)
        if path.suffix in (".yaml", ".yml"):
            return self._build(make_config(read_yaml(path), self.overrides, name))
        if path.is_dir():
            run = load(path)
            run.check_trained("there is no network in the folder; name a .keras file that the script saves")
            saved = fetched(run.folder / "best.keras")
            return load_model(saved) if saved.exists() else self._build(kept_config(run.folder, run.config))
        raise ConfigError(
            f"unknown model {name!r}; expected {', '.join(MODELS)}, a network of keras.applications, FILE.py:FUNCTION, "
            f"a run folder, a .yaml config or a .keras file{nearest(network, (*MODELS, *application_names()))}"
        )

    def _build(self, config: RunConfig) -> keras.Model:
        data = published_for(config)
        shape = _parse_shape(self.input_shape) if self.input_shape else data.image_shape
        return build_model(undownloaded(config), shape, self.classes or data.classes, UNIFORM)


def _parse(settings: list[str]) -> dict[str, Any]:
    pairs = [setting.partition("=") for setting in settings]
    return from_options({name: value or "true" for name, _, value in pairs}, "model")


def _parse_own(settings: list[str]) -> dict[str, Any]:
    """`["depth=8", "image_size=64"]`: what is no field is an argument of one's own network."""
    fields = set(map(option_name, config_fields()))
    own = [setting for setting in settings if setting.partition("=")[0] not in fields]
    arguments = parse_assignments([f"{ARGUMENTS}.{setting}" for setting in own])
    return _parse([setting for setting in settings if setting not in own]) | arguments


def _parse_shape(text: str) -> tuple[int, int, int]:
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(part.isdigit() and int(part) for part in parts):
        raise UsageError(f"--input-shape is {text!r}; expected height x width x channels, such as 224x224x3")
    return tuple(int(part) for part in parts)
