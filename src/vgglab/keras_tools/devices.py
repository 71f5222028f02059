"""What the backend computes on, and how fast that is: measured, not read from a list."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from vgglab.keras_tools.passes import quickly

SIDES = {"cpu": 2048, "gpu": 8192}  # of the matrices that are multiplied
COPIED = {"cpu": 2**26, "gpu": 2**28}  # bytes
LEAST_SECONDS = 0.2  # of a measurement; one that is longer is done once
MOST = 200  # times that something is done in it
GIB = 2**30


class Device(NamedTuple):
    """A device of the backend.

    Attributes:
        kind: `cpu` or `gpu`.
        name: as its driver has it; "" where it is not told.
        memory_gib: that the backend may take; None where it is not told.
    """

    kind: str
    name: str = ""
    memory_gib: float | None = None


def list_devices() -> list[Device]:
    """The accelerators that the backend sees, else its CPU; the first one is computed on."""
    return _LISTS[keras.backend.backend()]() or [Device("cpu")]


def _jax_devices() -> list[Device]:
    import jax

    found = [each for each in jax.devices() if each.platform != "cpu"]
    return [Device("gpu", each.device_kind, _gib((each.memory_stats() or {}).get("bytes_limit"))) for each in found]


def _torch_devices() -> list[Device]:
    import torch

    if not torch.cuda.is_available():
        return []
    found = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    return [Device("gpu", each.name, _gib(each.total_memory)) for each in found]


def _tensorflow_devices() -> list[Device]:
    import tensorflow as tf

    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [Device("gpu", each.get("device_name", "")) for each in details]


_LISTS = {"jax": _jax_devices, "torch": _torch_devices, "tensorflow": _tensorflow_devices}


def _gib(count: int | None) -> float | None:
    return count and round(count / GIB, 1)


def product_flops(kind: str, dtype: str) -> float:
    """Floating-point operations a second of square matrix products, each of the result of the one before.

    Args:
        kind: of device, for the size.
        dtype: `float32` (as the backend computes it where nothing else is asked for) or `bfloat16`.
    """
    side = SIDES[kind]
    values = np.random.default_rng(0).normal(size=(side, side)).astype("float32") / side**0.5  # results stay as large
    factor = ops.cast(ops.convert_to_tensor(values), dtype)
    multiply = quickly(ops.matmul)
    return 2 * side**3 / seconds_each(lambda result: multiply(result, factor), factor)


def copy_rate(kind: str) -> float:
    """Bytes a second that are read and written where arrays are copied on the device."""
    array = ops.zeros((COPIED[kind] // 4,), "float32")
    return 2 * COPIED[kind] / seconds_each(quickly(lambda values: values + 1), array)


def host_rate(kind: str) -> float | None:
    """Bytes a second of images on their way from the host to the device; None where both are the same."""
    if kind == "cpu":
        return None
    images = np.zeros(COPIED[kind], "uint8")
    return COPIED[kind] / seconds_each(lambda last: ops.convert_to_tensor(images), ops.zeros((1,)))


def seconds_each(work: Callable[[Any], Any], start: Any) -> float:
    """Seconds of a piece of work, the mean over as many as LEAST_SECONDS take, after one that does not count.

    Args:
        work: of the tensor that the last one gave, to a tensor.
        start: the first tensor.
    """
    result = waited_for(work(start))
    times, taken = 1, 0.0
    while True:
        started = time.perf_counter()
        for _ in range(times):
            result = work(result)
        waited_for(result)
        taken = time.perf_counter() - started
        if taken > LEAST_SECONDS or times >= MOST:
            return taken / times
        times = min(MOST, times * 4)


def waited_for(tensor: Any) -> Any:
    """A tensor, once the device has computed it."""
    ops.convert_to_numpy(ops.reshape(tensor, (-1,))[:1])
    return tensor
