"""The graph of a functional model, as it lies in that model: a layer may have other places in other models."""

from typing import Any

import keras


def nodes_in_order(model: keras.Model) -> list[Any]:
    """The nodes of a functional model, each after those it depends on.

    Each has `operation`, `input_tensors` and `output_tensors`.
    """
    return [node for depth in sorted(model._nodes_by_depth, reverse=True) for node in model._nodes_by_depth[depth]]
