"""Backbones: the networks of keras.applications, and the convolutional part of models that were saved."""

import inspect
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from socket import getdefaulttimeout, setdefaulttimeout
from typing import Any, Protocol

import keras

from vgglab.config.schema import BUILTIN, BUILTIN_WIDTH, HUB_PREFIX, RUN_PREFIX, RunConfig
from vgglab.config.yaml_text import nearest
from vgglab.errors import ConfigError, DataError, RunError, first_line
from vgglab.keras_tools.graph import run_through
from vgglab.models.builtin import builtin_path
from vgglab.models.hub import find_hub
from vgglab.models.preprocessing import INPUT, RESCALING, RESIZING, treat_alike
from vgglab.models.weights import copy_weights, load_weights
from vgglab.runs.files import write_atomic
from vgglab.runs.remote.folder import fetched
from vgglab.runs.saved_model import have_registered, read_architecture
from vgglab.runs.store import find_folder

WEIGHTS = ("imagenet", "builtin", "none")
PATIENCE = 15.0  # seconds without a byte before a download counts as failed

Tensor = Any  # a symbolic tensor of Keras


class Backbone(Protocol):
    """A network without its head."""

    name: str

    def treat(self, x: Tensor) -> Tensor:
        """Raw images (N, H, W, 3), 0 to 255, as the network was trained on them."""

    def features(self, x: Tensor) -> Tensor:
        """Feature maps (N, h, w, filters) of treated images (N, H, W, 3), by layers that are new."""


def find_backbone(config: RunConfig) -> Backbone:
    """What `config.backbone` names; nothing is built or downloaded yet.

    Raises:
        ConfigError: an unknown backbone or weights, no such file, or a setting that it does not come with.
        RunError: there is no such run.
    """
    name, weights = config.backbone.name, config.backbone.weights or "none"
    keyword = weights.lower()
    if name and name.startswith(HUB_PREFIX):
        if config.model.width != 1:
            raise ConfigError(f"model.width is {config.model.width}; presets of KerasHub come at width 1")
        return find_hub(_plain(config, name).backbone.name, keyword)
    if keyword == "builtin":
        return SavedBackbone(_builtin(_plain(config, "the built-in network")))
    path = None if keyword in WEIGHTS else _weights_file(weights)
    if name is None:
        if path is None or path.suffix != ".keras":
            raise ConfigError(f"--weights {weights} need a network; name one with --backbone, such as MobileNetV2")
        _plain(config, weights)
        return SavedBackbone(path)
    backbone = Application(find_application(name), path or keyword, config.model.width)
    if config.model.width != 1 and not backbone.has_width:
        width = config.model.width
        raise ConfigError(f"model.width is {width}; {backbone.name} of keras.applications comes at width 1")
    _plain(config, f"{backbone.name} of keras.applications")
    return backbone


def undownloaded(config: RunConfig) -> RunConfig:
    """`config` with random weights where its own would have to be fetched: for who only looks at the network."""
    backbone = config.backbone
    if (backbone.weights or "").lower() not in ("imagenet", "preset"):
        return config
    return config.model_copy(update={"backbone": backbone.model_copy(update={"weights": "none"})})


def application_names() -> tuple[str, ...]:
    """The networks of keras.applications: whatever functions it has."""
    return tuple(name for name, _ in inspect.getmembers(keras.applications, inspect.isfunction))


def find_application(name: str) -> str:
    """The network of keras.applications that `name` stands for, in capitals or not.

    Raises:
        ConfigError: there is none; the nearest is named.
    """
    known = {each.lower(): each for each in application_names()}
    if name.lower() not in known:
        close = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
        hint = f"did you mean {known[close[0]]!r}?" if close else f"known: {', '.join(known.values())}"
        raise ConfigError(f"unknown backbone {name!r}; expected a network of keras.applications; {hint}")
    return known[name.lower()]


@dataclass(frozen=True)
class Application:
    """A network of keras.applications.

    Attributes:
        name: as keras.applications has it.
        weights: `imagenet`, `none` or a weights file.
        width: factor on the filters, which its function calls `alpha`; 1 for networks that have none.
    """

    name: str
    weights: str | Path = "none"
    width: float = 1.0

    @property
    def builder(self) -> Callable[..., keras.Model]:
        """The function of keras.applications."""
        return getattr(keras.applications, self.name)

    @property
    def has_width(self) -> bool:
        """Whether it comes in several widths."""
        return "alpha" in inspect.signature(self.builder).parameters

    @property
    def preprocess_input(self) -> Callable[..., Any]:
        """What its module does to arrays of images; nothing, where the network begins with that itself."""
        return inspect.getmodule(self.builder).preprocess_input

    def treat(self, x: Tensor) -> Tensor:
        """Raw images (N, H, W, 3), 0 to 255, as the network was trained on them."""
        return treat_alike(x, self.preprocess_input)

    def features(self, x: Tensor) -> Tensor:
        """Feature maps (N, h, w, filters) of treated images (N, H, W, 3).

        EfficientNet has one layer more with `imagenet` than otherwise: Keras's own weights belong there, not in a file.

        Raises:
            ConfigError: images of a size that the network cannot take, or weights of another network.
            DataError: the weights cannot be had, or are damaged.
        """
        imagenet = self.weights == "imagenet"
        try:
            with download(self.name) if imagenet else warnings.catch_warnings():
                model = self.builder(
                    include_top=False,
                    weights="imagenet" if imagenet else None,
                    input_tensor=x,
                    input_shape=tuple(x.shape[1:]),
                    **({"alpha": self.width} if self.has_width else {}),
                )
        except ValueError as error:
            raise ConfigError(self._problem(x, first_line(error))) from None
        if isinstance(self.weights, Path):
            load_weights(model, self.weights, self.name)
        return model.output

    def _problem(self, x: Tensor, said: str) -> str:
        """What Keras said of images or weights that the network cannot take, in our words."""
        if widths := re.search(r"alpha (?:must|can) be one of ?(.*) only", said):
            return f"imagenet weights of {self.name} come at width {widths[1].replace('`', '')}, not {self.width}"
        sides = "x".join(map(str, x.shape[1:3]))
        if least := re.search(r"at least (\d+)", said):
            return (
                f"{self.name} needs images of {least[1]}x{least[1]} or more, not {sides}; set --image-size {least[1]}"
            )
        if "not available with" in said:  # the NASNets, on torch
            return f"Keras has no {self.name} for {keras.backend.backend()}; choose another network, or KERAS_BACKEND"
        return f"{self.name} cannot take images of {sides}: {said}"


@dataclass(frozen=True)
class SavedBackbone:
    """The convolutional part of a saved model: from behind its input treatment to its last feature maps.

    Attributes:
        path: a `.keras` file.
    """

    path: Path

    @cached_property
    def model(self) -> keras.Model:
        """The model as it was saved.

        Raises:
            ConfigError: it has no feature maps.
            DataError: the file is damaged.
            RunError: it needs code that is not there, or is not to be executed.
        """
        try:
            have_registered(read_architecture(self.path), self.path)
            model = keras.saving.load_model(self.path, compile=False)
        except RunError:
            raise
        except Exception as error:  # whatever a damaged archive, config or weights raise
            raise DataError(f"{self.path}: cannot be loaded ({first_line(error)}); restore it from a copy") from None
        if len(getattr(model, "operations", [])) < 2 or not any(_is_maps(each) for each in model.operations):
            raise ConfigError(f"{self.path}: not a convolutional network; expected a model that vgglab saved")
        return model

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def feature_maps(self) -> Tensor:
        """The model's last feature maps, (N, h, w, filters)."""
        return [operation.output for operation in self.model.operations if _is_maps(operation)][-1]

    @property
    def _raw(self) -> Tensor:
        """Raw images, in the size that the network wants."""
        return self._last_output({RESIZING})

    @property
    def _treated(self) -> Tensor:
        first_runs = {"rescaling"} if self.name == "vgg16" else set()  # what vgglab 0.1 called it
        return self._last_output({RESIZING, RESCALING} | first_runs)

    def _last_output(self, names: set[str]) -> Tensor:
        """The output of the last operation of these names; the input where there is none."""
        outputs = [operation.output for operation in self.model.operations if operation.name in names]
        return outputs[-1] if outputs else self.model.input

    def treat(self, x: Tensor) -> Tensor:
        """Raw images (N, H, W, 3), 0 to 255, as the network was trained on them."""
        return replay(self._raw, self._treated, x)

    def features(self, x: Tensor) -> Tensor:
        """Feature maps (N, h, w, filters) of treated images (N, H, W, 3), by layers of the same names.

        Raises:
            ConfigError: images of a size that the network cannot take.
        """
        try:
            return replay(self._treated, self.feature_maps, x, self._paddings(x))
        except ValueError:
            sides, own = ("x".join(map(str, tensor.shape[1:3])) for tensor in (x, self._treated))
            side = max(self._treated.shape[1:3])
            problem = f"images of {sides} are too small for its network, made for {own}; set --image-size {side}"
            raise ConfigError(f"{self.path}: {problem}") from None

    def _paddings(self, x: Tensor) -> dict[str, dict[str, Any]]:
        """The settings of the padding layers where `x` has another size than the images of the saved model.

        Some networks of keras.applications pad odd and even sizes differently: what is right for `x` is asked of them.
        """
        known = {name.lower(): name for name in application_names()}
        ours = _padding_layers(self.model)
        if not ours or self.name.lower() not in known or x.shape == self._treated.shape:
            return {}
        image = keras.Input(x.shape[1:], name=INPUT)
        fresh = Application(known[self.name.lower()]).features(image)
        theirs = _padding_layers(keras.Model(image, fresh))
        if len(ours) != len(theirs):  # a network of ours with the same name
            return {}
        return {old.name: {"padding": new.padding} for old, new in zip(ours, theirs, strict=True)}


def replay(start: Tensor, end: Tensor, x: Tensor, changes: dict[str, dict[str, Any]] | None = None) -> Tensor:
    """What comes of `x` by the way from `start` to `end` in another model: copies of its layers and weights.

    Unlike the model itself as a layer, this leaves a flat model. Nothing in it is frozen.

    Args:
        start: a symbolic tensor of the other model.
        end: one that follows from it.
        x: what to put in the place of `start`.
        changes: settings in which a copy differs, by the layer's name.
    """
    if start is end:
        return x
    copies: dict[keras.Operation, keras.Operation] = {}

    def copy(operation: keras.Operation) -> keras.Operation:
        if operation not in copies:
            config = operation.get_config() | (changes or {}).get(operation.name, {})
            copies[operation] = type(operation).from_config(config)
        return copies[operation]

    result = run_through(keras.Model(start, end), [x], copy)
    for old, new in copies.items():
        if isinstance(new, keras.layers.Layer):
            new.trainable = True
            copy_weights(old, new)
    return result


def export_features(folder: Path | str, target: Path) -> None:
    """Write the best model of a run without its head: what `--weights PATH` and `builtin` start from.

    Args:
        folder: the run folder, or a run's name below `./runs`.
        target: the `.keras` file to write.

    Raises:
        RunError: the run is not there, or has no model yet.
    """
    saved = SavedBackbone(_best_model(str(folder)))
    features = keras.Model(saved.model.input, saved.feature_maps, name=saved.name)
    write_atomic(target, features.save)


@contextmanager
def download(name: str) -> Iterator[None]:
    """Let Keras fetch weights: it speaks on stderr, gives up soon, and says in one line what to fetch by hand.

    Raises:
        DataError: the weights cannot be had; the line has the file, its address and the folder it belongs in.
    """
    patience = getdefaulttimeout()
    setdefaulttimeout(PATIENCE)
    try:
        with redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*input_shape.* is undefined or non-square")
            yield
    except Exception as error:
        if problem := _download_problem(error):
            raise DataError(f"weights of {name}: {problem}") from None
        raise
    finally:
        setdefaulttimeout(patience)


def _download_problem(error: Exception) -> str | None:
    """What to fetch and where to put it, by what Keras was fetching or reading; None where it was not."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for known in (frame.f_locals for frame in frames if frame.f_code.co_name == "get_file"):
        reason = re.sub(r"^URL fetch failure on \S+ (None -- )?", "", first_line(error)) or "no answer"
        return f"cannot fetch {known['fname']} ({reason}); get {known['origin']} and put it into {known['datadir']}"
    for path in (frame.f_locals["weights_path"] for frame in frames if "weights_path" in frame.f_locals):
        return f"{path} is damaged ({first_line(error)}); delete it, and it is fetched again"
    return None


def _weights_file(weights: str) -> Path:
    if weights.startswith(RUN_PREFIX):
        return _best_model(weights.removeprefix(RUN_PREFIX))
    path = Path(weights).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"--weights {weights}: no such file; expected a .weights.h5, .h5 or .keras file, run:ID, "
            f"or one of {', '.join(WEIGHTS)}{nearest(weights.lower(), WEIGHTS)}"
        )
    return path


def _best_model(run: str) -> Path:
    path = fetched(find_folder(run) / "best.keras")
    if not path.is_file():
        raise RunError(f"run {run}: there is no {path}; expected a run's folder, or its name below ./runs")
    return path


def _builtin(config: RunConfig) -> Path:
    wanted, width = config.backbone.name or BUILTIN[0], config.model.width
    name = next((known for known in BUILTIN if known.lower() == wanted.lower()), None)
    if name is None:
        raise ConfigError(f"--weights builtin are those of {' or '.join(BUILTIN)}, not of {wanted}; try imagenet")
    if width not in (1, BUILTIN_WIDTH):
        raise ConfigError(f"--weights builtin come at width {BUILTIN_WIDTH}, not {width}; leave it out")
    if not builtin_path(name).is_file():
        raise DataError(f"{builtin_path(name)}: the built-in weights are missing; install vgglab again")
    return builtin_path(name)


def _plain(config: RunConfig, name: str) -> RunConfig:
    """`config`, which has no settings of networks from scratch: they would say nothing about a pretrained one."""
    for field in ("batch_norm", "dropout"):
        if getattr(config.model, field):
            raise ConfigError(f"model.{field} is for networks from scratch; {name} is taken as it is, leave it out")
    return config


def _padding_layers(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.ZeroPadding2D)]


def _is_maps(operation: keras.Operation) -> bool:
    """Whether an operation gives images or feature maps."""
    return len(getattr(operation.output, "shape", ())) == 4
