"""A pass through a model, values given, with its layers listened to: nothing of the model changes, on any backend."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops

from vgglab.keras_tools.steps import outputs_of

Values = tuple[list[Any], list[Any]]  # of what is trained, and of what is not


def values_of(model: keras.Model) -> Values:
    """The values that a model has now; tensors that later steps may overwrite."""
    return [each.value for each in model.trainable_variables], [each.value for each in model.non_trainable_variables]


def kept_values(model: keras.Model) -> Values:
    """Copies of the values that a model has now."""
    trained, fixed = values_of(model)
    return [ops.convert_to_numpy(one).copy() for one in trained], [ops.convert_to_numpy(one).copy() for one in fixed]


def call_in(model: keras.Model, values: Values, inputs: Any, training: bool) -> Any:
    """What a model gives with other values than its own; whatever it updates on the way is discarded.

    Args:
        model: built.
        values: of its trainable and of its other variables.
        inputs: as it takes them.
        training: whether it runs as in training; some models cannot be told.
    """
    trained, fixed = values
    mapping = [
        *zip(model.trainable_variables, trained, strict=True),
        *zip(model.non_trainable_variables, fixed, strict=True),
    ]
    with keras.StatelessScope(mapping):
        return outputs_of(model, inputs, training)


def quickly(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function as it runs fast on this backend: JAX compiles it, torch keeps no graph for gradients."""
    if keras.backend.backend() != "torch":
        return jitted(function)
    import torch

    def undisturbed(*given: Any) -> Any:
        with torch.no_grad(), own_torch_numbers():
            return function(*given)

    return undisturbed


def jitted(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function as JAX runs it fast: compiled; as it is on other backends."""
    if keras.backend.backend() != "jax":
        return function
    import jax

    return jax.jit(function)


@contextmanager
def own_torch_numbers() -> Iterator[None]:
    """Put torch's random state back: Keras's Dropout and torch's order of data both draw from it."""
    import torch

    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        yield


def first_tensor(given: Any) -> Any:
    """The first tensor of what a layer takes or gives that has rows and columns; None for none."""
    found = (each for each in keras.tree.flatten(given) if len(getattr(each, "shape", ())) > 1)
    return next(found, None)


def to_array(tensor: Any) -> Any:
    """A tensor as an array of single or double precision, or as it is."""
    array = ops.convert_to_numpy(tensor)
    return array if array.dtype.kind in "iub" or array.dtype.itemsize >= 4 else array.astype("float32")


def parts_of(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a model and of the models in it, each once; layers inside layers are not looked into."""
    found: list[keras.layers.Layer] = []
    for layer in model.layers:
        found += parts_of(layer) if isinstance(layer, keras.Model) else [layer]
    return list(dict.fromkeys(found))
