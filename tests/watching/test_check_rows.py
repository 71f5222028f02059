"""Each check by itself: a network on which it passes, and one on which it fails."""

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops

from vgglab.watching.checks import row_of
from vgglab.watching.examples import read_examples
from vgglab.watching.subject import Subject

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = np.digitize(X[:, 0], [-0.4, 0.4])


class Function(keras.layers.Layer):
    """A layer that is what a function says of its input and the mode."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x, training=False):
        return self.function(x, training)


@pytest.fixture
def row():
    """`row("gradient", Dense(3))`: what a check says of these layers with a softmax of three classes behind them."""

    def check(name, *layers, x=X, y=Y, loss="sparse_categorical_crossentropy", rate=0.01, last=None, **settings):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input(x.shape[1:]), *layers, last or kl.Dense(3, activation="softmax")])
        model.compile((keras.optimizers.SGD if rate > 1 else keras.optimizers.Adam)(rate), loss)
        return row_of(name, Subject(model, read_examples(x, y), **settings))

    return check


def codes(row):
    return [(found["code"], found["case"]) for found in row.findings]


def test_outputs_and_targets_that_fit_their_loss_pass(row):
    found = row("outputs")
    assert (found.verdict, found.values["activation"], found.values["form"]) == ("passed", "softmax", "numbers")


def test_class_numbers_for_a_loss_of_columns_fail_by_the_rule_for_it(row):
    found = row("outputs", loss="categorical_crossentropy")
    assert found.verdict == "failed" and codes(found) == [("labels_mismatch", "numbers")]


def test_a_loss_that_cannot_be_computed_is_said_with_keras_reason(row):
    found = row("outputs", y=X[:, :2], loss="mean_squared_error", last=kl.Dense(3))
    assert found.verdict == "failed" and found.findings


def test_a_new_network_begins_at_the_loss_of_guessing(row):
    found = row("start")
    assert found.verdict == "passed" and 0.5 < found.values["times"] < 3


def test_a_first_loss_far_above_guessing_fails(row):
    large = kl.Dense(3, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=50.0))
    found = row("start", last=large)
    assert codes(found) == [("first_loss_high", "")] and found.values["times"] > 3


def test_the_first_loss_of_a_regression_may_be_that_of_answering_zero(row):
    found = row("start", y=X[:, 0] + 5, loss="mean_squared_error", last=kl.Dense(1))
    assert found.verdict == "passed" and found.values["guess"] == pytest.approx(26, rel=0.2)


def test_a_gradient_reaches_every_weight_even_behind_weights_of_zero(row):
    found = row("gradient", kl.Dense(4), last=kl.Dense(3, activation="softmax", kernel_initializer="zeros"))
    assert found.verdict == "passed" and found.values["count"] == 4


def test_weights_before_a_cut_are_named(row):
    found = row("gradient", kl.Dense(4, name="before"), Function(lambda x, _: ops.stop_gradient(x)))
    assert codes(found) == [("layer_never_moves", "unreached")]
    assert "before/kernel" in found.findings[0]["values"]["layers"]


def test_a_layer_that_is_dead_from_the_start_is_the_cause_that_is_told(row):
    dead = kl.Dense(4, activation="relu", bias_initializer=keras.initializers.Constant(-99.0), name="dead")
    found = row("gradient", dead)
    assert codes(found) == [("dead_units", "start")] and found.findings[0]["values"]["layers"] == "dead"


def test_a_gradient_that_is_not_finite_is_an_error(row):
    found = row("gradient", kl.Dense(4, name="before"), Function(lambda x, _: ops.sqrt(0 * x)))
    assert codes(found) == [("gradient_not_finite", "")] and "before/kernel" in found.findings[0]["values"]["layers"]


def test_examples_stay_apart_with_batch_normalization_and_dropout(row):
    found = row("apart", kl.Dense(8, activation="relu"), kl.BatchNormalization(), kl.Dropout(0.5))
    assert found.verdict == "passed" and found.values["own"] > 0 == found.values["others"]


def test_a_mean_over_the_batch_mixes_examples(row):
    found = row("apart", Function(lambda x, _: x - ops.mean(x, axis=0, keepdims=True)))
    assert codes(found) == [("examples_mixed", "")] and found.findings[0]["values"]["of"] == 15


def test_a_reshape_across_the_batch_is_told_by_the_rows_of_the_output(row):
    found = row("apart", Function(lambda x, _: ops.reshape(x, (-1, 2))), last=kl.Dense(3, activation="softmax"))
    assert found.verdict == "failed" and codes(found) in ([("examples_mixed", "rows")], [("examples_mixed", "")])


def test_an_output_that_does_not_depend_on_the_input_fails(row):
    assert codes(row("apart", Function(lambda x, _: 0 * x))) == [("output_constant", "")]


def test_inputs_of_a_size_of_one_are_in_scale(row):
    found = row("scale", kl.Dense(4, name="seeing"))
    assert found.verdict == "passed" and found.values["layer"] == "seeing"


@pytest.mark.parametrize(
    ("x", "code"), [(1000 * X, "inputs_out_of_scale"), (np.where(X > 1, np.nan, X), "values_not_finite")]
)
def test_inputs_too_large_or_with_holes_fail(row, x, code):
    found = row("scale", kl.Dense(4, activation="relu"), x=x)
    assert found.verdict == "failed" and code in [one["code"] for one in found.findings]


def test_both_modes_agree_where_only_dropout_and_batch_normalization_differ(row):
    found = row("modes", kl.Dense(4), kl.BatchNormalization(), kl.Dropout(0.5), kl.GaussianNoise(0.5))
    assert found.verdict == "passed"


def test_a_layer_that_does_something_else_in_training_is_named(row):
    odd = Function(lambda x, training: 2 * x if training else x)
    found = row("modes", kl.Dense(4), odd)
    assert codes(found) == [("modes_differ", "")] and found.values["layer"] == odd.name


def test_a_layer_that_is_random_in_inference_is_named(row):
    always = Function(lambda x, _: keras.random.dropout(x, 0.5, seed=always.seed))
    always.seed = keras.random.SeedGenerator(0)
    found = row("modes", always)
    assert codes(found) == [("modes_differ", "random")] and found.values["layer"] == always.name


def test_a_healthy_network_learns_sixteen_examples_by_heart_at_its_own_rate(row):
    found = row("by_heart", kl.Dense(16, activation="relu"), rate=0.05)
    assert found.verdict == "passed" and found.said == "by_heart"
    assert (found.values["examples"], found.values["rate"]) == (16, 0.05)


@pytest.mark.parametrize(("rate", "case"), [(30.0, "rate_large"), (1e-4, "rate_small")])
def test_a_rate_that_does_not_learn_is_told_with_one_that_does(row, rate, case):
    found = row("by_heart", kl.Dense(16, activation="relu"), rate=rate)
    tried = found.findings[0]["try"]["learning_rate"]
    assert codes(found) == [("not_by_heart", case)] and 1e-3 < tried < 11


def test_what_no_rate_learns_is_an_error(row):
    found = row("by_heart", Function(lambda x, _: 0 * x))
    assert codes(found) == [("not_by_heart", "")] and found.findings[0]["severity"] == "error"


def test_a_budget_of_few_steps_says_how_far_it_came(row):
    found = row("by_heart", kl.Dense(16, activation="relu"), rate=0.01, steps=8)
    assert found.verdict == "passed" and found.said == "by_heart_falls" and found.values["steps"] == 7
    assert row("by_heart", steps=2).verdict == "skipped"


def test_new_validation_data_of_the_same_kind_passes(row):
    found = row("parts", x=X[:32], y=Y[:32], validation=read_examples(X[32:], Y[32:]))
    assert found.verdict == "passed" and found.values["share"] == 0


@pytest.mark.parametrize(
    ("x", "y", "code"),
    [
        (X[:16], Y[:16], ("duplicates", "")),
        (X[32:, :3], Y[32:], ("validation_unlike_training", "shapes")),
        (X[32:], Y[32:] + 1, ("validation_unlike_training", "classes")),
        (255 * X[32:], Y[32:], ("validation_unlike_training", "scale")),
    ],
)
def test_validation_data_of_another_kind_or_from_training_fails(row, x, y, code):
    assert code in codes(row("parts", x=X[:32], y=Y[:32], validation=read_examples(x, y)))


def test_the_cost_counts_steps_and_bytes(row):
    found = row("cost", kl.Dense(8))
    assert found.verdict == "told" and found.values["steps"] == 2
    assert found.values["memory_parameters"] == found.values["memory_gradients"] == 4 * (4 * 8 + 8 + 8 * 3 + 3)
    assert found.values["memory_activations"] == 4 * 32 * (8 + 3)
