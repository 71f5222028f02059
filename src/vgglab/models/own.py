"""A person's own network: what a function makes, or a model in a file, put behind our treatment of images."""

import inspect
from collections.abc import Callable
from typing import Any

import keras

from vgglab.config.schema import ModelConfig
from vgglab.config.yaml_text import nearest
from vgglab.errors import ConfigError, RunError, VgglabError, first_line
from vgglab.keras_tools.ending import as_probabilities
from vgglab.keras_tools.graph import fresh_names, functional, inner_layers, nodes_in_order, reloaded, run_flat
from vgglab.runs.saved_model import open_model, read_member, reason
from vgglab.runs.source import Source, find_source, imports_of, load_function

GIVEN = ("input_shape", "classes")  # what every function is called with
PIXELS = 0.05  # factor of a Rescaling below which it wants pixels from 0 to 255
REGISTER = "register its layers with @keras.saving.register_keras_serializable() and give them get_config"

Tensor = Any  # a symbolic tensor of Keras


def own_model(image: Tensor, x: Tensor, config: ModelConfig, classes: int) -> keras.Model:
    """The network that `config` names, from raw images to probabilities, as it comes out of a file again.

    Args:
        image: symbolic tensor of the raw images.
        x: the same, resized and treated.
        config: its `name` is that of a function or a file.
        classes: number of classes.

    Raises:
        ConfigError: it is no classifier of such images.
        RunError: its file is damaged, or is that of a run folder and was changed.
    """
    source = find_source(config.name)
    with fresh_names():
        model = _made(source, config, tuple(x.shape[1:]), classes) if source.function else _loaded(source)
        _check(model, config, tuple(x.shape[1:]))
        try:
            whole = keras.Model(image, _run(model, x), name=_name(model, source))
            _check_classes(whole, config, classes)
            return _saved(as_probabilities(whole), config)
        except VgglabError:
            raise
        except Exception as error:  # a call of its own may raise anything
            raise ConfigError(f"{config.name}: {_short(first_line(error))}") from None


def check_frozen(model: keras.Model, config: ModelConfig) -> None:
    """Refuse layers that an own network froze itself: what is frozen is for `--freeze` to say, and is recorded.

    Raises:
        ConfigError: there are some; the layer to train from is named.
    """
    weighted = [layer for layer in model.layers if layer.weights]
    frozen = [layer for layer in weighted if any(not part.trainable for part in inner_layers(layer))]
    if frozen:
        first = next((layer.name for layer in weighted if layer not in frozen), "all")
        raise ConfigError(
            f"{config.name}: froze {frozen[0].name} itself (trainable = False); leave that out, say --freeze {first}"
        )


def _made(source: Source, config: ModelConfig, shape: tuple[int, int, int], classes: int) -> keras.Model:
    function = load_function(source)
    given = _arguments(function, config, {"input_shape": shape, "classes": classes})
    try:
        with imports_of(source):
            model = function(**given)
    except Exception as error:
        raise ConfigError(f"{config.name}: raised {type(error).__name__}: {first_line(error)}") from None
    if not isinstance(model, keras.Model):
        raise ConfigError(f"{config.name}: returned {_kind(model)}; expected a keras.Model")
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *shape))
    return model


def _arguments(function: Callable[..., Any], config: ModelConfig, given: dict[str, Any]) -> dict[str, Any]:
    """What a function is called with.

    Raises:
        ConfigError: it does not take that, or wants more.
    """
    known = inspect.signature(function).parameters
    named = {name: each for name, each in known.items() if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)}
    anything = any(each.kind is each.VAR_KEYWORD for each in known.values())
    own = [name for name in named if name not in GIVEN]
    for name in GIVEN:
        if name not in named and not anything:
            raise ConfigError(f"{config.name}: takes no {name}; expected def make(input_shape, classes, ...)")
        if name in config.arguments:
            raise ConfigError(f"model.arguments.{name} follows from the data; leave it out")
    for name in config.arguments:
        if name not in named and not anything:
            has = f"it takes {', '.join(own)}{nearest(name, own)}" if own else "it takes none"
            raise ConfigError(f"{config.name}: takes no argument {name!r}; {has}")
    for name in own:
        if named[name].default is inspect.Parameter.empty and name not in config.arguments:
            raise ConfigError(f"{config.name}: needs a value for {name}; --set model.arguments.{name}=VALUE")
    return given | config.arguments


def _loaded(source: Source) -> keras.Model:
    try:
        return open_model(source.path)
    except RunError as error:
        raise ConfigError(str(error)) from None


def _check(model: keras.Model, config: ModelConfig, shape: tuple[int, int, int]) -> None:
    """Refuse a model that takes other inputs, or pixels that it scales itself after we have."""
    graph = functional(model)
    if graph is None:
        return
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        counts = f"{len(graph.inputs)} inputs and {len(graph.outputs)} outputs"
        raise ConfigError(f"{config.name}: has {counts}; expected images in and one output")
    wanted = tuple(graph.inputs[0].shape[1:])
    if len(wanted) != 3 or any(side not in (None, given) for side, given in zip(wanted, shape, strict=True)):
        sides = f"; --image-size {wanted[0]}" if len(wanted) == 3 and wanted[0] == wanted[1] and wanted[2] == 3 else ""
        raise ConfigError(f"{config.name}: takes {_sides(wanted)}; expected images of {_sides(shape)}{sides}")
    if config.preprocessing != "none" and (scales_itself(graph) or read_own(config)):
        raise ConfigError(f"{config.name}: scales pixels from 0 to 255 itself; say --preprocessing none")


def read_own(config: ModelConfig) -> bool:
    """Whether a network is a file that vgglab saved, which takes raw images."""
    return config.name.endswith(".keras") and read_member(find_source(config.name).path) is not None


def scales_itself(graph: keras.Model) -> bool:
    """Whether a network begins with a Rescaling that wants pixels from 0 to 255."""
    first = next((node.operation for node in nodes_in_order(graph) if not node.is_input), None)
    scale = getattr(first, "scale", None) if isinstance(first, keras.layers.Rescaling) else None
    return isinstance(scale, int | float) and abs(scale) < PIXELS


def _run(model: keras.Model, x: Tensor) -> Tensor:
    """What a model makes of images, by its layers where it is a graph of them."""
    graph = functional(model)
    if graph is None:
        return model(x)
    try:
        return run_flat(graph, [x])
    except ValueError:  # two models in it have layers of one name
        return model(x)


def _check_classes(model: keras.Model, config: ModelConfig, classes: int) -> None:
    output = model.output
    columns = output.shape[-1] if hasattr(output, "shape") and len(output.shape) == 2 else None
    if columns == classes or (columns == 1 and classes == 2):
        return
    shape = _sides(output.shape[1:]) if hasattr(output, "shape") else _kind(output)
    raise ConfigError(
        f"{config.name}: gives {shape} for an image; expected {classes} probabilities, one for each class"
    )


def _saved(model: keras.Model, config: ModelConfig) -> keras.Model:
    try:
        return reloaded(model)
    except Exception as error:
        raise ConfigError(
            f"{config.name}: cannot be saved and loaded again ({_short(reason(error))}); {REGISTER}"
        ) from None


def _name(model: keras.Model, source: Source) -> str:
    """The model's name, or that of its function where Keras has made it up."""
    made_up = model.name.rstrip("0123456789_") in ("functional", "sequential", "model")
    return source.function if made_up and source.function else model.name


def _short(text: str) -> str:
    """The first sentence of what Keras says."""
    return " ".join(text.split()).partition(". ")[0][:200]


def _kind(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def _sides(shape: Any) -> str:
    return "x".join(str(side or "any") for side in shape) or "a number"
