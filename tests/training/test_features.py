import keras
import numpy as np
import pytest

import vgglab
from vgglab.engines.fit import fit
from vgglab.experiments.run import resolve_config, start_model
from vgglab.training.feature_store import FeatureStore
from vgglab.training.features import Views, features_key, features_of
from vgglab.training.part import make_part
from vgglab.training.phases import begin_phase


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (300, 8, 8, 3), dtype="uint8")


def small_network(filters: int = 4, scale: float = 1 / 255) -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(scale)(image)
    x = keras.layers.Conv2D(filters, 3)(x)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))


def test_features_are_what_the_network_gives_and_are_computed_once(images, tmp_path):
    network, counted = small_network(), []
    first = features_of(network, images, FeatureStore(tmp_path), counted.append)
    np.testing.assert_allclose(first, network.predict_on_batch(images), atol=1e-6)
    again = features_of(small_network(), images, FeatureStore(tmp_path), counted.append)
    assert sum(counted) == len(images) and np.array_equal(first, again)


def test_the_key_holds_weights_treatment_network_and_images(images):
    other_weights, other_image = small_network(), images.copy()
    other_weights.layers[2].bias.assign(np.full(4, 1e-3))
    other_image[-1, 0, 0, 0] ^= 1
    keys = [
        features_key(small_network(), images),
        features_key(other_weights, images),
        features_key(small_network(scale=1 / 127.5), images),
        features_key(small_network(), other_image),
        features_key(small_network(), images[:-1]),
    ]
    assert len(set(keys)) == len(keys) and features_key(small_network(), images) == keys[0]


NOT_ON_JAX = pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX compiles it for minutes on a CPU")


@pytest.mark.parametrize(
    ("backbone", "weights", "freeze", "width"),
    [
        ("VGG16", "builtin", "block5_conv1", 0.25),
        ("VGG16", "builtin", "all", 0.25),
        pytest.param("MobileNetV2", "builtin", "block_16_expand", 0.25, marks=[NOT_ON_JAX, pytest.mark.long]),
    ],
)
def test_nothing_changes_but_the_time(backbone, weights, freeze, width):
    options = {"backbone": backbone, "weights": weights, "freeze": freeze, "width": width}
    (cut, cached, seen), (whole, plain, seen_too) = (fine_tune(options | {"cache": cache}) for cache in (True, False))
    assert cut and not whole and np.ptp(plain) > 1e-3
    np.testing.assert_allclose(cached, plain, atol=1e-4)
    assert seen == seen_too and len(seen) == 2


def fine_tune(options: dict) -> tuple[bool, np.ndarray, list[float]]:
    """Train two epochs: whether the model was cut, its logits of test images, its validation accuracies."""
    dataset = vgglab.load_data("digits", limit=60)
    config = resolve_config(None, {"head_units": "16", "head_dropout": 0.1, "learning_rate": 0.001} | options)
    model, watched = start_model(config, dataset), keras.callbacks.History()
    begin_phase(model, config, config.phases[0], len(dataset.train))
    part = make_part(model, dataset, config, "none")
    fit(part, 20, range(2), 0, [watched])
    return part.model is not model, logits(model, dataset.test.images), watched.history["val_accuracy"]


def logits(model: keras.Model, images: np.ndarray) -> np.ndarray:
    model.layers[-1].activation = keras.activations.linear
    return keras.Model(model.inputs[0], model.layers[-1](model.layers[-1].input)).predict_on_batch(images)


@pytest.mark.long
def test_a_run_comes_to_the_same_with_and_without_the_cache(tmp_path):
    options = {"weights": "builtin", "limit": 100, "epochs": 2, "out": tmp_path, "progress": "none"}
    cached, plain = (vgglab.run(**options, cache=cache, name=f"cache-{cache}") for cache in (True, False))
    assert cached.metrics["accuracy"] == plain.metrics["accuracy"]
    assert [row["val_accuracy"] for row in cached.history] == [row["val_accuracy"] for row in plain.history]


def test_views_are_the_features_of_images_varied_so_many_times(images, tmp_path):
    def shift(batch, labels, view, number):
        return batch // (view + 1), labels

    views = Views(shift, 2, "halves")
    features = features_of(small_network(), images, FeatureStore(tmp_path), views=views)
    expected = [small_network().predict_on_batch(each) for each in (images, images // 2)]
    np.testing.assert_allclose(features, np.concatenate(expected), atol=1e-6)
    assert features_key(small_network(), images, views) != features_key(small_network(), images)
