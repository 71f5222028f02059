"""Metrics agree with scikit-learn, with published intervals and with numbers worked out by hand."""

import csv
import io
import json
import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, precision_recall_fscore_support

from vgglab.errors import DataError
from vgglab.evaluation.metrics import (
    confusion_counts,
    confusion_csv,
    evaluate_predictions,
    prediction_rows,
)

CLASSES = ("cat", "dog", "fox")
LABELS = np.array([0, 0, 0, 1, 2])
PROBABILITIES = np.array(
    [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.3, 0.5, 0.2], [0.2, 0.5, 0.3], [0.6, 0.1, 0.3]], dtype=np.float32
)


def random_predictions(n: int = 400, n_classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.integers(n_classes, size=n), generator.dirichlet(np.ones(n_classes), size=n)


def test_a_class_without_images_is_in_no_mean():
    result = evaluate_predictions(np.array([0, 1]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]]), ["a", "b", "c"])
    assert result["macro"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0} and result["per_class"][2]["support"] == 0


def test_scores_equal_those_of_scikit_learn():
    labels, probabilities = random_predictions()
    result = evaluate_predictions(labels, probabilities, list("abcdefg"))
    predicted = probabilities.argmax(axis=1)
    assert result["accuracy"] == accuracy_score(labels, predicted)
    assert result["loss"] == pytest.approx(log_loss(labels, probabilities), rel=1e-6)
    macro = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    assert list(result["macro"].values()) == pytest.approx(macro[:3])


def test_loss_and_its_interval_equal_the_numbers_worked_out_by_hand():
    result = evaluate_predictions(LABELS, PROBABILITIES, CLASSES)
    losses = [-math.log(p) for p in (0.7, 0.1, 0.3, 0.5, 0.3)]
    mean = sum(losses) / 5
    half = 1.96 * math.sqrt(sum((loss - mean) ** 2 for loss in losses) / 4) / math.sqrt(5)
    interval = [mean / math.exp(half / mean), mean * math.exp(half / mean)]
    assert result["loss"] == pytest.approx(mean, rel=1e-6)
    assert result["loss_interval"] == pytest.approx(interval, rel=1e-6)


def test_the_interval_of_a_loss_that_few_images_make_stays_above_0():
    probabilities = np.array([[0.999, 0.001]] * 9 + [[0.01, 0.99]])
    low, high = evaluate_predictions(np.zeros(10, int), probabilities, ["cat", "dog"])["loss_interval"]
    assert 0 < low < 0.46 < high < 5


def test_with_many_images_the_interval_of_the_loss_is_the_normal_one():
    right = np.random.default_rng(0).uniform(0.2, 0.9, 20_000)
    result = evaluate_predictions(np.zeros(20_000, int), np.stack([right, 1 - right], 1), ["cat", "dog"])
    half = 1.96 * np.log(right).std() / math.sqrt(20_000)
    assert result["loss_interval"] == pytest.approx([result["loss"] - half, result["loss"] + half], rel=1e-4)


def test_a_certain_mistake_costs_what_keras_charges_for_it():
    result = evaluate_predictions(np.array([1]), np.array([[1.0, 0.0]]), ["cat", "dog"])
    assert result["loss"] == pytest.approx(-math.log(1e-7))
    assert result["loss_interval"] is None


def test_rows_of_the_confusion_matrix_are_the_true_class():
    counts = confusion_counts(LABELS, PROBABILITIES.argmax(axis=1), 3)
    assert counts.tolist() == [[1, 2, 0], [0, 1, 0], [1, 0, 0]]


def test_most_confused_pairs_say_true_then_predicted_with_the_share_of_the_true_class():
    pairs = evaluate_predictions(LABELS, PROBABILITIES, CLASSES)["most_confused"]
    assert pairs == [
        {"true": "cat", "predicted": "dog", "count": 2, "share": 2 / 3},
        {"true": "fox", "predicted": "cat", "count": 1, "share": 1.0},
    ]


def test_at_most_ten_pairs_are_reported():
    assert len(evaluate_predictions(*random_predictions(), list("abcdefg"))["most_confused"]) == 10


def test_a_class_without_images_scores_zero():
    result = evaluate_predictions(np.array([0, 1]), np.array([[0.9, 0.1, 0], [0.2, 0.8, 0]]), CLASSES)
    assert result["per_class"][2] == {"class": "fox", "precision": 0, "recall": 0, "f1": 0, "support": 0}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_probabilities_that_are_not_finite_leave_valid_json(bad):
    probabilities = PROBABILITIES.copy()
    probabilities[0] = bad
    result = evaluate_predictions(LABELS, probabilities, CLASSES)
    json.dumps(result, allow_nan=False)
    assert (result["loss"], result["loss_interval"], result["non_finite"]) == (None, None, 1)


def test_every_result_is_valid_json():
    json.dumps(evaluate_predictions(LABELS, PROBABILITIES, CLASSES), allow_nan=False)
    json.dumps([*prediction_rows(LABELS, PROBABILITIES * np.nan, np.arange(5), CLASSES)], allow_nan=False)


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        (np.array([], int), np.zeros((0, 3)), "at least one image"),
        (np.array([0, 1]), np.zeros((2, 4)), r"shape \(2, 4\): expected \(2, 3\)"),
        (np.array([0, 3]), np.zeros((2, 3)), "labels go from 0 to 3: expected 0 to 2"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(labels, probabilities, message):
    with pytest.raises(DataError, match=message):
        evaluate_predictions(labels, probabilities, CLASSES)


def test_prediction_rows_name_classes_and_rank_the_label():
    rows = [*prediction_rows(LABELS, PROBABILITIES, np.array([7, 8, 9, 10, 11]), CLASSES)]
    assert [row["label_rank"] for row in rows] == [1, 3, 2, 1, 2]
    assert rows[1] == {
        "index": 8,
        "label": "cat",
        "predicted": "dog",
        "confidence": 0.6,
        "label_probability": 0.1,
        "label_rank": 3,
    }


def test_rank_one_means_right_even_when_probabilities_are_equal():
    rows = [*prediction_rows(np.array([0, 1, 2]), np.full((3, 3), 1 / 3), np.arange(3), CLASSES)]
    assert [(row["predicted"], row["label_rank"]) for row in rows] == [("cat", 1), ("cat", 2), ("cat", 3)]


def test_prediction_rows_need_an_index_an_image():
    with pytest.raises(DataError, match="4 indices for 5 labels"):
        prediction_rows(LABELS, PROBABILITIES, np.arange(4), CLASSES)


def test_confusion_csv_reads_back_with_names_that_hold_commas():
    text = confusion_csv(np.array([[3, 1], [0, 2]]), ["cat", "dog, big"])
    assert list(csv.reader(io.StringIO(text))) == [
        [r"true \ predicted", "cat", "dog, big"],
        ["cat", "3", "1"],
        ["dog, big", "0", "2"],
    ]
