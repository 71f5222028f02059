"""Every way to write targets, and the task that each makes with a loss and an end of the network."""

import keras
import numpy as np
import pandas
import pytest
from keras import layers

from vgglab.diagnosis.task import describe_targets, describe_task, last_activation

RNG = np.random.default_rng(0)
NUMBERS, BITS = RNG.integers(0, 4, 80), RNG.integers(0, 2, 80)
ONE_HOT = np.eye(4)[NUMBERS]
SEVERAL = RNG.integers(0, 2, (80, 4))
REAL = RNG.normal(50, 10, 80)
FORMS = {
    "numbers": (NUMBERS, NUMBERS.astype("float32"), NUMBERS[:, None], NUMBERS + 1, pandas.Series(NUMBERS)),
    "one-hot": (ONE_HOT, ONE_HOT.astype("uint8"), pandas.DataFrame(ONE_HOT), ONE_HOT.astype(bool)),
    "column": (BITS, BITS[:, None], BITS.astype(bool), BITS.astype("float32"), np.zeros(8)),
    "signs": (2 * BITS - 1, (2 * BITS - 1.0)[:, None], 2 * SEVERAL - 1),
    "several": (SEVERAL, SEVERAL.astype("float32")),
    "values": (REAL, REAL[:, None], RNG.random((80, 3)), np.arange(80), NUMBERS - 1, np.array([1.0, np.nan])),
    "unknown": (None, np.array(["cat", "dog"]), [REAL, REAL], {"a": REAL}, np.zeros((0, 2)), np.float32(1)),
}
MSE, BCE, CCE, SPARSE = "mse", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"


def network(columns=1, activation=None, loss="mse") -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(columns, activation)])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_targets_is_told_from_the_others(form):
    assert {describe_targets(targets)["form"] for targets in FORMS[form]} == {form}


def test_targets_are_described_by_their_finite_figures():
    told = describe_targets(np.array([[0.5, 2.5], [np.nan, 1.5]]))
    assert told == {"form": "values", "columns": 2, "classes": None, "least": 0.5, "largest": 2.5} | {
        "mean": 1.5,
        "deviation": 0.8165,
    }


@pytest.mark.parametrize(
    ("targets", "model", "kind", "form", "classes"),
    [
        (NUMBERS, (4, "softmax", SPARSE), "classes", "numbers", 4),
        (NUMBERS, (4, None, keras.losses.SparseCategoricalCrossentropy(from_logits=True)), "classes", "numbers", 4),
        (BITS, (2, "softmax", SPARSE), "classes", "numbers", 2),
        (np.arange(80), (90, "softmax", SPARSE), "classes", "numbers", 80),
        (NUMBERS, (4, "softmax", CCE), "classes", "numbers", 4),
        (NUMBERS, (1, "sigmoid", BCE), "classes", "numbers", 4),
        (NUMBERS, (4, "softmax", MSE), "classes", "numbers", 4),
        (NUMBERS, (1, None, MSE), "regression", "numbers", None),
        (ONE_HOT, (4, "softmax", CCE), "classes", "one-hot", 4),
        (0.9 * ONE_HOT + 0.025, (4, "softmax", CCE), "classes", "one-hot", 4),
        (0.9 * ONE_HOT + 0.025, (4, None, MSE), "regression", "values", None),
        (ONE_HOT, (4, "sigmoid", BCE), "classes", "one-hot", 4),
        (BITS, (1, "sigmoid", BCE), "binary", "column", 2),
        (BITS, (1, "softmax", CCE), "binary", "column", 2),
        (BITS, (1, "relu", MSE), "binary", "column", 2),
        (2 * BITS - 1, (1, "tanh", "hinge"), "binary", "signs", 2),
        (SEVERAL, (4, "sigmoid", BCE), "labels", "several", 4),
        (REAL, (1, None, keras.losses.Huber()), "regression", "values", None),
        (REAL, (1, "sigmoid", BCE), "regression", "values", None),
        (None, (4, "softmax", SPARSE), "classes", "unknown", 4),
        (None, (1, "sigmoid", BCE), "binary", "unknown", None),
        (None, (3, "sigmoid", BCE), "labels", "unknown", None),
        (None, (1, None, lambda targets, outputs: outputs), "unknown", "unknown", None),
    ],
)
def test_the_kind_follows_from_targets_loss_and_end_together(targets, model, kind, form, classes):
    told = describe_task(network(*model), targets)
    assert (told["kind"], told["form"], told["classes"]) == (kind, form, classes)


@pytest.mark.parametrize(
    ("targets", "model", "expected"),
    [
        (np.tile([0, 1, 2, 3], 20), (4, "softmax", SPARSE), np.log(4)),
        (np.tile([0, 1, 2, 3], 20), (4, None, keras.losses.SparseCategoricalCrossentropy(True)), np.log(4)),
        (np.eye(4), (4, "softmax", CCE), np.log(4)),
        (np.eye(4), (4, "softmax", keras.losses.CategoricalCrossentropy(label_smoothing=0.2)), np.log(4)),
        (np.tile([0, 1], 20), (1, "sigmoid", BCE), np.log(2)),
        (np.tile([0, 0, 0, 1], 20), (1, None, keras.losses.BinaryCrossentropy(True)), 0.5623),
        (REAL, (1, None, MSE), REAL.var()),
        (REAL, (1, None, "mae"), np.abs(REAL - np.median(REAL)).mean()),
        (np.tile([-1, 1], 20), (1, "tanh", "hinge"), 1.0),
        (np.tile([0, 1], 20), (1, "softmax", CCE), 0.0),
    ],
)
def test_the_loss_of_guessing_is_that_of_the_best_constant(targets, model, expected):
    assert describe_task(network(*model), targets)["guess_loss"] == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_of_a_part_of_the_targets_no_class_is_said_to_be_missing():
    model = network(9, "softmax", SPARSE)
    assert describe_task(model, NUMBERS)["classes"] == 4 and describe_task(model, NUMBERS, False)["classes"] == 9


def test_the_last_activation_is_seen_wherever_it_stands():
    end = [layers.Dense(2), layers.Activation("softmax"), layers.Dropout(0.1), layers.Reshape((1, 2))]
    image = keras.Input((3,))
    ends = [
        keras.Sequential([layers.Dense(2, "relu")]),
        keras.Sequential([keras.Input((3,)), *end]),
        keras.Model(image, keras.Sequential([keras.Input((3,)), layers.Dense(1, "tanh")])(image)),
        keras.Model(image, keras.ops.sigmoid(layers.Dense(1)(image))),
        keras.Model(image, layers.LeakyReLU()(image)),
        keras.Model(image, layers.Dense(1)(image)),
        keras.Model(image, layers.BatchNormalization()(image)),
        keras.Model(image, [layers.Dense(1)(image), image]),
    ]
    assert [last_activation(model) for model in ends] == [
        *("relu", "softmax", "tanh", "sigmoid", "leaky_relu", "linear", None, None)
    ]
