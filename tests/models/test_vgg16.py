"""VGG-16 is what it says it is: proved by numbers."""

import itertools
import math

import keras
import numpy as np
import pytest

from vgglab.models.vgg16 import BLOCKS, vgg16
from vgglab.training.compiling import build_optimizer

BN_PARAMETERS = 4 * sum(filters * convolutions for filters, convolutions in BLOCKS)


@pytest.fixture(scope="module")
def reference() -> keras.Model:
    return vgg16((32, 32, 3), 10)


def names_of(model: keras.Model, kind: type) -> list[str]:
    return [layer.name for layer in model.layers if isinstance(layer, kind)]


def test_the_published_network_has_138_million_parameters(weights_declared):
    with weights_declared():
        assert vgg16((224, 224, 3), 1000).count_params() == 138_357_544


def test_the_lab_network_has_33_million_parameters(reference):
    assert reference.count_params() == 33_638_218


def test_batch_normalization_adds_16896_parameters_half_of_them_trainable(reference):
    normalised = vgg16((32, 32, 3), 10, batch_norm=True)
    assert normalised.count_params() - reference.count_params() == BN_PARAMETERS == 16_896
    assert sum(np.prod(weight.shape) for weight in normalised.non_trainable_weights) == BN_PARAMETERS / 2


def test_layers_come_in_the_order_and_with_the_names_and_activations_of_keras_applications(reference):
    theirs = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=10)
    ours = [layer for layer in reference.layers[2:]]  # past the input and the rescaling
    assert [layer.name for layer in ours] == [layer.name for layer in theirs.layers[1:]]
    activations = [getattr(layer, "activation", None) for layer in ours]
    assert activations == [getattr(layer, "activation", None) for layer in theirs.layers[1:]]


def he_weights(model: keras.Model) -> list[np.ndarray]:
    """Weights through which images still differ at the output (He et al. 2015), unlike the initial ones."""
    generator = np.random.default_rng(0)
    shapes = [weight.shape for weight in model.get_weights()]
    scales = [math.sqrt(2 / math.prod(shape[:-1])) if len(shape) > 1 else 0 for shape in shapes]
    return [generator.normal(0, scale, shape) for scale, shape in zip(scales, shapes, strict=True)]


def test_output_equals_keras_applications_with_the_same_weights(reference):
    theirs = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=10)
    theirs.set_weights(he_weights(reference))
    ours = keras.models.clone_model(reference)
    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype="uint8")
    outputs = ours.predict_on_batch(images)
    np.testing.assert_allclose(outputs, theirs.predict_on_batch(images / 255.0), atol=1e-5)
    assert np.ptp(outputs, axis=0).max() > 1e-2  # not one constant compared with another


def test_dropout_follows_every_convolution_but_the_last_of_each_block():
    model = vgg16((32, 32, 3), 10, batch_norm=True, dropout=0.2, width=0.1)
    expected = [f"block{b}_conv{c}_dropout" for b, (_, n) in enumerate(BLOCKS, 1) for c in range(1, n)]
    assert names_of(model, keras.layers.Dropout) == expected
    assert {layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)} == {0.2}


def test_dropout_is_never_next_to_a_pooling_and_follows_batch_normalization():
    kinds = [type(layer).__name__ for layer in vgg16((32, 32, 3), 10, True, 0.2, 0.1).layers]
    neighbours = set(itertools.pairwise(kinds))
    assert ("BatchNormalization", "Dropout") in neighbours and ("Conv2D", "BatchNormalization") in neighbours
    assert not {("Dropout", "MaxPooling2D"), ("MaxPooling2D", "Dropout"), ("Conv2D", "Dropout")} & neighbours


def test_width_scales_filters_and_dense_units():
    model = vgg16((32, 32, 3), 10, width=0.25, dense_units=(512,))
    assert model.get_layer("block5_conv3").filters == 128
    assert model.get_layer("fc1").units == 128 and "fc2" not in names_of(model, keras.layers.Dense)


def test_an_image_too_small_for_five_poolings_is_refused():
    with pytest.raises(ValueError, match="32 or more"):
        vgg16((28, 28, 1), 10)


def test_one_batch_is_overfitted():
    keras.utils.set_random_seed(0)
    model = vgg16((32, 32, 3), 4, width=0.1, batch_norm=True)
    model.compile(build_optimizer("adam", 1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)  # else TensorFlow traces its step twice
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype="uint8")
    history = model.fit(images, np.arange(8) % 4, epochs=30, batch_size=8, verbose=0).history
    assert history["accuracy"][-1] == 1 and history["loss"][-1] < history["loss"][0] / 20
