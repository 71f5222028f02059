"""Convolutions of 1 by 1 that skip pixels: their gradient is what it should be, whatever the processor."""

import keras
import numpy as np
import pytest

from vgglab.keras_tools import strided
from vgglab.keras_tools.backend import import_keras
from vgglab.keras_tools.gradients import gradients_of

import_keras()


def layer_on(images: np.ndarray, **options) -> keras.layers.Conv2D:
    layer = keras.layers.Conv2D(8, 1, use_bias=False, **options)
    layer.build(images.shape)
    return layer


def kernel_gradient(layer: keras.layers.Conv2D, images: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """The gradient of the outputs, weighted by a slope, by the kernel."""

    def weighted(trained, x):
        with keras.StatelessScope([(layer.kernel, trained[0])]):
            return keras.ops.sum(layer(x) * keras.ops.convert_to_tensor(slope))

    return gradients_of(weighted)([layer.kernel.value], keras.ops.convert_to_tensor(images))[0]


@pytest.mark.parametrize("channels", [3, 4, 7, 16])
@pytest.mark.parametrize("stride", [2, 3])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_the_gradient_by_a_kernel_of_one_by_one_is_right(channels, stride, padding):
    random = np.random.default_rng(0)
    images = random.random((32, 32, 32, channels), dtype="float32")
    layer = layer_on(images, strides=stride, padding=padding)
    seen = images[:, ::stride, ::stride]
    slope = random.random((*seen.shape[:3], 8), dtype="float32")
    expected = np.einsum("nhwc,nhwd->cd", seen.astype("float64"), slope.astype("float64"))
    np.testing.assert_allclose(kernel_gradient(layer, images, slope)[0, 0], expected, rtol=1e-4)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(layer(images)), seen @ keras.ops.convert_to_numpy(layer.kernel)[0, 0], atol=1e-5
    )


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX does not ask oneDNN")
@pytest.mark.parametrize(
    ("options", "channels", "mended"),
    [({"strides": 2}, 4, True), ({"strides": (1, 3)}, 15, True), ({"strides": 2}, 16, False), ({}, 4, False)],
)
def test_of_few_channels_pixels_are_skipped_before_the_convolution(monkeypatch, options, channels, mended):
    asked, by_keras = [], strided._by_keras
    monkeypatch.setattr(strided, "_by_keras", lambda *given: asked.append(given) or by_keras(*given))
    images = np.zeros((1, 9, 9, channels), "float32")
    layer_on(images, **options)(images)
    assert len(asked) == (not mended)
