"""One's own networks: a function's or a file's, behind our treatment of images; what is no classifier is one line."""

import keras
import numpy as np
import pytest
from keras import layers

from vgglab.config.resolve import make_config
from vgglab.errors import ConfigError
from vgglab.models.build import build_model
from vgglab.models.own import check_frozen

NETS = """
import keras
from keras import layers

def chain(input_shape, *more):
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), *more])

def make(input_shape, classes, units=8, *, rate=0.0):
    more = [layers.Dense(units, activation="relu"), layers.Dropout(rate), layers.Dense(classes)]
    return keras.Sequential([layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), *more])

def needs(input_shape, classes, depth): return None
def nothing(input_shape, classes): return None
def raises(input_shape, classes): raise RuntimeError("no luck")
def bare(): return None
def seven(input_shape, classes): return chain(input_shape, layers.Dense(7, activation="softmax"))
def relu(input_shape, classes): return chain(input_shape, layers.Dense(classes, activation="relu"))
def many(input_shape, classes): return chain(input_shape, layers.Dense(classes, activation="sigmoid"))
def grey(input_shape, classes): return chain((28, 28, 1), layers.Dense(classes, activation="softmax"))
def large(input_shape, classes): return chain((64, 64, 3), layers.Dense(classes, activation="softmax"))
def maps(input_shape, classes): return keras.Sequential([keras.Input(input_shape), layers.Conv2D(classes, 3)])
def scaled(input_shape, classes):
    first = [keras.Input(input_shape), layers.Rescaling(1 / 255)]
    return keras.Sequential([*first, layers.Flatten(), layers.Dense(classes)])
def two(input_shape, classes):
    image = keras.Input(input_shape)
    return keras.Model(image, [layers.Dense(classes)(layers.Flatten()(image))] * 2)

class Unknown(layers.Layer):
    def call(self, x): return x

def unknown(input_shape, classes): return chain(input_shape, Unknown(), layers.Dense(classes))

def base(input_shape):
    image = keras.Input(input_shape)
    maps = layers.BatchNormalization(name="norm")(layers.Conv2D(2, 3, name="inside")(image))
    return keras.Model(image, maps, name="base")

def nested(input_shape, classes, frozen=False, training=None):
    image, within = keras.Input(input_shape), base(input_shape)
    within.trainable = not frozen
    maps = within(image, training=training)
    return keras.Model(image, layers.Dense(classes, "softmax", name="head")(layers.GlobalMaxPooling2D()(maps)))

@keras.saving.register_keras_serializable("nets")
class Sub(keras.Model):
    def __init__(self, classes, **options):
        super().__init__(**options)
        self.classes, self.inner = classes, layers.Dense(classes, activation="softmax")
    def build(self, shape): self.inner.build((None, shape[-1]))
    def call(self, x): return self.inner(keras.ops.mean(x, axis=(1, 2)))
    def get_config(self): return super().get_config() | {"classes": self.classes}

def subclass(input_shape, classes): return Sub(classes)
"""


@pytest.fixture(autouse=True)
def nets(tmp_path, monkeypatch):
    """`nets.py`, in the folder that the test is in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "broken.py").write_text("def make(:")


def build(name: str, classes: int = 10, **model) -> keras.Model:
    return build_model(make_config({"model": {"name": name, **model}}), (32, 32, 3), classes)


def names(model: keras.Model) -> list[str]:
    return [layer.name for layer in model.layers]


def test_a_network_stands_flat_behind_our_treatment_and_scores_get_a_softmax():
    model = build("nets.py:make", image_size=40, arguments={"units": 5})
    expected = ["image", "image_resizing", "image_rescaling", "conv2d", "global_average_pooling2d", "dense", "dropout"]
    assert names(model) == [*expected, "dense_1", "probabilities"] and model.name == "make"
    assert model.get_layer("dense").units == 5 and model.output_shape == (None, 10)
    assert names(build("nets.py:make", preprocessing="none"))[:2] == ["image", "conv2d"]


def test_a_module_is_imported_from_the_folder_that_one_is_in():
    assert build("nets:make").output_shape == (None, 10)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nets.py:needs", "needs a value for depth; --set model.arguments.depth=VALUE"),
        ("nets.py:nothing", "returned None; expected a keras.Model"),
        ("nets.py:raises", "raised RuntimeError: no luck"),
        ("nets.py:bare", "takes no input_shape; expected def make"),
        ("nets.py:seven", "gives 7 for an image; expected 10"),
        ("nets.py:maps", "gives 30x30x10 for an image; expected 10"),
        ("nets.py:relu", "ends in 10 units with relu; expected a softmax"),
        ("nets.py:many", "ends in 10 units with sigmoid; expected a softmax"),
        ("nets.py:grey", "takes 28x28x1; expected images of 32x32x3"),
        ("nets.py:large", "expected images of 32x32x3; --image-size 64"),
        ("nets.py:two", "has 1 inputs and 2 outputs"),
        ("nets.py:scaled", "scales pixels from 0 to 255 itself; say --preprocessing none"),
        ("nets.py:unknown", "Could not locate class 'Unknown'.*; register its layers"),
        ("nets.py:maker", "no function 'maker'; it has chain, make"),
        ("broken.py:make", "line 1: invalid syntax"),
        ("other.py:make", "no file other.py; expected FILE.py:FUNCTION"),
        ("no.such:make", "module no.such cannot be imported"),
        ("other.keras", "no file other.keras"),
        ("nets", "expected one of vgg16, FILE.py:FUNCTION"),
    ],
)
def test_what_is_no_classifier_of_such_images_is_one_line(name, line):
    with pytest.raises(ConfigError, match=line) as caught:
        build(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"arguments": {"unit": 3}}, "takes no argument 'unit'; it takes units, rate; did you mean 'units'?"),
        ({"arguments": {"classes": 3}}, "model.arguments.classes follows from the data"),
        ({"dropout": 0.5}, "model.dropout is for vgg16; nets.py:make has model.arguments.dropout"),
        ({"arguments": "[3]"}, "model.arguments"),
    ],
)
def test_settings_that_the_function_does_not_take_are_one_line(settings, line):
    with pytest.raises(ConfigError, match=line):
        build("nets.py:make", **settings)


def test_a_model_within_is_taken_apart_unless_it_is_told_how_to_run():
    assert "inside" in names(build("nets.py:nested"))
    assert "base" in names(build("nets.py:nested", arguments={"training": False}))


def test_layers_that_the_function_froze_are_for_freeze_to_say():
    config = make_config({"model": {"name": "nets.py:nested", "arguments": {"frozen": True}}})
    with pytest.raises(ConfigError, match=r"froze inside itself .* say --freeze head"):
        check_frozen(build_model(config, (32, 32, 3), 10), config.model)


def test_a_subclass_with_its_own_call_is_one_layer():
    assert names(build("nets.py:subclass")) == ["image", "image_rescaling", "sub"]


def test_a_model_in_a_file_keeps_its_weights_and_one_sigmoid_becomes_two_classes():
    saved = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(1, activation="sigmoid")])
    saved.save("two.keras")
    images = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype("float32")
    ours = keras.ops.convert_to_numpy(build("two.keras", classes=2)(images))
    theirs = keras.ops.convert_to_numpy(saved(images / 255))
    np.testing.assert_allclose(ours, np.hstack([1 - theirs, theirs]), atol=1e-5)


def test_a_models_names_and_weights_do_not_depend_on_what_was_built_before():
    keras.utils.set_random_seed(3)
    first = build("nets.py:make")
    keras.utils.set_random_seed(3)
    second = build("nets.py:make")
    assert names(first) == names(second)
    assert all(map(np.array_equal, first.get_weights(), second.get_weights()))
