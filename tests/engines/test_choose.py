"""Which engine computes the epochs, and what is said where the one that was asked for cannot."""

import keras
import numpy as np
import pytest
from small_network import NETWORK

from vgglab.config.resolve import make_config
from vgglab.engines import choose
from vgglab.engines.choose import SHARE, check_engine, choose_engine, too_large
from vgglab.engines.counting import count_devices
from vgglab.engines.keras_fit import fit_by_keras
from vgglab.errors import ConfigError
from vgglab.training.part import TrainedPart

JAX = keras.backend.backend() == "jax"
IMAGES = np.zeros((100, 4), "uint8"), np.zeros(100, int)
MODEL = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
PART = TrainedPart(MODEL, IMAGES, IMAGES, [], [])


def settings(**train):
    return make_config({"train": train}).train


@pytest.mark.parametrize("resident", ["auto", "off"])
def test_on_a_cpu_keras_fit_computes_the_epochs(resident):
    assert choose_engine(PART, resident, 1) is fit_by_keras
    check_engine(MODEL, settings(resident=resident))


@pytest.mark.skipif(JAX, reason="there it can be")
def test_images_on_the_device_are_refused_on_other_backends():
    with pytest.raises(ConfigError, match=r"only JAX .* the backend is \w+; set KERAS_BACKEND=jax"):
        check_engine(MODEL, settings(resident="on"))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="there it can be")
@pytest.mark.parametrize("devices", [2, "all"])
def test_tensorflow_has_one_device(devices):
    with pytest.raises(ConfigError, match=r"only JAX and torch .* backend is tensorflow; set KERAS_BACKEND=jax or to"):
        check_engine(MODEL, settings(devices=devices))


@pytest.mark.skipif(JAX, reason="there it can be")
def test_on_the_command_line_that_is_code_2_and_leaves_no_folder(told, tmp_path):
    code, _, errors = told("train", "--model", NETWORK, "--resident", "on", "--out", tmp_path)
    assert code == 2 and errors.count("\n") == 1 and "only JAX has images on the device" in errors
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="it shares none")
def test_more_devices_than_there_are_is_one_line():
    assert count_devices("all") == 1
    with pytest.raises(ConfigError, match=r"train.devices is 99; (jax|torch) finds 1 \(cpu\); use all, or fewer"):
        count_devices(99)


def test_images_that_do_not_fit_on_the_device_are_told_of(monkeypatch):
    monkeypatch.setattr(choose, "bytes_free", lambda devices: int(800 / SHARE))
    assert too_large(PART, 1) == ""
    monkeypatch.setattr(choose, "bytes_free", lambda devices: int(790 / SHARE))
    assert "more than 50% of the 0.0 GiB that are free" in too_large(PART, 1)


@pytest.mark.parametrize(("given", "devices"), [("2", 2), (2, 2), ("all", "all"), (1, 1)])
def test_devices_are_a_number_or_all(given, devices):
    assert settings(devices=given).devices == devices


@pytest.mark.parametrize("given", ["none", 0, "0", -1, 1.5])
def test_other_devices_are_one_line(given):
    with pytest.raises(ConfigError, match=r"train.devices is .*; expected all, or a number from 1"):
        settings(devices=given)


def test_several_devices_hold_the_images():
    with pytest.raises(ConfigError, match=r"train\.resident is off, train\.devices 2"):
        settings(devices=2, resident="off")
