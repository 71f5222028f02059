"""The parts that Keras's training step is made of, for whoever puts them together in another way."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import keras

from vgglab.keras_tools.calls import replaced_methods
from vgglab.keras_tools.graph import inner_layers

Moments = Callable[[Any, Any], tuple[Any, Any]]  # the mean and the variance of inputs, under a mask


def outputs_of(model: keras.Model, inputs: Any, training: bool) -> Any:
    """What a model gives, as in training or as in inference; some cannot be told."""
    return model(inputs, training=training) if model._call_has_training_arg else model(inputs)


def loss_of(model: keras.Model, x: Any, y: Any, outputs: Any, weights: Any = None, training: bool = True) -> Any:
    """The loss of a compiled model on a batch, with what its layers add; a scalar."""
    return model._compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weights, training=training)


def metrics_after(model: keras.Model, batch: tuple[Any, Any, Any], outputs: Any, loss: Any) -> dict[str, Any]:
    """The metrics of a compiled model after a batch more: its images, labels and weights (or None)."""
    images, labels, weights = batch
    model._loss_tracker.update_state(loss, sample_weight=len(images))
    return model.compute_metrics(images, labels, outputs, sample_weight=weights)


def replaced_moments(model: keras.Model, make: Callable[[Moments], Moments]) -> AbstractContextManager[None]:
    """Have each BatchNormalization of a model normalise by the moments of `make` inside the block.

    Args:
        model: of any kind; all layers in it are looked at.
        make: given the way a layer computes its moments, the way it is to compute them.
    """
    norms = [layer for layer in inner_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    return replaced_methods(norms, "_moments", lambda norm: make(norm._moments))
