"""Layers that compute in half precision for a while: their weights stay float32, and files know nothing of it.

Keras's mixed policies are set on layers that were built with its default one, and taken off again. So a network is
built, cut, saved and evaluated the same way whatever precision it trains in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from vgglab.keras_tools.calls import forget_traces
from vgglab.keras_tools.graph import inner_layers
from vgglab.keras_tools.passes import parts_of

FULL = keras.DTypePolicy("float32")
HALF = {"bfloat16": keras.DTypePolicy("mixed_bfloat16"), "float16": keras.DTypePolicy("mixed_float16")}
SCALES = (keras.layers.Rescaling, keras.layers.Normalization)  # weights, if any, of what only rescales an image


@contextmanager
def computing_in(model: keras.Model, precision: str) -> Iterator[None]:
    """Have a model's layers compute in a precision inside the block.

    What comes before the first layer that learns, the last layer with weights and what follows it stay as they are:
    raw pixels and probabilities have float32. So do layers whose own policy is not Keras's default.

    Args:
        model: built; what it traced is dropped on both sides.
        precision: `float32` leaves everything as it is; `bfloat16` or `float16`.
    """
    if precision not in HALF:
        yield
        return
    forget_traces(model)
    try:
        with _having(lowered_layers(model), HALF[precision]):
            yield
    finally:
        forget_traces(model)


@contextmanager
def full_precision(model: keras.Model) -> Iterator[None]:
    """Have what `computing_in` changed be as it was inside the block, such as for a file."""
    changed = [layer for layer in inner_layers(model) if any(layer.dtype_policy is half for half in HALF.values())]
    with _having(changed, FULL):
        yield


def lowered_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers that `computing_in` has compute in half precision."""
    parts = parts_of(model)
    learning = [place for place, layer in enumerate(parts) if layer.weights and not isinstance(layer, SCALES)]
    between = parts[learning[0] : learning[-1]] if learning else []
    inside = [layer for part in between for layer in inner_layers(part)]
    return [layer for layer in inside if type(layer.dtype_policy) is keras.DTypePolicy and layer.dtype_policy == FULL]


def loss_scaling(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """An optimizer that scales the loss, so that small gradients are not lost in float16, around another one."""
    return keras.optimizers.LossScaleOptimizer(optimizer, name="loss_scale")


def inner_optimizer(optimizer: Any) -> Any:
    """The optimizer inside of one that scales the loss; any other as it is."""
    return getattr(optimizer, "inner_optimizer", None) or optimizer


@contextmanager
def _having(layers: list[keras.layers.Layer], policy: keras.DTypePolicy) -> Iterator[None]:
    own = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = policy
    try:
        yield
    finally:
        for layer, before in zip(layers, own, strict=True):
            layer.dtype_policy = before
