"""Two engines, one contract: whichever computes the epochs, the same comes of it."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from small_network import NETWORK
from small_part import small_part

import vgglab
from vgglab.diagnosis.records import read_signals
from vgglab.engines.fit import NonFiniteLoss, fit
from vgglab.experiments import run as experiment
from vgglab.experiments.run import watch
from vgglab.runs.record import HISTORY_FIELDS
from vgglab.training.augment import Augmenter
from vgglab.training.batches import Batches, Smoothing
from vgglab.training.part import TrainedPart

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX alone has images on the device")

ENGINES = ("off", "on")
RECIPE = {"limit": 100, "model": NETWORK, "batch_size": 16, "momentum": 0.9, "label_smoothing": 0.1, "flip": True}
RECIPE |= {"ema": True, "ema_momentum": 0.9, "settle_batch_norm": True, "layer_decay": 0.5, "clip_norm": 1.0}
PHASES = [{"epochs": 1, "freeze": "fc1"}, {"epochs": 2, "freeze": "none", "schedule": "cosine", "learning_rate": 0.05}]


class CtrlC(keras.callbacks.Callback):
    """A real interrupt, after a step of the third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (2, 1):
            signal.raise_signal(signal.SIGINT)


def run(out: Path, resident: str, **options) -> vgglab.Run:
    asked = RECIPE | {"phases": PHASES, "class_weights": "balanced", "views": 2} | options
    return vgglab.run(**asked, resident=resident, name=resident, out=out, progress="none")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[vgglab.Run]:
    """The same run, by Keras's `fit` and resident: a head on frozen features, then all on images."""
    out = tmp_path_factory.mktemp("runs")
    return [run(out, resident) for resident in ENGINES]


def weights_of(run: vgglab.Run) -> list[np.ndarray]:
    return vgglab.load_classifier(run.folder / "last.keras").model.get_weights()


def test_both_write_the_same_history(runs):
    first, second = (run.history for run in runs)
    assert len(first) == len(second) == 3 and all(tuple(row) == HISTORY_FIELDS for row in second)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "phase"):
        assert [row[name] for row in first] == pytest.approx([row[name] for row in second], rel=1e-3)


def test_both_come_to_the_same_weights(runs):
    for one, other in zip(*map(weights_of, runs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-4)


def test_both_record_the_same_signals_and_find_the_same(runs):
    first, second = (read_signals(run.folder / "signals.jsonl") for run in runs)
    assert [list(line) for line in first] == [list(line) for line in second]
    assert first[1]["step_loss"] == pytest.approx(second[1]["step_loss"], rel=1e-2)
    assert first[1]["step_update"].keys() == second[1]["step_update"].keys()
    assert [found["code"] for found in runs[0].findings] == [found["code"] for found in runs[1].findings]


def test_a_resident_run_that_was_interrupted_goes_on_to_the_same_bits(runs, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(experiment, "watch", lambda *given: [*watch(*given), CtrlC()])
        run(tmp_path, "on")
    assert len(vgglab.load(tmp_path / "on").history) == 2
    resumed = vgglab.resume(tmp_path / "on", progress="none")
    assert all(np.array_equal(*pair) for pair in zip(weights_of(resumed), weights_of(runs[1]), strict=True))


def test_images_are_varied_on_the_device_as_on_the_host():
    losses = []
    for resident in ENGINES:
        augmenter = Augmenter(3, 0, flip=True, crop=1, mixup=0.4, cutmix=1.0)
        part = small_part(augmenter=Smoothing(0.1, 3, augmenter), classes=3)
        note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]))
        fit(part, 8, range(2), 0, [note], resident)
    assert len(losses) == 36 and losses[:18] == pytest.approx(losses[18:], rel=1e-4)


@pytest.mark.parametrize("resident", ENGINES)
def test_the_first_step_that_is_not_finite_is_named(resident):
    part = small_part()
    features = np.array(part.train[0], "float32")
    features[7] = math.nan
    batches = Batches(features, part.train[1], 8, seed=0)
    step = next(number for number in range(len(batches)) if 7 in batches.rows(number))
    with pytest.raises(NonFiniteLoss, match=f"the loss became nan in epoch 1, step {step + 1}"):
        fit(TrainedPart(part.model, (features, part.train[1]), part.validation, [], []), 8, range(2), 0, [], resident)


def test_a_network_is_compiled_once_for_each_size_of_batch_and_before_it_is_needed():
    import jax

    compiled = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **of: compiled.append((event, of)))
    fit(small_part(), 8, range(3), 0, [], "on")
    names = [of.get("fun_name") for event, of in compiled if event.endswith("backend_compile_duration")]
    assert names.count("jit(train_steps)") == 2 and names.count("jit(validate_batches)") == 1


SEVERAL = """
import sys
import keras
sys.path.insert(0, sys.argv[1])
from test_resident import fit, small_part
for devices in (1, 4):
    part, losses = small_part(), []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda _, logs: losses.append(logs["loss"]))
    fit(part, 8, range(2), 0, [note], "on", devices)
    losses.append(part.model.evaluate(*part.validation, verbose=0)[0])
    print(*losses, max(len(each.value.devices()) for each in part.model.variables))
"""


def test_four_devices_share_a_batch_and_the_losses_are_those_of_one():
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
    environment = os.environ | {"XLA_FLAGS": flags, "PYTHONPATH": os.pathsep.join([*sys.path])}
    command = [sys.executable, "-c", SEVERAL, str(Path(__file__).parent)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (*one, here), (*four, there) = (line.split() for line in done.stdout.splitlines())
    assert len(one) == 19 and [float(each) for each in one] == pytest.approx([float(each) for each in four], rel=1e-4)
    assert here == there == "1"
