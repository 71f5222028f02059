"""Grad-CAM against gradients by finite differences, and on networks of all shapes."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from vgglab.evaluation.gradcam import GradCam, NotExplainable
from vgglab.models.vgg16 import vgg16

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, 16, 16, 3), dtype="uint8")
CLASSES = np.array([0, 2, 1])


def backbone(name: str = "backbone") -> keras.Model:
    """Two convolutions, 8x8x6 and 8x8x5 feature maps, and a mean over the places."""
    image = keras.Input((16, 16, 3))
    x = layers.MaxPooling2D(name="pool")(layers.Conv2D(6, 3, padding="same", activation="relu", name="conv1")(image))
    x = layers.Conv2D(5, 3, padding="same", activation="tanh", name="conv2")(x)
    return keras.Model(image, layers.GlobalAveragePooling2D(name="mean")(x), name=name)


def network(nested: bool = False) -> keras.Model:
    """Rescaling, the backbone and a softmax over four classes; flat, or with the backbone as one layer."""
    keras.utils.set_random_seed(0)
    inner, image = backbone(), keras.Input((16, 16, 3))
    x = layers.Rescaling(1 / 255)(image)
    x = inner(x, training=False) if nested else inner._run_through_graph([x])
    return keras.Model(image, layers.Dense(4, activation="softmax", name="predictions")(x))


def test_the_gradient_is_that_of_finite_differences():
    cam = GradCam(network())
    maps, step = cam.feature_maps(IMAGES), 1e-2
    slopes = cam.slopes(maps, CLASSES)
    for place in [(0, 0, 0, 0), (1, 3, 5, 2), (2, 7, 7, 4)]:
        change = np.zeros_like(maps)
        change[place] = step
        scores = [cam.scores(maps + sign * change)[place[0], CLASSES[place[0]]] for sign in (1, -1)]
        assert slopes[place] == pytest.approx((scores[0] - scores[1]) / (2 * step), rel=1e-2)


def test_the_heat_is_the_sum_of_maps_weighted_by_the_kernel_where_a_mean_and_a_dense_layer_follow():
    model = network()
    cam = GradCam(model)
    kernel = np.array(model.get_layer("predictions").kernel)
    expected = np.maximum(np.einsum("nhwc,cn->nhw", cam.feature_maps(IMAGES), kernel[:, CLASSES]), 0)
    expected /= expected.max(axis=(1, 2), keepdims=True)
    assert cam.layer == "conv2" and cam.explain(IMAGES, CLASSES) == pytest.approx(expected, abs=1e-4)


def test_scores_are_those_before_the_softmax():
    model = network()
    scores = GradCam(model).scores(GradCam(model).feature_maps(IMAGES))
    softmax = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert softmax == pytest.approx(model.predict_on_batch(IMAGES), abs=1e-5) and scores.min() < 0


def test_a_nested_backbone_is_explained_as_the_flat_one():
    flat, nested = GradCam(network()), GradCam(network(nested=True))
    assert nested.layer == "conv2"
    assert nested.explain(IMAGES, CLASSES) == pytest.approx(flat.explain(IMAGES, CLASSES), abs=1e-5)


def test_a_sequential_network_is_explained_and_its_maps_come_before_the_last_pooling():
    body = [
        layers.Conv2D(4, 3),
        layers.BatchNormalization(),
        layers.ReLU(name="last"),
        layers.MaxPooling2D(),
        layers.Flatten(),
    ]
    cam = GradCam(keras.Sequential([keras.Input((16, 16, 3)), *body, layers.Dense(4), layers.Softmax()]))
    assert cam.layer == "last" and cam.explain(IMAGES, CLASSES).shape == (3, 14, 14)
    assert cam.scores(cam.feature_maps(IMAGES)).min() < 0  # before the softmax, which is a layer of its own


def test_maps_that_another_way_leads_around_are_passed_over():
    image = keras.Input((16, 16, 3))
    first = layers.Conv2D(4, 3, name="first")(image)
    means = [layers.GlobalAveragePooling2D()(first), layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(first))]
    cam = GradCam(keras.Model(image, layers.Dense(4, activation="softmax")(layers.Concatenate()(means))))
    assert cam.layer == "first"


def test_maps_of_two_by_two_places_give_way_to_the_finer_ones_before_a_pooling():
    cam = GradCam(vgg16((32, 32, 3), 3, width=0.05))
    assert cam.layer == "block4_conv3" and cam.body.output_shape[1:3] == (4, 4)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's tests compare with the others")
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_explain_alike(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    network(nested=True).save(tmp_path / "nested.keras")
    code = (
        "import keras, numpy as np; from vgglab.evaluation.gradcam import GradCam; rng = np.random.default_rng(0)\n"
        "images = rng.integers(0, 256, (3, 16, 16, 3), dtype='uint8')\n"
        "cam = GradCam(keras.saving.load_model('nested.keras'))\n"
        "np.save('heat.npy', cam.explain(images, np.array([0, 2, 1])))"
    )
    environment = os.environ | {"KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True)
    here = GradCam(network(nested=True)).explain(IMAGES, CLASSES)
    assert np.load(tmp_path / "heat.npy") == pytest.approx(here, abs=1e-3)


def test_a_network_without_convolution_or_graph_cannot_be_explained():
    flat = keras.Sequential([keras.Input((16, 16, 3)), layers.Flatten(), layers.Dense(4, activation="softmax")])
    with pytest.raises(NotExplainable, match="no convolution"):
        GradCam(flat)
    with pytest.raises(NotExplainable, match="no graph"):
        GradCam(type("Own", (keras.Model,), {})())


def test_an_image_that_nothing_in_it_speaks_for_is_all_zero():
    model = network()
    model.get_layer("predictions").kernel.assign(np.zeros((5, 4)))
    assert not GradCam(model).explain(IMAGES, CLASSES).any()
