"""Every loss, last activation and form of targets that Keras has: what fits, what does not, and that it is said."""

from collections import Counter
from itertools import product

import keras
import numpy as np
import pytest

from vgglab.diagnosis.catalog import text_of
from vgglab.diagnosis.findings.evidence import Evidence
from vgglab.diagnosis.findings.fitting import FITTING
from vgglab.diagnosis.findings.fitting_table import (
    ACTIVATIONS,
    FAMILIES,
    activation_verdict,
    loss_verdict,
    range_of,
)
from vgglab.keras_tools.ending import snake_case

FORMS = ("numbers", "one-hot", "column", "signs", "several", "values", "unknown")
FITS = [
    ("sparse_categorical_crossentropy", False, "softmax", "numbers", 3),
    ("sparse_categorical_crossentropy", True, "linear", "numbers", 3),
    ("sparse_categorical_crossentropy", False, "softmax", "column", 2),
    ("categorical_crossentropy", False, "softmax", "one-hot", 3),
    ("kl_divergence", False, "softmax", "one-hot", 3),
    ("categorical_crossentropy", True, "log_softmax", "one-hot", 3),
    ("categorical_hinge", False, "linear", "one-hot", 3),
    ("binary_crossentropy", False, "sigmoid", "column", 1),
    ("binary_crossentropy", True, "linear", "column", 1),
    ("binary_crossentropy", False, "sigmoid", "several", 5),
    ("binary_crossentropy", False, "softmax", "one-hot", 2),
    ("hinge", False, "tanh", "signs", 1),
    ("hinge", False, "linear", "column", 1),
    ("dice", False, "sigmoid", "several", 4),
    ("mean_squared_error", False, "linear", "values", 1),
    ("mean_absolute_error", False, "tanh", "values", 1),
    ("poisson", False, "exponential", "values", 1),
    ("cosine_similarity", False, "linear", "values", 8),
]
FAULTS = [
    ("binary_crossentropy", False, "softmax", "column", 1, "activation_mismatch.softmax_one_unit", ""),
    ("mean_squared_error", False, "softmax", "values", 1, "activation_mismatch.softmax_one_unit", ""),
    ("categorical_crossentropy", False, "sigmoid", "column", 1, "", "loss_mismatch.one_unit"),
    ("binary_crossentropy", False, "relu", "column", 1, "activation_mismatch.unbounded", ""),
    ("sparse_categorical_crossentropy", False, "linear", "numbers", 3, "activation_mismatch.unbounded", ""),
    ("sparse_categorical_crossentropy", True, "softmax", "numbers", 3, "loss_mismatch.logits_twice", ""),
    ("binary_crossentropy", True, "sigmoid", "column", 1, "loss_mismatch.logits_twice", ""),
    ("binary_crossentropy", True, "relu", "column", 1, "activation_mismatch.short_logits", ""),
    ("categorical_crossentropy", False, "softmax", "numbers", 3, "", "labels_mismatch.numbers"),
    ("sparse_categorical_crossentropy", False, "softmax", "one-hot", 3, "", "labels_mismatch.one_hot"),
    ("binary_crossentropy", False, "softmax", "one-hot", 3, "", "loss_mismatch.binary_softmax"),
    ("binary_crossentropy", False, "softmax", "several", 3, "activation_mismatch.softmax_several", ""),
    ("binary_crossentropy", False, "sigmoid", "numbers", 1, "", "labels_mismatch.numbers_binary"),
    ("mean_squared_error", False, "softmax", "one-hot", 3, "", "loss_mismatch.squared"),
    ("binary_crossentropy", False, "sigmoid", "signs", 1, "", "labels_mismatch.signs"),
    ("hinge", False, "sigmoid", "column", 1, "activation_mismatch.hinge", ""),
    ("binary_crossentropy", False, "sigmoid", "values", 1, "", "loss_mismatch.values"),
    ("categorical_crossentropy", False, "sigmoid", "several", 3, "", "loss_mismatch.several"),
    ("poisson", False, "linear", "values", 1, "activation_mismatch.counts", ""),
]
OF_LAYERS = {"prelu"}  # the name of a layer
OF_SEVERAL = {"glu", "softmax", "sparsemax", "log_softmax", "threshold"}  # look at several values, or at a limit given
# How often each verdict is found among all losses, activations, forms, and 1, 2 or 3 columns.
HELD = {
    "": 32824,
    "activation_mismatch.counts": 924,
    "activation_mismatch.hinge": 852,
    "activation_mismatch.short_logits": 2772,
    "activation_mismatch.sigmoid_classes": 180,
    "activation_mismatch.softmax_one_unit": 616,
    "activation_mismatch.softmax_several": 160,
    "activation_mismatch.unbounded": 4312,
    "labels_mismatch.numbers": 1716,
    "labels_mismatch.numbers_binary": 784,
    "labels_mismatch.one_hot": 132,
    "labels_mismatch.signs": 1584,
    "loss_mismatch.binary_softmax": 16,
    "loss_mismatch.logits_twice": 648,
    "loss_mismatch.one_unit": 2772,
    "loss_mismatch.several": 792,
    "loss_mismatch.squared": 7920,
    "loss_mismatch.values": 1980,
}
LEFT_OUT = {"Loss"}  # the class that all others extend


def ended(loss, activation, form, outputs, task=(), from_logits=False, loss_now=None) -> list[dict]:
    """What the rules find for a network that ends like this."""
    layers = [{"name": "dense", "kind": "Dense", "trainable": True, "activation": activation}]
    model = {"layers": layers, "optimizer": "adam", "loss": loss, "from_logits": from_logits, "softmaxes": 0}
    kinds = {"column": "binary", "signs": "binary", "several": "labels", "values": "regression"}
    figures = {"kind": kinds.get(form, "classes"), "form": form, "classes": None, "guess_loss": 1.0, **dict(task)}
    line = {"epoch": 0, "model": model | {"outputs": outputs, "activation": activation}, "task": figures}
    rows = [] if loss_now is None else [{"epoch": 1, "loss": loss_now} | dict.fromkeys(("val_loss", "val_accuracy"))]
    rows = [row | {"accuracy": None, "learning_rate": 0.001} for row in rows]
    evidence = Evidence("finished", "", rows, [line], 0, {}, {}, True)
    return [found for rule in FITTING if (found := rule(evidence))]


def test_every_loss_and_activation_of_keras_is_in_the_tables():
    losses = {name for name, what in vars(keras.losses).items() if isinstance(what, type)} - LEFT_OUT
    names = {name for name in vars(keras.activations) if not name.startswith("_")} - {"get", "serialize", "deserialize"}
    assert {snake_case(name) for name in losses} <= set(FAMILIES) and len(losses) >= 20
    assert names <= set(ACTIVATIONS) and len(names) >= 30


def test_an_activation_stays_in_its_range_and_uses_it():
    grid = keras.ops.convert_to_tensor(np.linspace(-40, 40, 4001).astype("float32"))
    for name in set(ACTIVATIONS) - OF_LAYERS - OF_SEVERAL:
        made, (low, high) = keras.ops.convert_to_numpy(keras.activations.get(name)(grid)), range_of(name)
        assert low - 1e-3 <= made.min() and made.max() <= high + 1e-3, name
        assert (made.min() < low + 0.03) if np.isfinite(low) else made.min() < -5, name
        assert (made.max() > high - 0.03) if np.isfinite(high) else made.max() > 30, name


def test_every_combination_has_the_verdict_that_it_had_and_one_that_can_be_read():
    verdicts: Counter[str] = Counter()
    for loss, logits, activation, form, columns in product(FAMILIES, (False, True), ACTIVATIONS, FORMS, (1, 2, 3)):
        verdicts[activation_verdict(loss, logits, activation, form, columns)] += 1
        verdicts[loss_verdict(loss, activation, form, columns)] += 1
    assert verdicts == HELD
    assert all(text_of(*verdict.split("."), keras=True).advice for verdict in verdicts if verdict)


@pytest.mark.parametrize(("loss", "logits", "activation", "form", "columns"), FITS)
def test_what_keras_asks_for_fits(loss, logits, activation, form, columns):
    assert activation_verdict(loss, logits, activation, form, columns) == ""
    assert loss_verdict(loss, activation, form, columns) == ""


@pytest.mark.parametrize(("loss", "logits", "activation", "form", "columns", "of_activation", "of_loss"), FAULTS)
def test_what_does_not_fit_is_named(loss, logits, activation, form, columns, of_activation, of_loss):
    assert activation_verdict(loss, logits, activation, form, columns) == of_activation
    assert loss_verdict(loss, activation, form, columns) == of_loss


@pytest.mark.parametrize("activation", ["relu", None])
def test_an_activation_that_cannot_be_seen_is_not_judged(activation):
    found = ended("binary_crossentropy", activation, "column", 1)
    assert [one["case"] for one in found] == (["unbounded"] if activation else [])


@pytest.mark.parametrize(
    ("activation", "largest", "expected"),
    [("sigmoid", 1.0, []), ("sigmoid", 9.0, ["range"]), ("tanh", 9.0, ["range"]), ("linear", 9.0, [])],
)
def test_real_targets_must_lie_where_the_last_activation_can_go(activation, largest, expected):
    found = ended("mean_squared_error", activation, "values", 1, {"least": 0.0, "largest": largest})
    assert [one["case"] for one in found] == expected


@pytest.mark.parametrize(("largest", "expected"), [(1.0, []), (2.0, ["values"])])
def test_shares_may_be_learned_with_a_cross_entropy_and_other_numbers_not(largest, expected):
    found = ended("binary_crossentropy", "sigmoid", "values", 1, {"least": 0.0, "largest": largest})
    assert [one["case"] for one in found] == expected


@pytest.mark.parametrize(
    ("least", "largest", "code"), [(1, 3, "labels_outside"), (0, 3, "wrong_outputs"), (0, 2, None)]
)
def test_class_numbers_must_have_an_output_each(least, largest, code):
    task = {"least": float(least), "largest": float(largest), "classes": largest + 1}
    found = ended("sparse_categorical_crossentropy", "softmax", "numbers", 3, task)
    assert [one["code"] for one in found] == ([code] if code else [])


@pytest.mark.parametrize(("loss", "severity"), [(0.1, "info"), (0.9, "warning")])
def test_a_squared_error_on_classes_is_a_warning_only_while_they_are_not_learned(loss, severity):
    (found,) = ended("mean_squared_error", "softmax", "one-hot", 3, loss_now=loss)
    assert found["severity"] == severity and found["try"] == {"loss": "categorical_crossentropy"}


def test_what_to_try_is_what_is_not_so_already():
    (found,) = ended("binary_crossentropy", "softmax", "column", 1)
    assert found["try"] == {"activation": "sigmoid"}
    (found,) = ended("categorical_crossentropy", "sigmoid", "column", 1)
    assert found["try"] == {"loss": "binary_crossentropy"}
