"""How large kernels are, and how far they came: by copies on the host, or on JAX's device, which they leave slowly."""

from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.diagnosis.probe import kernel_weights
from vgglab.diagnosis.records import short
from vgglab.keras_tools.passes import jitted
from vgglab.keras_tools.variables import copies, snapshots

Kernels = dict[str, Any]  # layer name -> a copy of its kernel
NOTHING = 1e-12  # is added to a size that is divided by


def kernel_arrays(model: keras.Model) -> Kernels:
    """A copy of the kernel of each layer that trains, as an array."""
    weights = kernel_weights(model)
    return dict(zip(weights, copies(weights.values()), strict=True))


def kernel_snapshots(model: keras.Model) -> Kernels:
    """The same, on JAX where the kernels are: it takes as much of the device's memory again."""
    weights = kernel_weights(model)
    return dict(zip(weights, snapshots(weights.values()), strict=True))


def sizes(kernels: Kernels) -> dict[str, float | None]:
    """Layer name -> 2-norm of its kernel."""
    if _are_arrays(kernels):
        return {name: short(float(np.linalg.norm(kernel))) for name, kernel in kernels.items()}
    return _fetched(_compiled(_norms)(kernels))


def relative_changes(before: Kernels, after: Kernels) -> dict[str, float | None]:
    """Layer name -> size of the change of its kernel relative to the kernel's size (2-norms)."""
    if _are_arrays(before):
        return {
            name: short(float(np.linalg.norm(after[name] - kernel) / (np.linalg.norm(kernel) + NOTHING)))
            for name, kernel in before.items()
        }
    return _fetched(_compiled(_changes)(before, after))


def _are_arrays(kernels: Kernels) -> bool:
    return all(isinstance(kernel, np.ndarray) for kernel in kernels.values())


def _norms(kernels: Kernels) -> Kernels:
    return {name: ops.sqrt(ops.sum(ops.square(kernel))) for name, kernel in kernels.items()}


def _changes(before: Kernels, after: Kernels) -> Kernels:
    moved, sizes_before = _norms({name: after[name] - kernel for name, kernel in before.items()}), _norms(before)
    return {name: moved[name] / (sizes_before[name] + NOTHING) for name in before}


@cache
def _compiled(function: Callable[..., Kernels]) -> Callable[..., Kernels]:
    return jitted(function)


def _fetched(numbers: Kernels) -> dict[str, float | None]:
    """Numbers from the device, all at once."""
    values = ops.convert_to_numpy(ops.stack(list(numbers.values())))
    return {name: short(float(value)) for name, value in zip(numbers, values, strict=True)}
