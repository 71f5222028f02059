"""The shapes of what layers give, also of those inside a layer or a model with a `call` of its own."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np

from vgglab.keras_tools.calls import replaced_calls

Shapes = dict[keras.layers.Layer, tuple[int | None, ...]]


def shapes_of(model: keras.Model, layers: list[keras.layers.Layer]) -> Shapes:
    """Layer -> shape of its output for an image, without the batch; none for a layer that is not called.

    What is inside a `call` has no place in a graph: an image of zeros is sent through to see it.
    """
    hidden = [layer for layer in layers if not layer._inbound_nodes]
    found = {layer: tuple(layer.output.shape[1:]) for layer in layers if layer._inbound_nodes}
    if hidden:
        with replaced_calls(hidden, lambda layer: partial(_watched, layer, layer.call, found)):
            model(np.zeros((1, *(side or 32 for side in model.inputs[0].shape[1:])), "float32"), training=False)
    return found


def _watched(layer: Any, call: Callable[..., Any], found: Shapes, *inputs: Any, **options: Any) -> Any:
    given = call(*inputs, **options)
    if hasattr(given, "shape"):
        found[layer] = tuple(given.shape[1:])
    return given
