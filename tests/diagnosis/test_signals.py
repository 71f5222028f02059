"""Signals are what happened: recorded from small networks, and compared with what is known of them."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from vgglab.diagnosis.data import drawn, held_out
from vgglab.diagnosis.probe import Gradients, count_softmaxes, describe_predictions, score
from vgglab.diagnosis.records import write_signals
from vgglab.diagnosis.signals import SAMPLED_STEPS, SignalRecorder, read_signals

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.integers(0, 256, (96, 8, 8, 3), dtype="uint8"), RNG.integers(0, 4, 96)


def network(**options) -> keras.Model:
    """Rescaling, two convolutions with BatchNormalization between them, dropout, a softmax over four classes."""
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="conv1")(layers.Rescaling(1 / 255)(image))
    x = layers.Conv2D(4, 3, activation="relu", name="conv2")(layers.BatchNormalization(name="bn")(x))
    x = layers.Flatten()(layers.Dropout(0.5, seed=1)(x))
    model = keras.Model(image, layers.Dense(4, activation="softmax", name="predictions")(x))
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Two epochs of twelve steps, and what was recorded of them."""
    path = tmp_path_factory.mktemp("signals") / "signals.jsonl"
    keras.utils.set_random_seed(0)
    model = network()
    before = {layer.name: layer.get_weights()[0] for layer in model.layers if layer.name in ("conv1", "predictions")}
    recorder = SignalRecorder(path, IMAGES, 0, LABELS, (IMAGES, LABELS), {"duplicates": 0.0})
    model.fit(IMAGES, LABELS, batch_size=8, epochs=2, verbose=0, shuffle=False, callbacks=[recorder])
    return model, before, read_signals(path)


def test_there_is_a_line_before_the_first_step_and_one_an_epoch(recorded):
    _, _, lines = recorded
    assert [line["epoch"] for line in lines] == [0, 1, 2]
    assert lines[0]["data"] == {"duplicates": 0.0} and lines[0]["gradient"].keys() == {"conv1", "conv2", "predictions"}
    assert "gradient" in lines[1] and "gradient" not in lines[2] and all(line["seconds"] > 0 for line in lines)


def test_of_several_views_of_each_image_the_first_is_held_against_its_label(tmp_path):
    views = np.concatenate([IMAGES, 255 - IMAGES])
    recorder = SignalRecorder(tmp_path / "signals.jsonl", IMAGES, 0, LABELS, (views, LABELS))
    recorder.set_model(network())
    recorder.on_train_begin()
    assert recorder.lines[0]["training"] == recorder.lines[0]["validation"]


@pytest.mark.parametrize(("accuracy", "epochs", "looked_for"), [(0.9, 1, True), (0.3, 1, False), (0.9, 2, False)])
def test_at_the_end_other_names_are_looked_for_where_validation_is_much_worse(tmp_path, accuracy, epochs, looked_for):
    recorder = SignalRecorder(tmp_path / "signals.jsonl", IMAGES, 0, LABELS)
    recorder.set_model(network())
    recorder.set_params({"epochs": epochs})
    recorder.on_train_begin()
    recorder.on_epoch_begin(0)
    recorder.on_epoch_end(0, {"accuracy": accuracy, "val_accuracy": 0.2})
    guesses = recorder.model.predict(IMAGES, verbose=0).argmax(axis=1)
    expected = {name: held_out(guesses, LABELS, 4, name == "renamed") for name in ("renamed", "merged")}
    assert recorder.lines[-1].get("held") == (expected if looked_for else None)


def test_the_network_is_described_with_what_trains_and_how_it_ends(recorded):
    told = recorded[2][0]["model"]
    assert [layer["name"] for layer in told["layers"]] == ["conv1", "bn", "conv2", "predictions"]
    assert (told["optimizer"], told["outputs"], told["softmaxes"], told["from_logits"]) == ("sgd", 4, 1, False)


def test_the_input_is_that_of_the_first_layer_with_weights(recorded):
    seen = recorded[2][0]["input"]
    assert (seen["layer"], seen["channels"], seen["least"], seen["largest"]) == ("conv1", 3, 0.0, 1.0)
    assert seen["mean"] == pytest.approx(drawn(IMAGES, 64).mean() / 255, rel=1e-3)


def test_steps_of_the_first_epoch_are_recorded_each_and_their_updates_for_a_few(recorded):
    _, _, (_, first, second) = recorded
    assert len(first["step_loss"]) == 12 and "step_loss" not in second
    assert ["1", *first["step_update"]] == [str(step) for step in SAMPLED_STEPS if step <= 12]
    assert all(0 < change < 1 for change in first["first_update"].values())


def test_updates_of_the_epochs_lead_from_the_first_weights_to_the_last(recorded):
    model, before, lines = recorded
    moved = np.linalg.norm(model.get_layer("conv1").get_weights()[0] - before["conv1"]) / np.linalg.norm(
        before["conv1"]
    )
    assert moved <= sum(line["update"]["conv1"] for line in lines[1:]) * 1.2
    last = np.linalg.norm(model.get_layer("predictions").get_weights()[0])
    assert lines[2]["norm"]["predictions"] == pytest.approx(last, rel=1e-3)


def test_moving_statistics_are_held_against_those_of_the_probe(recorded):
    first, last = recorded[2][0], recorded[2][-1]
    assert last["initial_statistics"] == pytest.approx(0.99**24, abs=1e-4) and last["moving_update"]["bn"] > 0
    assert abs(last["batch_norm"]["bn"]["ratio"] - 1) < abs(first["batch_norm"]["bn"]["ratio"] - 1)


def test_losses_of_the_halves_are_those_of_inference(recorded):
    model, _, lines = recorded
    expected = model.evaluate(drawn(IMAGES, 64), drawn(LABELS, 64), verbose=0)
    assert lines[-1]["training"]["loss"] == pytest.approx(expected[0], rel=1e-3)
    assert lines[-1]["validation"] == lines[-1]["training"]


def test_a_gradient_is_that_of_training_and_leaves_nothing_changed():
    keras.utils.set_random_seed(0)
    model = network()
    kept = [np.array(weight) for weight in model.variables]
    found = Gradients(model).ratios(IMAGES[:8], LABELS[:8])
    assert all(np.array_equal(old, np.array(new)) for old, new in zip(kept, model.variables, strict=True))
    kernel = model.get_layer("predictions").kernel
    size, old = np.linalg.norm(kernel), np.array(kernel)
    model.train_on_batch(IMAGES[:8], LABELS[:8])
    assert found["predictions"] == pytest.approx(np.linalg.norm(np.array(kernel) - old) / 0.1 / size, rel=0.5)


def test_recording_does_not_change_what_is_trained(recorded, tmp_path):
    model, _, _ = recorded
    keras.utils.set_random_seed(0)
    other = network()
    other.fit(IMAGES, LABELS, batch_size=8, epochs=2, verbose=0, shuffle=False)
    pairs = zip(model.trainable_weights, other.trainable_weights, strict=True)
    assert all(np.array_equal(np.array(one), np.array(two)) for one, two in pairs)


def test_a_unit_is_dead_when_no_image_makes_it_fire(tmp_path):
    model = network()
    bias = np.array([-50.0, 0.5, -50.0, 0.5])
    model.get_layer("conv1").bias.assign(bias)
    model.fit(IMAGES, LABELS, epochs=1, verbose=0, callbacks=[SignalRecorder(tmp_path / "s.jsonl", IMAGES)])
    assert read_signals(tmp_path / "s.jsonl")[0]["dead"]["conv1"] == 0.5


def test_a_head_on_features_is_recorded_like_any_network(tmp_path):
    inputs = keras.Input((12,))
    head = keras.Model(inputs, layers.Dense(4, activation="softmax")(layers.Dense(8, activation="relu")(inputs)))
    head.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    features = RNG.normal(size=(64, 12)).astype("float32")
    recorder = SignalRecorder(tmp_path / "s.jsonl", features, 0, LABELS[:64], (features, LABELS[:64]))
    head.fit(features, LABELS[:64], verbose=0, callbacks=[recorder])
    assert read_signals(tmp_path / "s.jsonl")[0]["input"]["channels"] == 12


def test_a_run_that_goes_on_keeps_whole_epochs_and_drops_the_rest(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text("".join(json.dumps({"epoch": epoch, "kept": True}) + "\n" for epoch in range(4)))
    network().fit(IMAGES, LABELS, initial_epoch=2, epochs=3, verbose=0, callbacks=[SignalRecorder(path, IMAGES, 2)])
    lines = read_signals(path)
    assert [line["epoch"] for line in lines] == [0, 1, 2, 3] and "kept" not in lines[3] and "step_loss" not in lines[3]


def test_a_loss_that_is_no_number_leaves_its_line(tmp_path):
    model = network()
    model.get_layer("predictions").kernel.assign(np.full(model.get_layer("predictions").kernel.shape, np.nan))
    model.fit(IMAGES, LABELS, verbose=0, batch_size=96, callbacks=[SignalRecorder(tmp_path / "s.jsonl", IMAGES)])
    line = next(line for line in read_signals(tmp_path / "s.jsonl") if "nonfinite" in line)
    assert line["nonfinite"]["step"] == 1 and "predictions" in line["nonfinite"]["layers"]


def test_softmaxes_at_the_end_are_counted():
    model = network()
    twice = keras.Model(model.input, layers.Softmax()(model.output))
    assert (count_softmaxes(model), count_softmaxes(twice)) == (1, 2)
    assert count_softmaxes(keras.Model(model.input, layers.Dense(4)(model.output))) == 0


def test_predictions_are_described_whether_probabilities_or_not():
    sure = describe_predictions(np.eye(4)[[0, 1, 2, 3]])
    assert sure["classes_predicted"] == 4 and sure["entropy"] == pytest.approx(0, abs=1e-4)
    assert describe_predictions(np.eye(4) * 30 - 5)["row_sum"] == [10.0, 10.0]
    assert describe_predictions(np.full((2, 4), np.nan))["spread"] is None


def test_a_score_is_that_of_labels_that_name_an_output():
    assert score(np.eye(3), np.array([0, 1, 2]))["accuracy"] == 1.0
    assert score(np.eye(3), np.array([0, 1, 3])) == {"loss": None, "accuracy": None}


def test_a_step_after_a_huge_loss_is_read_back_though_rounding_takes_it_below_zero(tmp_path):
    means = np.array([2.5e9, 2.5e9 / 2, 2.5e9 / 3], "float32").astype(float)  # as Keras tells 2.5e9, 0 and 0
    steps = np.diff(means * [1, 2, 3], prepend=0).tolist()
    write_signals(tmp_path / "s.jsonl", [{"epoch": 1, "step_loss": steps}])
    assert read_signals(tmp_path / "s.jsonl")[0]["step_loss"] == steps and min(steps) == -64
