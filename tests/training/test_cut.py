import keras
import numpy as np
import pytest

from vgglab.config.resolve import make_config
from vgglab.errors import ConfigError
from vgglab.models.build import build_model
from vgglab.training.cut import cut_model, noisy_layers
from vgglab.training.freezing import at_rest, freeze


def network(name: str, trained_from: str = "all", side: int = 32, **backbone) -> keras.Model:
    config = make_config({"backbone": {"name": name, "weights": "none", **backbone}})
    model = build_model(config, (side, side, 3), 10)
    freeze(model, trained_from, pretrained=True)
    return model


CUTS = [
    ("VGG16", "all", "flatten"),
    ("VGG16", "block5_conv1", "block4_pool"),
    ("VGG16", "fc1", "flatten"),
    ("ResNet50", "conv5_block3_2_conv", "conv5_block2_out"),  # inside a branch: before the branch begins
    ("MobileNetV2", "block_15_depthwise", "block_14_add"),
]


@pytest.mark.parametrize(("name", "trained_from", "last"), CUTS)
def test_a_model_is_cut_at_the_last_single_frozen_tensor_and_gives_the_same(name, trained_from, last):
    model = network(name, trained_from)
    cut = cut_model(model)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype="uint8")
    halves = cut.trained.predict_on_batch(cut.frozen.predict_on_batch(images))
    assert cut.frozen.layers[-1].name == last and not cut.frozen.trainable_variables
    np.testing.assert_allclose(halves, model.predict_on_batch(images), atol=1e-4)


def test_the_halves_share_their_weights_with_the_whole():
    model = network("VGG16")
    cut = cut_model(model)
    cut.trained.get_layer("fc1").bias.assign(np.ones(512))
    assert model.get_layer("fc1").bias.numpy().sum() == 512
    assert [v.path for v in cut.trained.trainable_variables] == [v.path for v in model.trainable_variables]


@pytest.mark.parametrize("trained_from", ["none", "block1_conv1"])
def test_a_model_without_frozen_weights_is_not_cut(trained_from):
    assert cut_model(network("VGG16", trained_from)) is None


def dropout_chain(trained: str) -> keras.Model:
    image = keras.Input((4,))
    x = keras.layers.Dense(4, name="first")(image)
    x = keras.layers.Dropout(0.5, name="early")(x)
    x = keras.layers.Dense(4, name="second")(x)
    x = keras.layers.Dropout(0.5, name="late")(x)
    model = keras.Model(image, keras.layers.Dense(2, name="third")(x))
    freeze(model, trained, pretrained=False)
    return model


def test_noise_behind_the_last_frozen_weights_stays_and_before_them_it_rests():
    cut = cut_model(dropout_chain("third"))
    assert [layer.name for layer in noisy_layers(cut.frozen)] == ["early"]
    assert [layer.name for layer in noisy_layers(cut.trained)] == ["late"]


def test_a_layer_at_rest_makes_no_noise_while_its_model_trains():
    model = dropout_chain("third")
    inputs = np.ones((8, 4), "float32")
    with at_rest(noisy_layers(model)):
        quiet = outputs(model, inputs, training=True)
    np.testing.assert_array_equal(quiet, outputs(model, inputs, training=False))
    assert not np.array_equal(outputs(model, inputs, training=True), quiet)


def outputs(model: keras.Model, inputs: np.ndarray, training: bool) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(inputs, training=training))


def test_what_is_trained_is_counted():
    model = network("VGG16", "block5_conv1")
    count = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert count == 3 * (3 * 3 * 512 * 512 + 512) + (512 * 512 + 512) + (512 * 10 + 10)
    freeze(model, "all", pretrained=True)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == (512 * 512 + 512) + (512 * 10 + 10)


def test_frozen_batch_normalization_keeps_its_statistics_while_the_rest_trains():
    model = network("MobileNetV2", "block_16_expand")
    model.compile("sgd", "sparse_categorical_crossentropy")
    frozen, trained = model.get_layer("block_1_expand_BN"), model.get_layer("block_16_expand_BN")
    before = frozen.moving_mean.numpy(), trained.moving_mean.numpy()
    model.train_on_batch(np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)), np.zeros(8, "int64"))
    assert np.array_equal(frozen.moving_mean, before[0]) and not np.array_equal(trained.moving_mean, before[1])


@pytest.mark.parametrize(
    ("trained_from", "pretrained", "message"),
    [
        ("block5_conv9", True, "did you mean 'block5_conv3'?"),
        ("all", False, "freeze is 'all', which leaves nothing to train in vgg16"),
    ],
)
def test_what_cannot_be_frozen(trained_from, pretrained, message):
    model = build_model(make_config({"model": {"width": 0.05}}), (32, 32, 3), 10)
    with pytest.raises(ConfigError) as caught:
        freeze(model, trained_from, pretrained)
    assert message in str(caught.value) and "\n" not in str(caught.value)
