"""The values of variables: copied, given, and lent for a while."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


def copies(variables: Iterable[keras.Variable]) -> list[np.ndarray]:
    """Their values, which stay as they are when the variables change."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: Iterable[keras.Variable], values: Iterable[Any]) -> None:
    """Give each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


@contextmanager
def holding(variables: list[keras.Variable], values: list[np.ndarray]) -> Iterator[None]:
    """Have variables hold other values inside the block."""
    own = copies(variables)
    assign(variables, values)
    try:
        yield
    finally:
        assign(variables, own)
