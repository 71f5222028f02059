"""Whether there is something that computes faster than a CPU, and how arrays get there without anybody waiting."""

from typing import Any

import keras
import numpy as np


def accelerated() -> bool:
    """Whether the backend computes on something else than a CPU."""
    return _FOUND[keras.backend.backend()]()


def put_ahead(array: np.ndarray) -> Any:
    """An array on its way to the accelerator, for the backend to take; nothing waits until it is there.

    TensorFlow's pipelines take arrays as they are.
    """
    return _PUT[keras.backend.backend()](array)


def _jax_accelerated() -> bool:
    import jax

    return jax.default_backend() != "cpu"


def _tensorflow_accelerated() -> bool:
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))


def _torch_accelerated() -> bool:
    import torch

    return torch.cuda.is_available()


def _put_by_jax(array: np.ndarray) -> Any:
    import jax

    return jax.device_put(array)


def _put_by_torch(array: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(array)).pin_memory().to("cuda", non_blocking=True)


_FOUND = {"jax": _jax_accelerated, "tensorflow": _tensorflow_accelerated, "torch": _torch_accelerated}
_PUT = {"jax": _put_by_jax, "tensorflow": np.asarray, "torch": _put_by_torch}
