"""The values of variables: copied, given, and lent for a while."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


def copies(variables: Iterable[keras.Variable]) -> list[np.ndarray]:
    """Their values, which stay as they are when the variables change."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def snapshots(variables: Iterable[keras.Variable]) -> list[Any]:
    """Such copies where the values are: on JAX's device, from where arrays would come slowly; else arrays."""
    if keras.backend.backend() != "jax":
        return copies(variables)
    return [keras.ops.copy(variable.value) for variable in variables]


def assign(variables: Iterable[keras.Variable], values: Iterable[Any]) -> None:
    """Give each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


@contextmanager
def holding(variables: list[keras.Variable], values: list[Any]) -> Iterator[None]:
    """Have variables hold other values inside the block."""
    own = snapshots(variables)
    assign(variables, values)
    try:
        yield
    finally:
        assign(variables, own)
