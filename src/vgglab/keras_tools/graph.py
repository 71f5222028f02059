"""The graph of a functional model, as it lies in that model: a layer may have other places in other models.

All that the package needs of what Keras keeps to itself stands here. `tests/keras_tools/test_graph.py` says which
versions of Keras it was tried with.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras.src.backend.common import global_state

NAMES = "object_name_uids"  # of Keras: how often it has given each name


def nodes_in_order(model: keras.Model) -> list[Any]:
    """The nodes of a functional model, each after those it depends on.

    Each has `operation`, `input_tensors` and `output_tensors`.
    """
    return [node for depth in sorted(model._nodes_by_depth, reverse=True) for node in model._nodes_by_depth[depth]]


def node_of(tensor: Any) -> Any:
    """The node that a symbolic tensor comes from."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def operation_of(tensor: Any) -> Any:
    """The operation that gave a symbolic tensor; None for any other tensor."""
    history = getattr(tensor, "_keras_history", None)
    return history.operation if history else None


def inner_layers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """A layer or model, and every layer inside it, at any depth."""
    return list(layer._flatten_layers())


def own_variables(layer: keras.layers.Layer) -> list[keras.Variable]:
    """A layer's own weights in the order of files, without those of layers inside it."""
    return layer._trainable_variables + layer._non_trainable_variables


def run_through(graph: keras.Model, inputs: list[Any], replaced: Callable[[Any], Callable[..., Any]]) -> Any:
    """What comes of `inputs` by the way of a functional model, with another operation in the place of each of its."""
    return graph._run_through_graph(inputs, operation_fn=replaced)


def functional(model: Any) -> keras.Model | None:
    """The graph of a model, sequential ones too; None for what has none, such as a subclass with its own `call`."""
    graph = getattr(model, "_functional", None) or model
    return graph if isinstance(graph, keras.Model) and hasattr(graph, "_nodes_by_depth") else None


def inlined(graph: keras.Model) -> keras.Model:
    """The same graph with every functional model in it taken apart into its layers, which both then share."""
    if not any(functional(node.operation) for node in nodes_in_order(graph)):
        return graph
    inputs = [keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype) for tensor in graph.inputs]
    return keras.Model(inputs, run_through(graph, inputs, _taken_apart))


def _taken_apart(operation: keras.Operation) -> Callable[..., Any]:
    inner = functional(operation)
    if inner is None:
        return operation
    return lambda inputs, **options: run_through(inner, inputs, _taken_apart)


def run_flat(graph: keras.Model, inputs: list[Any]) -> Any:
    """What comes of `inputs` by the way of a functional model, models in it taken apart into their layers.

    One that is called with `training=...` stays whole: its layers would lose that.
    """

    def flat(operation: keras.Operation) -> Callable[..., Any]:
        inner = functional(operation)
        if inner is None:
            return operation

        def call(given: Any, **options: Any) -> Any:
            if any(option is not None for option in options.values()):
                return operation(given, **options)
            return run_through(inner, keras.tree.flatten(given), flat)

        return call

    return run_through(graph, inputs, flat)


@contextmanager
def fresh_names() -> Iterator[None]:
    """Have Keras count its made-up names (`conv2d`, `conv2d_1`) anew inside the block, and go on as before after it."""
    before = global_state.get_global_attribute(NAMES)
    global_state.set_global_attribute(NAMES, defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute(NAMES, before)


def reloaded(model: keras.Model) -> keras.Model:
    """The model as it comes out of a file again, with the weights that it has.

    Raises:
        Exception: what cannot be saved and loaded, such as a layer that is not registered.
    """
    config = keras.saving.serialize_keras_object(model)
    again = keras.saving.deserialize_keras_object(config, safe_mode=True)
    again.set_weights(model.get_weights())
    return again
