"""A faster BatchNormalization on TensorFlow's CPU, for ordinary Keras layers, while a model trains.

Keras 3 normalises with separate operations and TensorFlow derives their gradient operation by operation: many
passes over large tensors. `fast_batch_norm` has TensorFlow's fused kernel do it; LOG.md has what that gains. The
layers stay ordinary `keras.layers.BatchNormalization`, so a saved model needs nothing from here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from vgglab.keras_tools.calls import forget_traces, replaced_calls
from vgglab.keras_tools.graph import inner_layers


@contextmanager
def fast_batch_norm(model: keras.Model) -> Iterator[int]:
    """Have TensorFlow's fused kernel do the model's BatchNormalization layers inside the block.

    Only exact `keras.layers.BatchNormalization` layers on TensorFlow's CPU, float32, channels last and 4-D
    inputs take it; everything else, and every inference call, runs Keras's own code.

    Args:
        model: built; its layers are restored on leaving, and its traced functions are dropped on both sides.

    Yields:
        The number of layers that take this path.

    Example:
        >>> with fast_batch_norm(model):
        ...     model.fit(images, labels)
    """
    layers = [layer for layer in inner_layers(model) if _is_covered(layer)]
    forget_traces(model)
    try:
        with replaced_calls(layers, _faster_call):
            yield len(layers)
    finally:
        forget_traces(model)


def _is_covered(layer: keras.layers.Layer) -> bool:
    """Whether the layer's settings, backend and device are those the faster path was written for."""
    if type(layer) is not keras.layers.BatchNormalization or keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    plain = layer.scale and layer.center and not layer.renorm and not layer.synchronized
    last = layer.input_spec is not None and layer.input_spec.ndim == 4 and layer.axis in (-1, 3)
    on_cpu = not tf.config.get_visible_devices("GPU") and not tf.distribute.has_strategy()
    return plain and last and on_cpu and layer.dtype_policy.name == "float32"


def _faster_call(layer: keras.layers.BatchNormalization) -> Any:
    keras_call = layer.call

    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training or not layer.trainable or mask is not None or inputs.dtype != "float32":
            return keras_call(inputs, training=training, mask=mask)
        outputs, mean, variance = _normalise(inputs, layer.gamma, layer.beta, layer.epsilon)
        for moving, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + batch * (1.0 - layer.momentum))
        return outputs

    return call


def _normalise(inputs: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Normalised inputs (N, H, W, C), and the batch's mean and (biased) variance (C,)."""
    import tensorflow as tf

    settings = {"epsilon": epsilon, "is_training": True, "data_format": "NHWC", "mean": [], "variance": []}
    outputs, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(x=inputs, scale=gamma, offset=beta, **settings)
    count = tf.cast(tf.size(inputs) // inputs.shape[-1], "float32")
    return outputs, mean, unbiased * (tf.maximum(count - 1.0, 1.0) / count)
