"""A run in half precision: what it computes in, what it keeps, and that it goes on to the same bits."""

import numpy as np
import pytest
from small_network import NETWORK

import vgglab  # before Keras: it chooses the kernels
from vgglab.config.resolve import make_config
from vgglab.keras_tools.precision import computing_in, full_precision, lowered_layers

TINY = {"model": NETWORK, "limit": 100, "learning_rate": 0.1, "momentum": 0.9, "ema": True, "layer_decay": 0.5}


@pytest.fixture(scope="module")
def halved(tmp_path_factory):
    """A run of two epochs in float16, whose loss is scaled."""
    options = {**TINY, "precision": "float16", "epochs": 2, "name": "half", "progress": "none"}
    return vgglab.run(**options, out=tmp_path_factory.mktemp("halved"))


def test_layers_that_learn_compute_in_half_precision_pixels_and_probabilities_do_not():
    model = vgglab.vgg16((32, 32, 3), 10, width=0.05, batch_norm=True)
    with computing_in(model, "bfloat16"):
        kinds = {layer.name: layer.compute_dtype for layer in model.layers}
        assert {layer.variable_dtype for layer in model.layers} == {"float32"}
        with full_precision(model):
            assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    full = [name for name, kind in kinds.items() if kind == "float32"]
    assert full == ["image", "image_rescaling", "predictions"]
    assert set(kinds.values()) == {"float32", "bfloat16"} and len(lowered_layers(model)) == len(kinds) - 3


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_changes_what_a_network_gives_a_little_and_for_a_while(precision):
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype="uint8")
    model = vgglab.vgg16((32, 32, 3), 10, width=0.05, batch_norm=True)
    before = model.predict_on_batch(images)
    with computing_in(model, precision):
        half = model.predict_on_batch(images)
    assert half.dtype == np.float32 and 0 < abs(half - before).max() < 0.02
    np.testing.assert_array_equal(model.predict_on_batch(images), before)


def test_the_saved_model_is_an_ordinary_one_and_gives_what_was_evaluated(halved):
    classifier = vgglab.load_classifier(halved.folder / "best.keras")
    assert {layer.compute_dtype for layer in classifier.model.layers} == {"float32"}
    test = vgglab.load_data("digits", limit=100).test
    right = classifier.predict(test.images).argmax(axis=1) == test.labels
    assert right.mean() == pytest.approx(halved.metrics["accuracy"])
    assert halved.config.train.precision == "float16"


def test_signals_of_a_scaled_loss_are_those_of_the_loss(halved, trained):
    from vgglab.diagnosis.signals import read_signals

    lines = [read_signals(run.folder / "signals.jsonl") for run in (halved, trained)]
    assert lines[0][0]["gradient"] == pytest.approx(lines[1][0]["gradient"], rel=1e-3)
    head = [line[1]["first_update"]["predictions"] for line in lines]  # the layers below have half of the rate
    assert head[0] == pytest.approx(head[1], rel=0.3)  # Dropout draws in the precision that it computes in
    assert lines[0][0]["model"]["optimizer"] == "sgd"


def test_a_run_in_half_precision_goes_on_to_the_same_bits(halved, tmp_path):
    from vgglab.experiments.run import resume
    from vgglab.training.checkpoint import Checkpoint

    def stop(self, epoch, logs=None):
        on_epoch_end(self, epoch, logs)
        raise KeyboardInterrupt

    on_epoch_end, options = Checkpoint.on_epoch_end, {**TINY, "precision": "float16", "epochs": 2, "name": "half"}
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoint, "on_epoch_end", stop)
        vgglab.run(**options, out=tmp_path, progress="none")
    again = resume(tmp_path / "half", progress="none")
    weights = [run.classifier.model.get_weights() for run in (halved, again)]
    assert all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))


def test_a_head_on_frozen_features_trains_in_half_precision_nearly_as_in_full(tmp_path):
    options = {"model": NETWORK, "limit": 100, "epochs": 2, "freeze": "fc1", "out": tmp_path, "progress": "none"}
    half, full = (vgglab.run(**options, precision=each, name=each) for each in ("bfloat16", "float32"))
    losses = [[row["loss"] for row in run.history] for run in (half, full)]
    assert losses[0] != losses[1] and np.allclose(*losses, rtol=0.01)
    assert {layer.compute_dtype for layer in half.classifier.model.layers} == {"float32"}


def test_a_precision_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(vgglab.VgglabError, match=r"train.precision is 'half'; expected one of float32, b"):
        make_config({"train": {"precision": "half"}})
