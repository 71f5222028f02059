"""The faster BatchNormalization computes what Keras computes, and leaves nothing behind in a saved model."""

import json
import zipfile

import keras
import numpy as np
import pytest

from vgglab.training.fast_cpu import fast_batch_norm

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a TensorFlow path")

IMAGES = np.random.default_rng(0).normal(2, 3, (32, 8, 8, 3)).astype("float32")
LABELS = np.random.default_rng(1).integers(0, 10, 32)


def small_model(**settings) -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.BatchNormalization(**settings)]
    head = [keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input((8, 8, 3)), *layers, *head])
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model


def one_step(model: keras.Model) -> list[np.ndarray]:
    """Outputs, gradients and moving statistics of one training call."""
    with tf.GradientTape() as tape:
        outputs = model(IMAGES, training=True)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(LABELS, outputs))
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
    return [np.asarray(a) for a in (outputs, *gradients, *model.non_trainable_variables)]


def trained(**settings) -> list[np.ndarray]:
    model = small_model(**settings)
    with fast_batch_norm(model):
        model.fit(IMAGES, LABELS, batch_size=8, epochs=2, verbose=0)
    return model.get_weights()


def test_outputs_gradients_and_statistics_equal_keras():
    expected, model = one_step(small_model()), small_model()
    with fast_batch_norm(model) as layers:
        actual = one_step(model)
    assert layers == 1 and len(actual) == 1 + 6 + 2
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 1, 8), (1, 1, 2, 8), (3, 2, 1, 8)])
def test_statistics_of_a_few_pixels_equal_keras(shape):
    inputs = np.random.default_rng(0).normal(2, 3, shape).astype("float32")
    model = keras.Sequential([keras.Input(shape[1:]), keras.layers.BatchNormalization()])
    layer, initial = model.layers[0], model.get_weights()
    model(inputs, training=True)
    expected = layer.get_weights()
    model.set_weights(initial)
    with fast_batch_norm(model):
        model(inputs, training=True)
    for ours, theirs in zip(layer.get_weights(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_training_twice_gives_the_same_bits():
    for first, second in zip(trained(), trained(), strict=True):
        assert first.tobytes() == second.tobytes()


def test_layers_are_restored():
    model = small_model()
    with pytest.raises(KeyError), fast_batch_norm(model):
        raise KeyError
    assert "call" not in vars(model.layers[1])


@pytest.mark.parametrize("settings", [{"axis": 1}, {"renorm": True}, {"scale": False}, {"dtype": "mixed_float16"}])
def test_uncovered_settings_keep_keras_own_path(settings):
    with fast_batch_norm(small_model(**settings)) as layers:
        assert layers == 0


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras, on TensorFlow
def test_a_saved_model_has_layers_of_keras_alone(tmp_path):
    model, path = small_model(), tmp_path / "model.keras"
    with fast_batch_norm(model):
        model.fit(IMAGES, LABELS, verbose=0)
        model.save(path)
    layers = json.loads(zipfile.ZipFile(path).read("config.json"))["config"]["layers"]
    assert layers[2]["class_name"] == "BatchNormalization" and {layer["module"] for layer in layers} == {"keras.layers"}
