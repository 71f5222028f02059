"""Several devices of torch, here processes on a CPU: what comes of a shared batch is what one device makes of it."""

import signal

import keras
import numpy as np
import pytest
from small_network import NETWORK
from small_part import small_part

import vgglab
from vgglab.config.resolve import make_config
from vgglab.engines.fit import fit
from vgglab.errors import ConfigError
from vgglab.experiments import run as experiment
from vgglab.experiments.run import start_model, watch
from vgglab.training.batches import Smoothing
from vgglab.training.compiling import compile_model
from vgglab.training.part import TrainedPart

pytestmark = pytest.mark.skipif(keras.backend.backend() != "torch", reason="JAX has devices of its own")

RECIPE = {"model": NETWORK, "limit": 100, "batch_size": 16, "epochs": 3, "momentum": 0.9, "ema": True, "flip": True}
FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy")


@pytest.fixture(autouse=True)
def four_devices(monkeypatch):
    monkeypatch.setenv("VGGLAB_TORCH_DEVICES", "4")


@pytest.fixture
def processes(monkeypatch) -> list:
    """The processes that compute on other devices, as they are started."""
    from vgglab.engines import torch_replicas

    there, start = [], torch_replicas.started
    monkeypatch.setattr(torch_replicas, "started", lambda given: there.append(start(given)) or there[-1])
    return there


class InThirdStep(keras.callbacks.Callback):
    """Does something once, before the third step of the second epoch."""

    def __init__(self, act):
        super().__init__()
        self.act = act

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == (1, 2):
            self.act()


def test_a_batch_is_divided_evenly_and_a_rest_goes_to_the_first():
    from vgglab.engines.torch_step import sizes_of

    assert [sizes_of(10, 4), sizes_of(8, 4), sizes_of(4, 4)] == [[3, 3, 2, 2], [2, 2, 2, 2], [1, 1, 1, 1]]


def test_two_devices_share_batches_that_cannot_be_halved_and_come_to_the_weights_of_one():
    told = []
    for devices in (1, 2):
        part, losses = small_part(0.0, augmenter=Smoothing(0.1, 3), classes=3, class_weights={0: 2.0, 1: 0.5}), []
        note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda _, logs, to=losses: to.append(logs["loss"]))
        fit(part, 9, range(2), 0, [note], devices=devices)
        told.append((losses, part.model.get_weights()))
    assert len(told[0][0]) == 16 and told[0][0] == pytest.approx(told[1][0], rel=1e-5)
    for one, other in zip(told[0][1], told[1][1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_a_process_that_dies_is_one_line(processes):
    kill = InThirdStep(lambda: processes[0].kill())
    with pytest.raises(vgglab.VgglabError, match=r"device 1 died \(code -9\); the run goes on with --resume") as raised:
        fit(small_part(), 8, range(2), 0, [kill], devices=2)
    assert "\n" not in str(raised.value)


def run(out, **options) -> vgglab.Run:
    return vgglab.run(**RECIPE | options, name="shared", out=out, progress="none")


@pytest.mark.long
def test_four_devices_have_the_loss_curve_of_one(tmp_path):
    vgg = {"model": "vgg16", "width": 0.1, "learning_rate": 0.001}
    one, four = (run(tmp_path / str(number), devices=number, **vgg) for number in (1, 4))
    assert (one.record.engine, four.record.engine) == ("keras_fit", "torch_replicas")
    for name in FIGURES:
        assert [row[name] for row in one.history] == pytest.approx([row[name] for row in four.history], rel=1e-3)


@pytest.fixture
def double_precision():
    """VGG-16 with BatchNormalization multiplies rounding by a hundred in a step: there has to be little of it."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.mark.long
def test_four_devices_have_the_losses_of_one_where_batches_are_normalised(double_precision):
    config, digits, told = make_config({"model": {"width": 0.1, "batch_norm": True}}), vgglab.load_data("digits"), []
    data = digits.train.images[:60], digits.train.labels[:60]
    for devices in (1, 4):
        model, losses = start_model(config, digits), []
        compile_model(model, keras.optimizers.SGD(0.001))
        note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda _, logs, to=losses: to.append(logs["loss"]))
        fit(TrainedPart(model, data, data, [], []), 30, range(2), 0, [note], devices=devices)
        told.append([*losses, model.evaluate(*data, verbose=0)[0]])
    assert len(told[0]) == 5 and told[0] == pytest.approx(told[1], rel=1e-5)


@pytest.mark.long
def test_a_run_that_was_interrupted_goes_on_to_the_same_bits_and_no_process_is_left(tmp_path, processes, monkeypatch):
    whole = run(tmp_path / "whole", devices=2)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop = InThirdStep(lambda: signal.raise_signal(signal.SIGINT))
        patch.setattr(experiment, "watch", lambda *given: [*watch(*given), stop])
        run(tmp_path / "cut", devices=2)
    assert all(process.returncode is not None for process in processes) and len(processes) == 2
    resumed = vgglab.resume(tmp_path / "cut" / "shared", progress="none")
    weights = (vgglab.load_classifier(each.folder / "last.keras").model.get_weights() for each in (whole, resumed))
    assert all(np.array_equal(*pair) for pair in zip(*weights, strict=True))


def test_a_layer_of_its_own_code_is_refused(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    with pytest.raises(ConfigError, match=r"train.devices is 2, but .* own>Same, which one process alone knows; use 1"):
        run(tmp_path, devices=2, model=f"{tmp_path / 'own.py'}:make")


OWN = """
import keras

@keras.saving.register_keras_serializable("own")
class Same(keras.layers.Flatten):
    pass

def make(input_shape, classes):
    layers = [Same(), keras.layers.Dense(classes, "softmax")]
    return keras.Sequential([keras.Input(input_shape), *layers])
"""
