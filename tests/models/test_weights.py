"""Weights files: read as they are, refused where they are those of another network."""

import zipfile

import h5py
import keras
import numpy as np
import pytest

from vgglab.errors import ConfigError, DataError
from vgglab.models.vgg16 import vgg16
from vgglab.models.weights import copy_weights, load_weights


def network(filters: int = 4, batch_norm: bool = True, head: bool = False, deep: bool = False) -> keras.Model:
    """A small network with a layer of each awkward kind: one that computes with a copy, one inside another."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.Normalization(name="normal")(image)
    x = keras.layers.Conv2D(filters, 3, name="first")(x)
    x = keras.layers.BatchNormalization(name="bn")(x) if batch_norm else x
    x = keras.Sequential([keras.layers.Conv2D(2, 3, name="inner")], name="nested")(x)
    x = keras.layers.Conv2D(2, 1, name="more")(x) if deep else x
    x = keras.layers.Dense(3, name="top")(keras.layers.Flatten()(x)) if head else x
    model = keras.Model(image, x)
    generator = np.random.default_rng(0)
    model.set_weights([generator.uniform(0.5, 1, weight.shape) for weight in model.get_weights()])
    model.get_layer("normal").finalize_state()
    return model


def blank() -> keras.Model:
    return keras.models.clone_model(network())


def saved(model: keras.Model, folder, suffix: str):
    path = folder / f"saved{suffix}"
    model.save_weights(path) if suffix == ".weights.h5" else model.save(path)
    return path


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5", ".keras"])
@pytest.mark.parametrize("head", [False, True])
def test_weights_come_back_from_every_kind_of_file(suffix, head, tmp_path):
    original, target = network(head=head), blank()
    load_weights(target, saved(original, tmp_path, suffix), "ours")
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3))
    body = keras.Model(original.input, original.get_layer("nested").output)
    np.testing.assert_allclose(target.predict_on_batch(images), body.predict_on_batch(images), rtol=1e-5)


def test_weights_kept_in_half_precision_are_taken(tmp_path):
    original, target = network(), blank()
    path = saved(original, tmp_path, ".weights.h5")
    with h5py.File(path, "r+") as file:
        kernel = file["layers/conv2d/vars/0"][()].astype("float16")
        del file["layers/conv2d/vars/0"]
        file["layers/conv2d/vars/0"] = kernel
    load_weights(target, path, "ours")
    np.testing.assert_array_equal(target.get_layer("first").get_weights()[0], kernel.astype("float32"))


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5", ".keras"])
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"filters": 5}, "layer first is 3x3x3x4 + 4, the file has first, 3x3x3x5 + 5"),
        ({"batch_norm": False}, "layer bn is 4 + 4 + 4 + 4, the file"),
        ({"deep": True}, "no layer like the file's more, 1x1x2x2 + 2"),
    ],
)
def test_weights_of_another_network_name_the_first_layer_that_differs(suffix, other, said, tmp_path):
    target = network()
    before = target.get_weights()
    with pytest.raises(ConfigError) as caught:
        load_weights(target, saved(network(**other), tmp_path, suffix), "ours")
    assert "not weights of ours" in str(caught.value) and said in str(caught.value) and "\n" not in str(caught.value)
    assert all(np.array_equal(old, new) for old, new in zip(before, target.get_weights(), strict=True))


def test_a_file_with_layers_that_the_network_lacks_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no layer like the file's bn, 4 "):
        load_weights(network(batch_norm=False), saved(network(), tmp_path, ".keras"), "ours")


def test_the_order_of_layers_counts_and_not_their_names(tmp_path):
    models = [vgg16((32, 32, 3), 2, width=0.05) for _ in range(2)]
    models[0].save_weights(tmp_path / "a.weights.h5")
    load_weights(models[1], tmp_path / "a.weights.h5", "vgg16")
    pairs = zip(models[0].get_weights(), models[1].get_weights(), strict=True)
    assert all(np.array_equal(first, second) for first, second in pairs)


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5", ".keras"])
@pytest.mark.parametrize("kept", [0, 100, 0.9])
def test_a_damaged_file_is_one_line(suffix, kept, tmp_path):
    path = saved(network(), tmp_path, suffix)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else kept])
    with pytest.raises(DataError, match="not a readable weights file") as caught:
        load_weights(network(), path, "ours")
    assert path.name in str(caught.value) and "\n" not in str(caught.value)


def test_an_archive_without_weights_is_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(DataError, match=r"model\.weights\.h5"):
        load_weights(network(), tmp_path / "a.keras", "ours")


@pytest.mark.parametrize(("name", "said"), [("none.h5", "no such weights file"), ("a.txt", r"ends in \.weights\.h5")])
def test_no_file_and_a_file_of_another_kind_are_one_line(name, said, tmp_path):
    (tmp_path / "a.txt").write_text("no weights")
    with pytest.raises(ConfigError, match=said):
        load_weights(network(), tmp_path / name, "ours")


def test_copied_weights_work_like_the_original():
    first, second = network(), blank()
    for old, new in zip(first.layers, second.layers, strict=True):
        copy_weights(old, new)
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3))
    np.testing.assert_array_equal(first.predict_on_batch(images), second.predict_on_batch(images))
