"""Backbones of KerasHub by preset; what can be had without a network is a preset in a folder."""

import importlib.util

import keras
import numpy as np
import pytest

from vgglab.config.resolve import make_config
from vgglab.errors import ConfigError
from vgglab.models.build import build_model

HAS_HUB = importlib.util.find_spec("keras_hub") is not None
needs_hub = pytest.mark.skipif(not HAS_HUB, reason="the extra hub is not installed")


def build(backbone: dict, **model) -> keras.Model:
    return build_model(make_config({"backbone": {"pooling": "avg", **backbone}, "model": model}), (32, 32, 3), 10)


@pytest.fixture
def preset(tmp_path, monkeypatch):
    """A folder `tiny` with a ResNet of random weights and what it does to pixels."""
    import keras_hub

    monkeypatch.chdir(tmp_path)
    settings = {"stackwise_num_filters": [64], "stackwise_num_blocks": [1], "stackwise_num_strides": [1]}
    made = keras_hub.models.ResNetBackbone(
        [64], [3], block_type="basic_block", use_pre_activation=False, image_shape=(None, None, 3), **settings
    )
    made.save_to_preset("tiny")
    keras_hub.layers.ResNetImageConverter(scale=1 / 127.5, offset=-1.0).save_to_preset("tiny")
    return made


@needs_hub
def test_a_preset_in_a_folder_is_a_flat_backbone_with_its_weights_and_its_treatment(preset):
    model = build({"name": "hub:./tiny"}, preprocessing="backbone")
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    maps = keras.Model(model.input, model.get_layer("avg_pool").input)(images, training=False)
    theirs = preset(images / 127.5 - 1, training=False)
    np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (maps, theirs)), atol=1e-4)
    assert model.name == "tiny" and not [each for each in model.layers if isinstance(each, keras.Model)]


@needs_hub
def test_an_unknown_preset_is_one_line():
    with pytest.raises(ConfigError, match=r"unknown preset 'resnet_18_imagenett'.*did you mean 'resnet_18_imagenet'"):
        build({"name": "hub:resnet_18_imagenett"})


@needs_hub
def test_weights_that_a_preset_has_not_are_one_line():
    with pytest.raises(ConfigError, match="a preset of KerasHub has preset or none"):
        build({"name": "hub:resnet_18_imagenet", "weights": "imagenet"})


@pytest.mark.skipif(HAS_HUB, reason="the extra hub is installed")
def test_without_kerashub_a_preset_is_one_line():
    with pytest.raises(ConfigError, match=r"needs KerasHub .*; pip install 'vgglab\[hub\]'"):
        build({"name": "hub:resnet_18_imagenet"})
