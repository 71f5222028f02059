"""Every kind of model, loss and target is recorded, and what cannot be seen is said."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import vgglab

RNG = np.random.default_rng(1)


def watched(model, *data, **options) -> vgglab.Watch:
    watch = vgglab.Watch()
    options = {"epochs": 1, "verbose": 0, "batch_size": 16, "callbacks": [watch]} | options
    model.fit(*data, **options)
    assert not watch.quiet
    return watch


def compiled(model, loss, **options) -> keras.Model:
    model.compile(keras.optimizers.SGD(0.01), loss, **options)
    return model


def test_a_subclass_is_looked_into_and_its_end_is_what_gave_the_output(nets, table):
    start, last = watched(nets["own"](), *table).signals
    assert start["model"]["unseen"] == ["subclassed"] and start["model"]["activation"] == "softmax"
    assert start["saturated"].keys() == {"hidden"} and start["input"]["layer"] == "hidden"
    assert last["update"].keys() == last["gradient"].keys() == {"hidden", "last"} and start["task"]["classes"] == 3


def test_regression_has_outputs_and_a_share_explained_and_no_accuracy(table):
    inputs, targets = table[0], 100 * table[0][:, :2].sum(axis=1)
    model = compiled(keras.Sequential([layers.Dense(4, "sigmoid"), layers.Dense(1)]), "mse")
    start, last = watched(model, inputs, targets, validation_split=0.25).signals
    assert start["task"]["kind"] == "regression" and start["task"]["guess_loss"] == pytest.approx(
        targets[:72].var(), rel=1e-3
    )
    assert start["model"]["loss"] == "mean_squared_error" and "classes_predicted" not in last
    assert last["fit"].keys() == {"training", "validation"} and last["training"]["accuracy"] is None
    assert last["outputs"]["between"] > 0 and start["columns"]["count"] == 5 and "majority" not in start["data"]


@pytest.mark.parametrize(
    ("end", "loss", "logits"),
    [("sigmoid", "binary_crossentropy", False), (None, "bce", True), ("tanh", "hinge", False)],
)
def test_two_classes_in_one_column_are_scored_at_their_threshold(end, loss, logits, table):
    targets = (table[0][:, 0] > 0).astype(int) * (2 if loss == "hinge" else 1) - (loss == "hinge")
    loss = keras.losses.BinaryCrossentropy(from_logits=True) if logits else loss
    model = compiled(keras.Sequential([keras.Input((5,)), layers.Dense(1, end, kernel_initializer="ones")]), loss)
    line = watched(model, table[0], targets).signals[-1]
    probe = np.sort(np.random.default_rng(0).permutation(96)[:64])
    given = model.predict(table[0][probe], verbose=0)[:, 0] > (0.5 if end == "sigmoid" else 0)
    assert line["training"]["accuracy"] == pytest.approx(np.mean(given == (targets[probe] > 0)), abs=1e-3)
    assert line["classes_predicted"] == 2 and 0 < line["spread"] < 1


def test_the_most_frequent_class_of_training_is_counted_among_the_targets_of_validation(nets, table):
    held_out = (table[0][:10], np.repeat([1, 2], [7, 3]))
    found = watched(nets["noisy"](), *table, validation_data=held_out).signals[0]["data"]
    assert np.argmax(found["counts"]["training"]) == 1 and found["majority"] == 0.7


def test_several_labels_are_scored_each_by_itself(table):
    targets = (table[0][:, :3] > 0).astype(int)
    model = compiled(keras.Sequential([layers.Dense(3, "sigmoid")]), keras.losses.BinaryCrossentropy())
    start, last = watched(model, table[0], targets).signals
    assert (start["task"]["kind"], start["task"]["form"]) == ("labels", "several") and last["training"][
        "accuracy"
    ] > 0.2


def test_sequences_have_an_embedding_first_and_no_input_in_scale():
    words, targets = RNG.integers(0, 20, (64, 6)), RNG.integers(0, 2, 64)
    inside = [layers.Embedding(20, 4), layers.LSTM(4, name="lstm"), layers.Dense(2, "softmax")]
    model = compiled(keras.Sequential(inside), "sparse_categorical_crossentropy")
    start, last = watched(model, words, targets).signals
    assert "input" not in start and "columns" not in start
    assert next(one["kind"] for one in start["model"]["layers"]) == "Embedding"
    assert {"lstm_cell", "lstm_cell/kernel", "dense"} == {plain(name) for name in last["update"]}


def plain(name: str) -> str:
    """A layer's name without the number that Keras gave it."""
    return "/".join(part.rstrip("0123456789").rstrip("_") for part in name.split("/"))


def test_several_inputs_and_outputs_and_a_layer_used_twice_are_recorded_inside(table):
    one, two = keras.Input((5,), name="one"), keras.Input((5,), name="two")
    shared = layers.Dense(4, "relu", name="shared")
    x = layers.Concatenate()([shared(one), shared(two)])
    model = keras.Model([one, two], [layers.Dense(1, name="a")(x), layers.Dense(3, "softmax", name="b")(x)])
    compiled(model, ["mse", "sparse_categorical_crossentropy"])
    start, last = watched(model, [table[0], table[0][::-1]], [table[0][:, 0], table[1]]).signals
    assert start["model"]["unseen"] == ["several_inputs", "several_outputs"]
    assert start["dead"].keys() == {"shared"} and last["gradient"].keys() == {"shared", "a", "b"}


def test_models_in_models_are_looked_into(table):
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(4, "relu", name="deep")], name="inner")
    model = keras.Sequential([keras.Input((5,)), inner, layers.Dense(3, "softmax", name="last")])
    start = watched(compiled(model, "sparse_categorical_crossentropy"), *table).signals[0]
    assert start["dead"].keys() == {"deep"} and [one["name"] for one in start["model"]["layers"]] == ["deep", "last"]


class Halving(keras.Model):
    """A model with a training step of its own, which reports no loss."""

    def train_step(self, *given):
        if keras.backend.backend() == "jax":
            return {"own": ops.ones(())}, given[0]
        return {"own": ops.ones(())}


def test_a_training_step_of_ones_own_is_said_and_needs_no_loss(table):
    image = keras.Input((5,))
    model = compiled(Halving(image, layers.Dense(3, "softmax")(image)), "sparse_categorical_crossentropy")
    watch = watched(model, *table)
    assert watch.signals[0]["model"]["unseen"] == ["own_train_step"] and "step_loss" not in watch.signals[1]
    assert watch.history[0]["loss"] is None


def test_half_precision_is_recorded_in_whole_numbers(table):
    inside = [layers.Dense(8, "relu", dtype="mixed_float16"), layers.Dense(3, "softmax", dtype="float32")]
    model = keras.Sequential(inside)
    start, last = watched(compiled(model, "sparse_categorical_crossentropy"), *table).signals
    assert last["deviation"] and last["training"]["loss"] == pytest.approx(start["training"]["loss"], rel=0.5)


def test_a_loss_of_ones_own_and_tables_of_pandas_are_taken(table):
    pandas = pytest.importorskip("pandas")

    def absolute(targets, outputs):
        return ops.mean(ops.abs(targets - outputs), axis=-1)

    frame = pandas.DataFrame(table[0], columns=list("abcde"))
    start = watched(compiled(keras.Sequential([layers.Dense(1)]), absolute), frame, frame["a"]).signals[0]
    expected = np.abs(frame["a"] - frame["a"].median()).mean()
    assert start["model"]["loss"] == "absolute" and start["task"]["guess_loss"] == pytest.approx(expected, rel=1e-3)


def test_batches_that_come_sorted_are_counted_and_shuffled_ones_are_not_guessed_at(nets, table):
    order = np.argsort(table[1])
    watch = watched(nets["noisy"](), table[0][order], table[1][order], shuffle=False)
    assert watch.signals[0]["batch"]["one_class"] >= 0.5 and len(watch.signals[0]["batch"]["classes"]) == 6
    assert "classes" not in watched(nets["noisy"](), *table).signals[0]["batch"]


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras does one step at once there")
def test_several_steps_at_once_have_no_change_of_a_single_step(table):
    model = keras.Sequential([layers.Dense(3, "softmax")])
    compiled(model, "sparse_categorical_crossentropy", steps_per_execution=3)
    line = watched(model, *table).signals[1]
    assert len(line["step_loss"]) == 2 and "first_update" not in line and line["update"]
