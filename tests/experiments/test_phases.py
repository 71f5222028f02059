from functools import partial

import keras
import numpy as np
import pytest
from small_network import NETWORK

import vgglab
from vgglab.errors import ConfigError
from vgglab.experiments import run as experiment
from vgglab.experiments.run import watch
from vgglab.training.phases import remaining

PHASES = [
    {"epochs": 2, "learning_rate": 0.05, "freeze": "fc1"},
    {"epochs": 2, "learning_rate": 0.01, "freeze": "block5_conv1", "schedule": "cosine"},
]
OPTIONS = {"limit": 100, "model": NETWORK, "momentum": 0.9}
OPTIONS |= {"crop": 2, "views": 2, "phases": PHASES}
LAYERWISE = {"batch_norm_momentum": 0.9, "settle_batch_norm": True, "layer_decay": 0.5}


@pytest.fixture(scope="module")
def phased(tmp_path_factory) -> vgglab.Run:
    return vgglab.run(**OPTIONS, **LAYERWISE, name="phased", out=tmp_path_factory.mktemp("runs"), progress="none")


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C, after so many epochs of the run are on disk."""

    def __init__(self, epochs: int):
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epochs:
            raise KeyboardInterrupt


def test_phases_make_one_history(phased):
    assert [row["epoch"] for row in phased.history] == [1, 2, 3, 4]
    assert [row["phase"] for row in phased.history] == [1, 1, 2, 2]
    rates = [row["learning_rate"] for row in phased.history]
    assert rates == pytest.approx([0.05, 0.05, 0.01, 0.005])


def test_each_phase_trains_what_it_does_not_freeze(phased):
    model = keras.saving.load_model(phased.folder / "last.keras")
    head = sum(layer.count_params() for layer in model.layers if layer.name in ("fc1", "fc2", "predictions"))
    assert phased.record.parameters["trainable"] == head  # as the first phase has it
    assert not model.get_layer("block1_conv1").trainable and model.get_layer("block5_conv1").trainable


def test_a_run_stopped_after_every_epoch_of_its_phases_goes_on_to_the_same_bits(phased, tmp_path, monkeypatch):
    go_on = partial(vgglab.run, **OPTIONS, **LAYERWISE, name="stopped", out=tmp_path, progress="none")
    for epochs in (1, 2, 3):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(experiment, "watch", lambda *given, last=epochs: [*watch(*given), Interrupt(last)])
            go_on()
        go_on = partial(vgglab.resume, tmp_path / "stopped", progress="none")
    resumed = go_on()
    for name in ("last.keras", "best.keras"):
        weights = [keras.saving.load_model(run.folder / name).get_weights() for run in (resumed, phased)]
        assert all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))
    measured = [[{**row, "seconds": 0} for row in run.history] for run in (resumed, phased)]
    assert measured[0] == measured[1]


def test_what_is_left_of_phases():
    phases = vgglab.RunConfig.model_validate({"train": {"phases": PHASES, "freeze": "all"}}).train.phases
    left = [[(s.number, s.epochs, s.begins) for s in remaining(phases, done)] for done in range(5)]
    assert left[0] == [(1, range(2), True), (2, range(2, 4), True)] and left[4] == []
    assert left[1] == [(1, range(1, 2), False), (2, range(2, 4), True)]
    assert left[2] == [(2, range(2, 4), True)] and left[3] == [(2, range(3, 4), False)]


def test_a_phase_that_cannot_be_is_refused_before_there_is_a_folder(tmp_path):
    wrong = OPTIONS | {"phases": [PHASES[0], {"epochs": 1, "freeze": "block5_conf1"}]}
    with pytest.raises(ConfigError, match="did you mean 'block5_conv1'"):
        vgglab.run(**wrong, out=tmp_path, progress="none")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"settle_batch_norm": True}, "no BatchNormalization trains in vgg16"),
        ({"batch_norm_momentum": 0.9}, "vgg16 has no BatchNormalization"),
        ({"layer_decay": 0.8, "freeze": "fc1"}, "only the head of vgg16 trains"),
    ],
)
def test_a_setting_of_layers_that_do_not_train_is_refused_before_there_is_a_folder(tmp_path, options, said):
    with pytest.raises(ConfigError, match=said):
        vgglab.run(limit=100, width=0.05, **options, out=tmp_path, progress="none")
    assert list(tmp_path.iterdir()) == []


def test_the_best_model_has_the_statistics_of_its_validation_and_the_last_one_those_of_training(phased):
    best, last = (keras.saving.load_model(phased.folder / name) for name in ("best.keras", "last.keras"))
    pairs = zip(best.variables, last.variables, strict=True)
    differ = {one.path for one, other in pairs if not np.array_equal(*map(keras.ops.convert_to_numpy, (one, other)))}
    assert "block5_conv1_bn/moving_mean" in differ and "block4_conv1_bn/moving_mean" not in differ
    assert last.get_layer("block5_conv1_bn").momentum == 0.9


def test_a_network_from_scratch_cannot_be_frozen_whole(tmp_path):
    with pytest.raises(ConfigError, match="freeze is 'all', which leaves nothing to train"):
        vgglab.run(limit=100, width=0.05, freeze="all", out=tmp_path, progress="none")


def test_mixed_labels_train_and_validate(tmp_path):
    varied = {"mixup": 0.2, "cutmix": 1.0, "flip": True}
    run = vgglab.run(limit=100, model=NETWORK, **varied, epochs=1, out=tmp_path, progress="none")
    assert run.status == "finished" and run.history[0]["val_loss"] > 0 and run.metrics["loss"] > 0


def test_augmentation_without_views_says_that_frozen_layers_are_not_computed_once(tmp_path, capsys):
    options = {name: value for name, value in OPTIONS.items() if name not in ("views", "phases")}
    vgglab.run(**options, freeze="fc1", epochs=1, out=tmp_path)
    assert "frozen layers are computed anew too; see --views" in capsys.readouterr().err
