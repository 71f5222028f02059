"""The gradient of a number by a list of arrays, behind small functions for all three backends."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.keras_tools.passes import jitted, own_torch_numbers

Loss = Callable[..., Any]  # of a list of tensors, and more: to one number
Gradient = Callable[..., list[np.ndarray]]


def gradients_of(loss_of: Loss) -> Gradient:
    """A function of the same arguments that gives the gradient by each array of the first one.

    Args:
        loss_of: made of the backend's or Keras's operations; its first argument is a list of tensors.
    """
    both = jitted(value_and_gradients(lambda *given: (loss_of(*given), ())))
    return lambda *given: [ops.convert_to_numpy(one) for one in both(*given)[1]]


def value_and_gradients(loss_of: Loss) -> Callable[..., tuple[Any, list[Any]]]:
    """A function of the same arguments that gives what `loss_of` gives and the gradient of its first part, as tensors.

    Args:
        loss_of: gives one number, and whatever else was computed on the way; its first argument is a list of tensors.
    """
    return _GRADIENTS[keras.backend.backend()](loss_of)


def _tensorflow_gradients(loss_of: Loss) -> Callable[..., tuple[Any, list[Any]]]:
    import tensorflow as tf

    def gradients(values: list[Any], *given: Any) -> tuple[Any, list[Any]]:
        values = [tf.convert_to_tensor(value) for value in values]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            found = loss_of(values, *given)
        slopes = tape.gradient(found[0], values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return found, [tf.convert_to_tensor(one) for one in slopes]

    return gradients


def _jax_gradients(loss_of: Loss) -> Callable[..., tuple[Any, list[Any]]]:
    import jax

    def first_apart(*given: Any) -> tuple[Any, Any]:
        found = loss_of(*given)
        return found[0], found

    both = jax.value_and_grad(first_apart, has_aux=True)

    def gradients(*given: Any) -> tuple[Any, list[Any]]:
        (_, found), slopes = both(*given)
        return found, slopes

    return gradients


def _torch_gradients(loss_of: Loss) -> Callable[..., tuple[Any, list[Any]]]:
    import torch

    def gradients(values: list[Any], *given: Any) -> tuple[Any, list[Any]]:
        copies = [value.detach().clone().requires_grad_(True) for value in values]
        with torch.enable_grad(), own_torch_numbers():
            found = loss_of(copies, *given)
            slopes = torch.autograd.grad(found[0], copies, allow_unused=True)
        pairs = zip(slopes, copies, strict=True)
        return found, [torch.zeros_like(copy) if got is None else got for got, copy in pairs]

    return gradients


_GRADIENTS = {"tensorflow": _tensorflow_gradients, "jax": _jax_gradients, "torch": _torch_gradients}
