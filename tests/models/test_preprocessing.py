"""What models do to raw pixels, compared with what they should."""

import inspect

import keras
import numpy as np
import pytest

from vgglab.config.resolve import make_config
from vgglab.models.build import build_model
from vgglab.models.preprocessing import PixelStatistics, pixel_statistics, resize, treat, treat_alike
from vgglab.models.pretrained import Application, application_names

IMAGES = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype="uint8")
IMAGES[..., 1] //= 2  # so that the channels differ
MODULES = {inspect.getmodule(Application(name).builder) for name in application_names()}


def treated(function, images=IMAGES) -> np.ndarray:
    """What `function` makes of images, as a model that was saved as JSON and loaded again."""
    image = keras.Input(images.shape[1:], name="image")
    model = keras.models.model_from_json(keras.Model(image, function(image)).to_json())
    return model.predict_on_batch(images)


def test_scale_divides_by_255():
    np.testing.assert_allclose(treated(lambda x: treat(x, "scale")), IMAGES / 255, rtol=1e-6)


def test_normalize_takes_one_mean_and_one_deviation_over_all_pixels_and_channels():
    expected = (IMAGES - IMAGES.mean()) / (IMAGES.std() + 1e-7)
    statistics = pixel_statistics(IMAGES)
    np.testing.assert_allclose(treated(lambda x: treat(x, "normalize", statistics)), expected, atol=1e-5)


def test_normalize_channels_takes_those_of_each_channel():
    result = treated(lambda x: treat(x, "normalize-channels", pixel_statistics(IMAGES)))
    np.testing.assert_allclose(result.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(result.std(axis=(0, 1, 2)), 1, atol=1e-5)


def test_images_of_one_colour_are_no_division_by_zero():
    grey = np.full((2, 8, 8, 3), 100, dtype="uint8")
    assert np.isfinite(treated(lambda x: treat(x, "normalize", pixel_statistics(grey)), grey)).all()


def test_statistics_are_those_of_numpy_whatever_is_summed_at_a_time(monkeypatch):
    monkeypatch.setattr("vgglab.models.preprocessing.VALUES_AT_ONCE", 1000)
    statistics = pixel_statistics(IMAGES)
    np.testing.assert_allclose(statistics.mean, IMAGES.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(statistics.deviation, IMAGES.std(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(statistics.pooled().deviation, IMAGES.std(), rtol=1e-12)


def test_statistics_of_images_on_disk_hold_a_part_of_them_at_a_time(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    assert pixel_statistics(np.load(tmp_path / "images.npy", mmap_mode="r")) == pixel_statistics(IMAGES)


@pytest.mark.parametrize("module", sorted(MODULES, key=str), ids=lambda module: module.__name__.rpartition(".")[2])
def test_backbone_equals_preprocess_input(module):
    expected = module.preprocess_input(IMAGES.astype("float64"))
    np.testing.assert_allclose(treated(lambda x: treat_alike(x, module.preprocess_input)), expected, atol=2e-5)


def test_every_family_of_backbones_was_compared():
    assert len(MODULES) >= 15


@pytest.mark.parametrize("odd", [lambda x: x**2, lambda x: x[..., [1, 0, 2]], lambda x: x - x.mean(-1, keepdims=True)])
def test_a_treatment_that_layers_cannot_copy_is_not_guessed(odd):
    with pytest.raises(NotImplementedError):
        treat_alike(keras.Input((8, 8, 3)), odd)


def test_images_are_resized_only_where_their_size_differs():
    image = keras.Input((8, 8, 3))
    assert resize(image, 8) is image and resize(image, None) is image
    assert resize(image, 12).shape == (None, 12, 12, 3)


def test_resizing_is_bilinear_and_inside_the_model():
    ramp = np.tile(np.arange(0, 160, 20, dtype="uint8")[:, None, None], (1, 1, 8, 3))
    rows = treated(lambda x: resize(x, 16), ramp)[0, :, 0, 0]
    np.testing.assert_allclose(rows[1:-1], np.arange(5, 140, 10), atol=1e-3)


@pytest.mark.parametrize("kind", ["normalize", "normalize-channels"])
def test_a_model_from_scratch_carries_the_statistics(kind):
    config = make_config({"model": {"width": 0.05, "preprocessing": kind, "image_size": 32}})
    statistics = PixelStatistics((100.0, 110.0, 120.0), (50.0, 60.0, 70.0))
    layer = build_model(config, (40, 40, 3), 10, statistics).get_layer("image_rescaling")
    assert np.ndim(layer.scale) == (kind == "normalize-channels")
    np.testing.assert_allclose(-np.mean(layer.offset / np.array(layer.scale)), 110, rtol=1e-6)
