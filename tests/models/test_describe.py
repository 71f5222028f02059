"""Models in numbers: FLOPs, parameters, and what differs between two."""

import keras
import pytest

from vgglab.config.resolve import make_config
from vgglab.config.schema import OPTIMIZERS
from vgglab.errors import VgglabError
from vgglab.models.build import BUILDERS, build_model
from vgglab.models.describe import count_flops, count_parameters, diff_models, diff_text, summary_json, summary_text
from vgglab.models.find import ModelSource
from vgglab.models.vgg16 import vgg16
from vgglab.training.compiling import build_optimizer


@pytest.fixture(scope="module")
def small() -> keras.Model:
    return vgg16((32, 32, 3), 10, width=0.1)


def test_flops_of_one_convolution_and_one_dense_layer_are_counted_by_hand():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(5)(keras.layers.Flatten()(x)))
    assert count_flops(model) == 2 * (8 * 8 * 3 * 3 * 3 * 4 + 8 * 8 * 4 * 5)


def test_flops_of_depthwise_and_strided_convolutions_follow_their_output():
    inputs = keras.Input((8, 8, 6))
    x = keras.layers.DepthwiseConv2D(3, strides=2, padding="same")(inputs)
    assert count_flops(keras.Model(inputs, x)) == 2 * (4 * 4 * 3 * 3 * 6)


def test_batch_normalization_is_all_that_a_diff_with_it_names(small):
    diff = diff_models(small, vgg16((32, 32, 3), 10, width=0.1, batch_norm=True))
    assert set(diff["added"].values()) == {"BatchNormalization"} and len(diff["added"]) == 13
    assert not diff["removed"] and not diff["changed"] and diff["flops"]["before"] == diff["flops"]["after"]


def test_a_diff_says_which_settings_changed(small):
    diff = diff_models(small, vgg16((32, 32, 3), 7, width=0.1))
    assert diff["changed"] == {"predictions": {"units": [10, 7]}}
    assert "~ predictions: units 10 -> 7" in diff_text(diff)


def test_trainable_and_frozen_parameters_add_up():
    counts = count_parameters(vgg16((32, 32, 3), 10, width=0.1, batch_norm=True))
    assert counts["trainable"] + counts["frozen"] == counts["total"] and counts["frozen"] > 0


def test_the_summary_names_every_layer_and_the_parameters(small):
    text = summary_text(small)
    assert all(layer.name in text for layer in small.layers)
    assert f"{small.count_params():,}" in text and max(map(len, text.splitlines())) <= 80


def test_every_model_name_builds():
    configs = [make_config({"model": {"name": name, "width": 0.05}}) for name in BUILDERS]
    built = [build_model(config, (32, 32, 3), 3) for config in configs]
    assert len(built) == 1 and all(model.output.shape == (None, 3) for model in built)


def test_every_optimizer_name_builds_with_its_learning_rate():
    optimizers = [build_optimizer(name, 0.25) for name in OPTIMIZERS]
    assert len(optimizers) == 9 and all(float(each.learning_rate) == 0.25 for each in optimizers)


def test_a_model_is_found_by_name_settings_run_and_file(trained):
    source = ModelSource({"model.width": "0.05", "model.batch_norm": True})
    ours = {source.find(name).count_params() for name in ("vgg16", "vgg16,width=0.05")}
    own = {source.find(str(path)).count_params() for path in (trained.folder, trained.folder / "best.keras")}
    assert len(ours) == 1 and own == {trained.record.parameters["total"]} and ours != own


@pytest.mark.parametrize("name", ["vgg61", "vgg16,widht=1", "nowhere.keras", "nowhere.yaml"])
def test_a_model_that_is_not_there_is_one_line(name):
    with pytest.raises(VgglabError) as caught:
        ModelSource({}).find(name)
    named = name.rpartition(",")[2].partition("=")[0]
    assert "\n" not in str(caught.value) and named in str(caught.value)


def follows(model: keras.Model) -> dict[str, list[str]]:
    """Layer name -> names of the layers it follows."""
    return {layer["name"]: layer["inputs"] for layer in summary_json(model)["layers"]}


def test_each_layer_names_the_ones_it_follows_through_operations_that_are_no_layers():
    image = keras.Input((8, 8, 3), name="image")
    first = keras.layers.Conv2D(3, 3, padding="same", name="first")(keras.ops.flip(image, -1))
    model = keras.Model(image, keras.layers.Add(name="sum")([first, image]))
    assert follows(model) == {"image": [], "first": ["image"], "sum": ["first", "image"]}


def test_layers_of_a_model_in_a_model_come_in_order_and_follow_the_outer_ones():
    inside = keras.Sequential([keras.Input((8,), name="inside"), keras.layers.Dense(4, name="d1")])
    image = keras.Input((8,), name="image")
    x = inside(keras.layers.ReLU(name="relu")(image))
    model = keras.Model(image, keras.layers.Dense(2, name="d2")(x))
    assert list(follows(model).items())[2:] == [("inside", ["relu"]), ("d1", ["inside"]), ("d2", ["d1"])]


def test_layers_say_whether_they_are_trained_and_dropout_its_rate():
    model = vgg16((32, 32, 3), 10, width=0.1, dropout=0.2)
    model.get_layer("block1_conv1").trainable = False
    layers = {layer["name"]: layer for layer in summary_json(model)["layers"]}
    assert not layers["block1_conv1"]["trainable"] and layers["block1_conv2"]["trainable"]
    assert {layer["rate"] for layer in layers.values() if layer["class"] == "Dropout"} == {0.2}
