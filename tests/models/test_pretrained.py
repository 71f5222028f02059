"""Backbones: flat models on pretrained networks, or one line that says why not."""

import inspect
import re
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from vgglab.config.resolve import make_config
from vgglab.config.schema import BUILTIN, BUILTIN_WIDTH, RunConfig
from vgglab.datasets.places import data_home
from vgglab.errors import ConfigError, DataError, RunError, VgglabError
from vgglab.models import pretrained
from vgglab.models.build import build_model
from vgglab.models.builtin import builtin_path
from vgglab.models.find import ModelSource
from vgglab.models.preprocessing import PixelStatistics
from vgglab.models.pretrained import application_names, export_features, find_backbone
from vgglab.models.vgg16 import convolutions, vgg16

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype="uint8")
STATISTICS = PixelStatistics((120.0, 110.0, 100.0), (60.0, 65.0, 70.0))
MOBILENET = "mobilenet_v2_imagenet_notop.weights.h5"


def config(backbone: str | None = "MobileNetV2", weights: str | None = "none", **model) -> RunConfig:
    return make_config({"backbone": {"name": backbone, "weights": weights}, "model": model})


def build(*arguments, shape=(32, 32, 3), **options) -> keras.Model:
    return build_model(config(*arguments, **options), shape, 10, STATISTICS)


def outputs(model: keras.Model, images=IMAGES, layer: str | None = None) -> np.ndarray:
    """What a model, or a layer of it, makes of images; step by step, as a graph takes longer to make than it saves."""
    model = keras.Model(model.input, model.get_layer(layer).output) if layer else model
    return keras.ops.convert_to_numpy(model(images.astype("float32"), training=False))


@pytest.fixture
def earlier(tmp_path, monkeypatch) -> keras.Model:
    """The model of a run called `earlier`, below ./runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "earlier").mkdir(parents=True)
    model = vgg16((32, 32, 3), 7, batch_norm=True, dropout=0.1, width=0.05)
    model.save("runs/earlier/best.keras")
    return model


@pytest.fixture
def quarter(tmp_path, monkeypatch):
    """A stand-in for the built-in network: its shape, with weights at random."""
    image = keras.Input((32, 32, 3), name="image")
    x = convolutions(keras.layers.Rescaling(1 / 100, name="image_rescaling")(image), True, 0.0, 0.25)
    keras.Model(image, x, name="vgg16").save(tmp_path / "quarter.keras")
    monkeypatch.setattr(pretrained, "builtin_path", lambda name: tmp_path / "quarter.keras")
    return keras.saving.load_model(tmp_path / "quarter.keras")


@pytest.mark.long
def test_every_network_of_keras_applications_builds_flat(weights_declared):
    visited = []
    for name in available(application_names()):
        with weights_declared():
            model = build_as_small_as_it_can_be(name)
        inner = [layer for layer in model.layers if isinstance(layer, keras.Model)]
        assert all(isinstance(layer, keras.Sequential) for layer in inner) and len(inner) <= 4, name  # ConvNeXt's own
        assert model.output.shape == (None, 10) and model.name == name.lower(), name
        assert [layer.name for layer in model.layers[-3:]] == ["flatten", "fc1", "predictions"], name
        visited.append(name)
    assert len(visited) == len(set(visited)) >= 36


def available(names: tuple[str, ...]) -> list[str]:
    """The networks that Keras has for this backend: for torch no NASNets."""
    return [name for name in names if not (name.startswith("NASNet") and keras.backend.backend() == "torch")]


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="Keras has every network for the other backends")
def test_a_network_that_keras_has_not_for_torch_is_one_line():
    with pytest.raises(ConfigError, match="Keras has no NASNetMobile for torch; choose another"):
        build("NASNetMobile")


def build_as_small_as_it_can_be(name: str) -> keras.Model:
    try:
        return build(name, preprocessing="backbone")
    except ConfigError as error:
        side = int(re.search(r"set --image-size (\d+)$", str(error))[1])
        return build(name, preprocessing="backbone", image_size=side)


def test_the_networks_are_all_that_take_include_top():
    candidates = [getattr(keras.applications, name) for name in dir(keras.applications)]
    takes = [each for each in candidates if callable(each) and "include_top" in inspect.signature(each).parameters]
    assert len(takes) == len(application_names())


def test_the_features_are_those_of_keras_applications():
    model = build(preprocessing="backbone")
    theirs = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    theirs.set_weights(keras.Model(model.input, model.get_layer("out_relu").output).get_weights())
    ours = outputs(model, layer="out_relu")
    np.testing.assert_allclose(ours, outputs(theirs, IMAGES / 127.5 - 1), atol=1e-5)
    assert np.ptp(ours) > 0


def test_every_layer_has_one_way_in_and_is_trainable():
    layers = build(image_size=40).layers
    assert all(len(layer._inbound_nodes) == 1 and layer.trainable for layer in layers)
    assert [layer.name for layer in layers[:4]] == ["image", "image_resizing", "image_rescaling", "Conv1"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["flatten", "fc1", "predictions"]),
        ({"head_units": "64,32", "head_dropout": 0.5}, ["fc1", "fc1_dropout", "fc2", "fc2_dropout", "predictions"]),
        ({"pooling": "avg", "head_units": []}, ["avg_pool", "predictions"]),
        ({"pooling": "max"}, ["max_pool", "fc1", "predictions"]),
    ],
)
def test_the_head_is_as_asked_for(options, expected):
    made = make_config({"backbone": {"name": "vgg16", "weights": "none"} | options})
    layers = build_model(made, (32, 32, 3), 10).layers
    assert [layer.name for layer in layers[-len(expected) :]] == expected
    assert layers[-1].activation is keras.activations.softmax and layers[-1].units == 10
    assert all(layer.activation is keras.activations.relu for layer in layers if layer.name in ("fc1", "fc2"))


def test_the_labs_head_has_512_units():
    assert build("vgg16").get_layer("fc1").units == 512


PLAIN_KERAS = """
import sys, keras, numpy as np
model = keras.saving.load_model("VGG16.keras")
outputs = keras.ops.convert_to_numpy(model(np.load("images.npy"), training=False))
np.testing.assert_allclose(outputs, np.load("outputs.npy"), atol=1e-5)
for name in sys.argv[1:]:
    with keras.StatelessScope(initialize_variables=False):
        keras.models.model_from_json(open(f"{name}.json").read())
assert "vgglab" not in sys.modules
"""


def test_saved_models_load_in_plain_keras_and_predict_alike(weights_declared, tmp_path):
    model = build("VGG16", preprocessing="backbone", image_size=40)
    model.save(tmp_path / "VGG16.keras")
    np.save(tmp_path / "images.npy", IMAGES.astype("float32"))
    np.save(tmp_path / "outputs.npy", outputs(model))
    kinds = {"ConvNeXtTiny": "backbone", "EfficientNetB0": "normalize-channels", "MobileNetV3Small": "normalize"}
    for name, kind in kinds.items():
        with weights_declared():
            (tmp_path / f"{name}.json").write_text(build(name, preprocessing=kind, image_size=40).to_json())
    subprocess.run([sys.executable, "-c", PLAIN_KERAS, *kinds], check=True, cwd=tmp_path)


def mobilenet_weights() -> str:
    places = [data_home() / MOBILENET, data_home() / "weights" / MOBILENET]
    found = [path for path in places if path.is_file()]
    return str(found[0]) if found else pytest.skip(f"no {MOBILENET} in the data folder")


def test_imagenet_weights_from_a_file_give_the_features_of_keras_applications():
    model = build("mobilenetv2", mobilenet_weights(), preprocessing="backbone", shape=(96, 96, 3))
    theirs = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(96, 96, 3))
    theirs.load_weights(mobilenet_weights())
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), dtype="uint8")
    expected = outputs(theirs, keras.applications.mobilenet_v2.preprocess_input(images.astype("float32")))
    np.testing.assert_allclose(outputs(model, images, "out_relu"), expected, atol=1e-3)


def test_weights_of_another_network_name_layer_and_shapes():
    with pytest.raises(ConfigError) as caught:
        build("VGG16", mobilenet_weights())
    assert "not weights of VGG16: layer block1_conv1 is 3x3x3x64 + 64, the file has Conv1, 3x3x3x32" in str(
        caught.value
    )


def test_the_convolutional_part_of_a_run_is_taken_by_its_name(earlier):
    model = build(None, "run:earlier")
    names = [layer.name for layer in earlier.layers]
    assert [layer.name for layer in model.layers[:-3]] == names[: names.index("flatten")]
    ours = outputs(model, layer="block5_pool")
    np.testing.assert_allclose(ours, outputs(earlier, layer="block5_pool"), atol=1e-5)
    assert np.ptp(ours) > 0


def test_a_run_can_go_on_with_images_of_another_size_and_its_own_treatment(earlier, tmp_path):
    model = build(None, f"run:{tmp_path / 'runs' / 'earlier'}", preprocessing="backbone", image_size=64)
    assert model.get_layer("block5_pool").output.shape[1:3] == (2, 2)
    assert model.get_layer("image_rescaling").scale == pytest.approx(1 / 255)


def test_a_run_of_a_run_of_a_backbone_keeps_its_treatment(tmp_path):
    first = build("VGG16", preprocessing="backbone")
    first.save(tmp_path / "first.keras")
    second = build(None, str(tmp_path / "first.keras"), preprocessing="backbone", image_size=48)
    layers = [model.get_layer("image_rescaling") for model in (first, second)]
    assert layers[0].get_config() == layers[1].get_config() and len(layers[0].offset) == 3
    assert sum(operation.name.startswith("flip") for operation in second.operations) == 1


@pytest.mark.parametrize("name", ["ConvNeXtTiny", "EfficientNetB0"])
def test_what_was_saved_with_any_backbone_can_be_started_from_flat(name, tmp_path):
    first = build(name, preprocessing="backbone", image_size=40)
    for layer in first.layers:
        layer.trainable = False
    first.save(tmp_path / "first.keras")
    second = build(None, str(tmp_path / "first.keras"), preprocessing="backbone", image_size=40)
    assert [layer.name for layer in second.layers] == [layer.name for layer in first.layers]
    assert all(layer.trainable for layer in second.layers)
    weights = [[weight for layer in model.layers[:-2] for weight in layer.get_weights()] for model in (first, second)]
    assert len(weights[0]) == len(weights[1]) and all(map(np.array_equal, *weights))


def test_another_image_size_than_the_runs_is_padded_as_keras_applications_does(tmp_path):
    build(preprocessing="backbone", image_size=48).save(tmp_path / "first.keras")
    second = build(None, str(tmp_path / "first.keras"), preprocessing="backbone")
    theirs = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    theirs.set_weights(keras.Model(second.input, second.get_layer("out_relu").output).get_weights())
    padded = [layer.padding for layer in second.layers if isinstance(layer, keras.layers.ZeroPadding2D)]
    assert len(padded) == 4 and set(padded) == {((0, 1), (0, 1))}
    np.testing.assert_allclose(outputs(second, layer="out_relu"), outputs(theirs, IMAGES / 127.5 - 1), atol=1e-5)


def test_statistics_inside_a_network_are_taken_along(tmp_path):
    image = keras.Input((32, 32, 3), name="image")
    x = keras.layers.Normalization(mean=None, name="inside")(image)
    first = keras.Model(image, keras.layers.Conv2D(2, 3, name="last")(x))
    first.get_layer("inside").adapt(IMAGES.astype("float32"))
    first.save(tmp_path / "first.keras")
    second = build(None, str(tmp_path / "first.keras"), preprocessing="backbone")
    np.testing.assert_allclose(outputs(second, layer="last"), outputs(first), atol=1e-5)


@pytest.mark.parametrize("options", [(None, "builtin"), ("vgg16", "builtin"), ("VGG16", None, 0.25)])
def test_the_builtin_network_is_found_by_its_name_or_its_width(quarter, options):
    backbone, weights, *width = options
    model = build(backbone, weights, preprocessing="backbone", **({"width": width[0]} if width else {}))
    np.testing.assert_allclose(outputs(model, layer="block5_pool"), outputs(quarter), atol=1e-5)
    assert model.get_layer("block1_conv1_bn") and model.get_layer("block1_conv1").filters == 16


def test_the_network_exported_from_a_run_has_no_head(earlier, tmp_path):
    export_features("earlier", tmp_path / "exported.keras")
    model = keras.saving.load_model(tmp_path / "exported.keras")
    assert model.layers[-1].name == "block5_pool" and not model.compiled
    np.testing.assert_array_equal(outputs(model), outputs(earlier, layer="block5_pool"))


def test_the_shipped_networks_are_small_and_load():
    assert all(builtin_path(name).stat().st_size <= 4_000_000 for name in BUILTIN) and len(BUILTIN) == 2
    assert build("VGG16", None, width=BUILTIN_WIDTH).get_layer("block5_pool").output.shape[-1] == 128
    network = build("MobileNetV2", None, width=BUILTIN_WIDTH, preprocessing="backbone", image_size=64)
    assert network.get_layer("Conv1").filters == 8 and network.get_layer("out_relu").output.shape[1:3] == (2, 2)


def test_width_is_what_keras_calls_alpha():
    assert build("MobileNetV2", "none", width=0.25).get_layer("Conv1").filters == 8


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """Keras's folder of weights is empty, and no address can be reached, on any machine."""
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setattr("urllib.request._opener", None)
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nobody listens there
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.mark.parametrize(("name", "file"), [("MobileNetV2", "1.0_224_no_top.h5"), ("VGG16", "kernels_notop.h5")])
def test_imagenet_weights_that_cannot_be_fetched_name_file_address_and_folder(name, file, no_network, capsys):
    with pytest.raises(DataError) as caught:
        build(name, "imagenet")
    line = str(caught.value)
    assert f"{file} (" in line and "https://" in line and f"put it into {no_network}" in line and "\n" not in line
    assert capsys.readouterr().out == ""


def test_a_damaged_download_is_told_from_a_missing_one(no_network):
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    (no_network / name).write_bytes(b"half a file")
    with pytest.raises(DataError, match=f"{name} is damaged"):
        build("MobileNetV2", "imagenet")


def test_imagenet_weights_put_where_the_error_says_are_taken(no_network):
    theirs = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    theirs.save(no_network / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5")
    model = build("MobileNetV2", "imagenet")
    np.testing.assert_allclose(outputs(model, layer="out_relu"), outputs(theirs, IMAGES / 255), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "model", "said"),
    [
        (("MobilNetV2",), {}, "did you mean 'MobileNetV2'?"),
        (("qqqq",), {}, "known: ConvNeXtBase"),
        (("InceptionV3",), {}, "InceptionV3 needs images of 75x75 or more, not 32x32; set --image-size 75"),
        (("MobileNetV2",), {"image_size": 16}, "needs images of 32x32 or more, not 16x16"),
        (("MobileNetV2", "imagnet"), {}, "did you mean 'imagenet'?"),
        (("MobileNetV2", "none.weights.h5"), {}, "none.weights.h5: no such file"),
        ((None, "imagenet"), {}, "name one with --backbone"),
        (("ResNet50", "builtin"), {}, "those of VGG16 or MobileNetV2, not of ResNet50"),
        (("MobileNetV2", "imagenet"), {"width": 0.25}, "come at width 0.35, 0.50, 0.75, 1.0, 1.3 or 1.4, not 0.25"),
        (("MobileNet", "imagenet"), {"width": 0.3}, "come at width 0.25, 0.50, 0.75 or 1.0, not 0.3"),
        (("VGG16", "builtin"), {"width": 0.5}, "come at width 0.25"),
        (("VGG16", "none"), {"width": 0.5}, "comes at width 1"),
        (("VGG16", "none"), {"batch_norm": True}, "model.batch_norm is for networks from scratch; VGG16 of keras"),
        ((None, "builtin"), {"dropout": 0.2}, "model.dropout is for networks from scratch; the built-in network"),
    ],
)
def test_what_cannot_be_built_is_one_line(arguments, model, said):
    with pytest.raises(ConfigError) as caught:
        build(*arguments, **model)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_backbones_own_treatment_needs_a_backbone():
    with pytest.raises(ConfigError, match="preprocessing is backbone"):
        build_model(make_config({"model": {"preprocessing": "backbone"}}), (32, 32, 3), 10)


def test_to_look_at_a_network_downloads_nothing(no_network):
    assert ModelSource({}).find("vgg16").get_layer("block5_pool") and list(no_network.iterdir()) == []


def test_grey_images_are_refused():
    with pytest.raises(ConfigError, match="3 channels, not 1"):
        build(shape=(32, 32, 1))


def test_a_run_that_is_not_there_is_one_line():
    with pytest.raises(RunError, match=r"run nowhere: there is no nowhere/best\.keras"):
        find_backbone(config(None, "run:nowhere"))


def test_images_too_small_for_a_runs_network_are_one_line(earlier):
    with pytest.raises(ConfigError, match="images of 16x16 are too small for its network, made for 32x32"):
        build(None, "run:earlier", image_size=16)


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_damaged_model_is_one_line(content, tmp_path):
    path = tmp_path / "damaged.keras"
    path.write_bytes(content) if content is not None else zipfile.ZipFile(path, "w").close()
    with pytest.raises(DataError, match=r"damaged\.keras: cannot be loaded") as caught:
        build(None, str(path))
    assert "\n" not in str(caught.value)


def test_a_model_without_feature_maps_is_one_line(tmp_path):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "dense.keras")
    with pytest.raises(ConfigError, match="not a convolutional network"):
        build(None, str(tmp_path / "dense.keras"))


def test_summaries_take_the_networks_by_name():
    model = ModelSource({}).find("mobilenetv2")
    assert model.get_layer("out_relu") and model.output.shape == (None, 10)
    with pytest.raises(VgglabError, match="did you mean 'MobileNetV2'"):
        ModelSource({}).find("MobileNtV2")
