"""What `vgglab models` lists is true, and at hand."""

import json

import pytest

from vgglab.config.schema import BUILTIN
from vgglab.models.describe import count_flops, count_parameters
from vgglab.models.listing import find_model, list_models
from vgglab.models.pretrained import Application, application_names
from vgglab.models.vgg16 import vgg16


def test_every_network_that_can_be_named_is_listed():
    listed = list_models()
    assert {each.name for each in listed if each.source == "keras.applications"} == set(application_names())
    assert len(listed) >= 40 and all(each.parameters > 1e5 and each.flops != 0 and each.side != 0 for each in listed)
    assert sum(each.source == "KerasHub" for each in listed) >= 40


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0", "MobileNetV3Small"])
def test_what_is_listed_is_true(name, weights_declared):
    listed = find_model(name.lower())
    with weights_declared():
        model = Application(name).builder(include_top=False, weights=None, input_shape=(listed.side, listed.side, 3))
    assert (listed.parameters, listed.flops) == (count_parameters(model)["total"], count_flops(model))


def test_our_own_network_is_listed_as_it_is_by_default(weights_declared):
    listed = find_model("vgg16")
    with weights_declared():
        model = vgg16((listed.side, listed.side, 3), 10)
    assert (listed.parameters, listed.flops) == (count_parameters(model)["total"], count_flops(model))


def test_weights_are_at_hand_once_keras_has_them(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert find_model("ResNet50").at_hand == () and {"builtin"} <= set(find_model(BUILTIN[0]).at_hand)
    file = find_model("ResNet50").file
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / file.rpartition("/")[2]).write_bytes(b"")
    assert find_model("ResNet50").at_hand == ("imagenet",)


def test_the_command_lists_all_or_tells_of_one(told):
    code, out, err = told("models")
    assert code == 0 and "MobileNetV2" in out and "FILE.py:FUNCTION" in err
    assert json.loads(told("models", "resnet50", "--json")[1])[0]["side"] == 224
    assert "--weights imagenet: " in told("models", "ResNet50")[1]
    code, _, err = told("models", "ResNet5")
    assert code == 2 and "did you mean 'ResNet50'" in err
