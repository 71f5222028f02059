"""The gradient of a number by a list of arrays, behind one small function for all three backends."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

Loss = Callable[..., Any]  # of a list of tensors, and more: to one number
Gradient = Callable[..., list[np.ndarray]]


def gradients_of(loss_of: Loss) -> Gradient:
    """A function of the same arguments that gives the gradient by each array of the first one.

    Args:
        loss_of: made of the backend's or Keras's operations; its first argument is a list of tensors.
    """
    return _GRADIENTS[keras.backend.backend()](loss_of)


def _tensorflow_gradients(loss_of: Loss) -> Gradient:
    import tensorflow as tf

    def gradients(values: list[Any], *given: Any) -> list[np.ndarray]:
        values = [tf.convert_to_tensor(value) for value in values]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss = loss_of(values, *given)
        found = tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.convert_to_tensor(one).numpy() for one in found]

    return gradients


def _jax_gradients(loss_of: Loss) -> Gradient:
    import jax

    compiled = jax.jit(jax.grad(loss_of))
    return lambda *given: [np.asarray(one) for one in compiled(*given)]


def _torch_gradients(loss_of: Loss) -> Gradient:
    import torch

    def gradients(values: list[Any], *given: Any) -> list[np.ndarray]:
        copies = [value.detach().clone().requires_grad_(True) for value in values]
        with torch.enable_grad():
            found = torch.autograd.grad(loss_of(copies, *given), copies, allow_unused=True)
        pairs = zip(found, copies, strict=True)
        return [(torch.zeros_like(copy) if got is None else got).cpu().numpy() for got, copy in pairs]

    return gradients


_GRADIENTS = {"tensorflow": _tensorflow_gradients, "jax": _jax_gradients, "torch": _torch_gradients}
