"""Causes are told from what looks like them, and from what chance gives."""

import math

import pytest

from vgglab.diagnosis.findings import diagnose

CHANCE = math.log(10)
CHECK = {"within": 0.9, "across": 0.9, "renamed": 0.9, "majority": 0.1, "n_within": 800, "n_across": 400}


def codes(history, signals, config=None, classes=10) -> list[str]:
    """What is found, leaving out what is only remarked."""
    found = diagnose("finished", "", history, signals, classes, config)
    return [one["code"] for one in found if one["severity"] != "info"]


@pytest.fixture
def stuck(rows):
    return rows([CHANCE, CHANCE], accuracy=0.1, val_accuracy=0.1)


def test_a_best_epoch_far_above_those_beside_it_makes_a_jump_a_warning_and_one_as_good_a_remark(rows):
    history = rows([2.0, 0.9, 0.5, 0.4], [2.0, 1.0, 1.5, 1.0])
    (remark,) = [one for one in diagnose("finished", "", history, [], 10) if one["code"] == "validation_unsettled"]
    assert (remark["severity"], remark["case"]) == ("info", "kept")
    for row, accuracy in zip(history, (0.3, 0.8, 0.4, 0.6), strict=True):
        row["val_accuracy"] = accuracy
    assert codes(history, []) == ["validation_unsettled"]


def test_two_classes_swapped_are_told_from_noise_by_an_accuracy_far_below_guessing(rows, start, line):
    facts = {"counts": {"training": [80, 80], "validation": [40, 40]}, "images": {"training": 160, "validation": 80}}
    facts["check"] = CHECK | {"within": 0.55, "across": 0.45, "renamed": 0.55, "majority": 0.5}
    signals = [start(facts, {"outputs": 2}), line(3, training={"loss": 0.01, "accuracy": 1.0})]
    assert codes(rows([0.6, 0.1, 0.01], [1.5, 2.0, 4.0], 1.0, 0.18), signals, classes=2) == ["labels_renamed"]
    assert "labels_renamed" not in codes(rows([0.6, 0.1, 0.01], [1.5, 2.0, 4.0], 1.0, 0.45), signals, classes=2)


@pytest.mark.parametrize(("held", "expected"), [([150, 152], []), ([30, 2], ["labels_renamed"])])
def test_a_renaming_counts_where_it_fits_images_that_it_was_not_chosen_by(rows, start, line, held, expected):
    check = CHECK | {"within": 0.6, "across": 0.5, "renamed": 0.7, "held": {"renamed": held, "merged": [0, 0]}}
    assert codes(rows([2.0, 1.0, 0.1]), [start({"check": check}), line(3)]) == expected


def test_a_class_that_one_part_has_under_another_name_is_named(rows, start, line):
    counts = {"training": [80] * 10, "validation": [0, 80] + [40] * 8}
    check = CHECK | {"across": 0.8, "held": {"renamed": [0, 0], "merged": [35, 1]}}
    (found,) = diagnose("finished", "", rows([1.0, 0.1]), [start({"check": check, "counts": counts}), line(2)], 10)
    assert (found["code"], found["case"]) == ("labels_renamed", "merged")


@pytest.mark.parametrize(("loss", "tried"), [(2.25, "train.epochs"), (1.7, "train.settle_batch_norm")])
def test_one_answer_in_inference_after_few_steps_is_put_down_to_the_initial_statistics(rows, start, line, loss, tried):
    one = {"classes_predicted": 1, "initial_statistics": 0.83, "training": {"loss": 2.4, "accuracy": 0.1}}
    signals = [start(), line(1, first_update={"fc1": 0.02}, step_loss=[2.4, loss], **one)]
    found = diagnose("finished", "", rows([loss], [2.4], 0.15, 0.1), signals, 10)
    assert (found[0]["code"], found[0]["case"], *found[0]["try"]) == ("statistics_unsettled", "initial", tried)


@pytest.mark.parametrize(("dropout", "code"), [(0.85, "underfitting"), (0.2, "collapsed")])
def test_one_answer_under_strong_dropout_is_put_down_to_its_noise(stuck, start, line, dropout, code):
    probe = {"training": {"loss": 2.3, "accuracy": 0.1}}
    signals = [start(**probe), line(2, first_update={"fc1": 0.02}, classes_predicted=1, **probe)]
    assert codes(stuck, signals, config={"model.dropout": dropout})[0] == code


def test_few_images_give_one_answer_by_chance(stuck, start, line):
    few = {"images": {"training": 4, "validation": 1}}
    assert codes(stuck, [start(few), line(2, first_update={"fc1": 0.02}, classes_predicted=1)]) == ["not_learned_yet"]


def test_with_a_handful_of_images_a_class_nothing_is_said_of_shuffled_labels(rows, start, line):
    facts = {"check": CHECK | {"within": 0.01, "across": 0.01, "renamed": 0.5, "majority": 0.004}}
    facts["counts"] = {"training": [3] * 300, "validation": [1] * 300}
    found = codes(rows([5.0, 3.0, 0.1], [5.7] * 3, 0.99, 0.01), [start(facts, {"outputs": 300}), line(3)], classes=300)
    assert not {"labels_shuffled", "labels_renamed"} & set(found)


@pytest.mark.parametrize(("training", "code"), [([160, 160, 160, 312, 8], True), ([190, 190, 190, 190, 40], False)])
def test_a_class_that_gains_just_what_another_lacks_was_given_its_images(rows, start, line, training, code):
    facts = {"counts": {"training": training, "validation": [60] * 5}, "check": CHECK}
    signals = [start(facts, {"outputs": 5}), line(3)]
    assert ("labels_renamed" in codes(rows([1.4, 0.9, 0.2]), signals, classes=5)) == code


@pytest.mark.parametrize(("held", "found"), [([60, 8], ["labels_renamed"]), ([39, 23], [])])
def test_names_that_the_network_would_be_right_with_are_found_where_a_simple_model_is_weak(
    rows, start, line, held, found
):
    facts = {
        "check": CHECK | {"within": 0.3, "across": 0.25, "renamed": 0.3},
        "images": {"training": 960, "validation": 300},
    }
    signals = [start(facts), line(2, held={"renamed": held, "merged": held})]
    told = codes(rows([1.5, 1.0], [2.0, 2.1], 0.7, 0.35), signals)
    assert [code for code in told if code == "labels_renamed"] == found


@pytest.mark.parametrize(("val_accuracy", "code"), [(0.72, []), (0.5, ["labels_shuffled"])])
def test_a_network_that_is_mostly_better_than_guessing_on_new_images_has_labels_to_learn(
    rows, start, line, val_accuracy, code
):
    facts = {"check": CHECK | {"within": 0.52, "across": 0.5, "renamed": 0.5, "majority": 0.5, "n_across": 80}}
    facts["images"] = {"training": 800, "validation": 80}
    found = codes(
        rows([0.6, 0.3, 0.2], [0.6, 0.55, 0.6], 0.85, val_accuracy), [start(facts, {"outputs": 2}), line(3)], classes=2
    )
    assert [one for one in found if one == "labels_shuffled"] == code


def test_from_a_hundred_photographs_shuffled_labels_cannot_be_told_from_hard_ones(rows, start, line):
    facts = {"check": CHECK | {"within": 0.55, "across": 0.6, "renamed": 0.6, "majority": 0.5, "n_within": 96}}
    signals = [start(facts, {"outputs": 2}), line(3)]
    assert "labels_shuffled" not in codes(rows([0.6, 0.3, 0.1], [0.7] * 3, 0.95, 0.5), signals, classes=2)


@pytest.mark.parametrize(("val_accuracy", "found"), [(0.25, ["validation_unlike_training"]), (0.78, [])])
def test_other_detail_is_named_where_the_network_does_worse_for_it(rows, start, line, val_accuracy, found):
    facts = {"traits": {"contrast": {"deviations": 0.1, "errors": 1.0}, "detail": {"deviations": 2.0, "errors": 30.0}}}
    signals = [start(facts | {"check": CHECK}), line(2)]
    assert codes(rows([1.5, 0.6], [1.5, 0.7], 0.8, val_accuracy), signals) == found


def test_images_are_learned_where_inference_knows_them_whatever_noise_there_is_in_training(rows, start, line):
    history = rows([1.2, 1.15, 1.15, 1.15], [0.6] * 4, 0.7, 0.85)
    assert codes(history, [start(), line(4, training={"loss": 0.3, "accuracy": 0.9})]) == []
    assert codes(history, [start(), line(4, training={"loss": 1.1, "accuracy": 0.7})]) == ["underfitting"]


def test_a_frozen_network_without_weights_is_named_where_its_layers_are_not_recorded(rows, start, line):
    config = {"backbone.name": "MobileNetV2", "backbone.weights": "none", "train.freeze": "all"}
    (found,) = diagnose("finished", "", rows([CHANCE] * 2), [start(), line(2)], 10, config)
    assert (found["code"], found["values"]["backbone"]) == ("layers_frozen", "MobileNetV2")
    assert (
        diagnose("finished", "", rows([1.0, 0.1]), [start(), line(2)], 10, config | {"backbone.weights": "imagenet"})[
            0
        ]["code"]
        == "learned"
    )
