"""A faster BatchNormalization on TensorFlow's CPU, for ordinary Keras layers, while a model trains.

Keras 3 normalises with separate operations and TensorFlow derives their gradient operation by operation: many
passes over large tensors. `fast_batch_norm` computes the same numbers with a gradient written by hand; LOG.md has
what that gains. The layers stay ordinary `keras.layers.BatchNormalization`, so a saved model needs nothing from here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from vgglab.training.calls import replaced_calls


@contextmanager
def fast_batch_norm(model: keras.Model) -> Iterator[int]:
    """Give the model's BatchNormalization layers the hand-written gradient inside the block.

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
    layers = [layer for layer in model._flatten_layers(include_self=False) if _is_covered(layer)]
    _forget_traces(model)
    try:
        with replaced_calls(layers, _faster_call):
            yield len(layers)
    finally:
        _forget_traces(model)


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
    """Normalised inputs (N, H, W, C), and the batch's mean and (biased) variance (C,).

    Sums over pixels are products with a row of ones. The gradient is that of Ioffe and Szegedy (2015),
    section 3, with its terms collected.
    """
    import tensorflow as tf

    @tf.custom_gradient
    def normalise(x: Any, scale: Any, offset: Any) -> tuple[Any, Any]:
        rows = tf.reshape(x, [-1, x.shape[-1]])
        ones = tf.ones([1, tf.shape(rows)[0]])
        count = tf.cast(tf.shape(rows)[0], tf.float32)
        mean = tf.matmul(ones, rows)[0] / count
        centred = rows - mean
        variance = tf.matmul(ones, centred * centred)[0] / count
        inverse = tf.math.rsqrt(variance + epsilon)

        def gradient(d_out: Any, *_: Any) -> tuple[Any, Any, Any]:
            d_rows = tf.reshape(d_out, [-1, x.shape[-1]])
            centred = rows - mean
            d_offset = tf.matmul(ones, d_rows)[0]
            d_scale = tf.matmul(ones, d_rows * centred)[0] * inverse
            d_x = scale * inverse * (d_rows - d_offset / count - centred * (d_scale * inverse / count))
            return tf.reshape(d_x, tf.shape(x)), d_scale, d_offset

        outputs = tf.reshape(centred * (inverse * scale) + offset, tf.shape(x))
        return (outputs, tf.stop_gradient(mean), tf.stop_gradient(variance)), gradient

    return normalise(inputs, tf.convert_to_tensor(gamma), tf.convert_to_tensor(beta))


def _forget_traces(model: keras.Model) -> None:
    """Drop the compiled functions, which hold on to the path they were traced with."""
    model.train_function = model.test_function = model.predict_function = None
