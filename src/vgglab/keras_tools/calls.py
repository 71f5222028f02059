"""Layers that work differently for a while, and are what they were afterwards."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras

Call = Callable[..., Any]


def replaced_calls(
    layers: list[keras.layers.Layer], make: Callable[[keras.layers.Layer], Call]
) -> AbstractContextManager[None]:
    """Give each layer the `call` that `make` makes for it inside the block.

    What a model traced before or inside the block holds on to the call that it was traced with.
    """
    return replaced_methods(layers, "call", make)


@contextmanager
def replaced_methods(
    layers: list[keras.layers.Layer], name: str, make: Callable[[keras.layers.Layer], Call]
) -> Iterator[None]:
    """Give each layer the method of a name that `make` makes for it inside the block."""
    kept = {id(layer): vars(layer)[name] for layer in layers if name in vars(layer)}
    for layer in layers:
        object.__setattr__(layer, name, make(layer))
    try:
        yield
    finally:
        for layer in layers:
            object.__delattr__(layer, name)
            if id(layer) in kept:
                object.__setattr__(layer, name, kept[id(layer)])


def forget_traces(model: keras.Model) -> None:
    """Drop a model's compiled functions, which hold on to the way that they were traced."""
    model.train_function = model.test_function = model.predict_function = None
