"""A diagnosis says what the numbers say, causes before symptoms, and holds them as evidence."""

import math

import pytest

from vgglab.diagnosis.findings import diagnose

CHANCE = math.log(10)
LARGE, SMALL = {"conv1": 0.3, "fc1": 4.0, "fc2": None}, {"conv1": 0.002, "fc1": 0.01}
CHECK = {"within": 0.9, "across": 0.9, "renamed": 0.9, "majority": 0.1, "n_within": 800, "n_across": 400}


@pytest.fixture
def stuck(rows):
    return rows([CHANCE, CHANCE], accuracy=0.1, val_accuracy=0.1)


def test_a_first_step_that_replaces_the_weights_is_a_rate_too_large(stuck, line):
    (found,) = diagnose("finished", "", stuck, [line(first_update=LARGE), line(2, spread=1e-9)], 10)
    assert (found["code"], found["severity"]) == ("learning_rate_too_large", "error")
    assert found["values"]["layer"] == "fc1" and found["values"]["update"] == 4.0
    assert found["evidence"]["largest_update"] == {"value": 4.0, "healthy": [0.001, 0.1]}
    assert found["try"] == {"train.learning_rate": 0.001}


def test_adam_is_told_that_its_step_does_not_depend_on_the_gradient(stuck, line):
    signals = [line(first_update=LARGE), line(2, spread=1e-9)]
    (found,) = diagnose("finished", "", stuck, signals, 10, {"train.optimizer": "adam"})
    assert found["case"] == "adaptive"


@pytest.mark.parametrize(("update", "code"), [(0.49, "signal_lost"), (0.51, "learning_rate_too_large")])
def test_an_update_is_large_from_half_the_norm(stuck, line, update, code, codes):
    signals = [line(first_update={"conv1": 0.01, "fc1": update, "fc2": 0.01}, spread=1e-9)]
    assert codes(stuck, signals) == [code]


def test_one_large_step_of_a_network_that_learns_is_no_fault(rows, line, codes):
    assert codes(rows([1.0, 0.4, 0.1]), [line(first_update=LARGE), line(2), line(3)]) == []


def test_units_that_died_are_told_after_the_step_that_killed_them(stuck, line, codes):
    signals = [line(first_update=LARGE), line(2, spread=1e-9, dead={"fc1": 1.0})]
    assert codes(stuck, signals) == ["learning_rate_too_large", "dead_units"]


def test_units_that_were_dead_before_the_first_step_are_no_fault_of_the_rate(stuck, start, line):
    signals = [start(dead={"fc1": 1.0}), line(first_update=LARGE, spread=0.0, dead={"fc1": 1.0})]
    (found,) = diagnose("finished", "", stuck, signals, 10)
    assert (found["code"], found["case"], found["epoch"]) == ("dead_units", "start", None)


def test_a_gradient_that_does_not_arrive_is_a_lost_signal(stuck, start, line):
    signals = [start(gradient={"conv1": 1e-6, "fc1": 1e-5}), line(first_update={"fc1": 1e-7}, spread=1e-6)]
    (found,) = diagnose("finished", "", stuck, signals, 10, {"model.batch_norm": False})
    assert found["code"] == "signal_lost" and found["try"] == {"model.batch_norm": True}


def test_a_gradient_that_arrives_in_tiny_steps_is_a_rate_too_small(stuck, start, line):
    signals = [start(), line(first_update={"fc1": 1e-6}, step_update={"2": {"fc1": 1e-6}})]
    (found,) = diagnose("finished", "", stuck, signals, 10, {"train.learning_rate": 1e-5})
    assert found["code"] == "learning_rate_too_small" and found["try"] == {"train.learning_rate": 0.01}


def test_without_signals_what_they_alone_show_is_not_claimed(stuck, codes):
    assert codes(stuck, []) == ["not_learned_yet"]


@pytest.mark.parametrize(("loss", "expected"), [(0.98 * CHANCE, ["not_learned_yet"]), (0.96 * CHANCE, [])])
def test_a_loss_just_below_chance_is_not_learning(rows, line, loss, expected, codes):
    found = codes(rows([CHANCE, loss]), [line(), line(2)])
    assert [code for code in found if code == "not_learned_yet"] == expected


@pytest.mark.parametrize(("classes", "expected"), [(100, []), (10, ["not_learned_yet"])])
def test_chance_depends_on_the_number_of_classes(rows, classes, expected, codes):
    found = codes(rows([4.6, 2.4], accuracy=0.1, val_accuracy=0.1), [], classes=classes)
    assert [code for code in found if code == "not_learned_yet"] == expected


def test_divergence_tells_where_and_suggests_a_smaller_rate(line):
    signals = [line(first_update=LARGE, step_loss=[2.3, 900.0])]
    (found,) = diagnose(
        "diverged", "the loss became nan in epoch 2, step 7", [], signals, 10, {"train.learning_rate": 1.0}
    )
    assert found["code"] == "diverged" and found["epoch"] == 2 and found["values"]["step"] == "7"
    assert found["try"]["train.learning_rate"] < 0.1


@pytest.mark.parametrize(("loss", "tried"), [(0.9, "train.clip_norm"), (2.3, "train.learning_rate")])
def test_gradients_are_bounded_where_whole_epochs_went_well_before(rows, loss, tried):
    told = "the loss became nan in epoch 3, step 7"
    (found,) = diagnose("diverged", told, rows([2.3, loss], [2.3, loss]), [], 10, {"train.learning_rate": 0.1})
    assert found["code"] == "diverged" and list(found["try"]) == [tried]


def test_a_loss_out_of_range_before_any_step_is_not_blamed_on_the_rate():
    signals = [{"epoch": 1, "step_loss": [None], "nonfinite": {"step": 1, "loss": "nan", "layers": ["conv1"]}}]
    (found,) = diagnose("diverged", "the loss became nan in epoch 1, step 1", [], signals, 10)
    assert found["case"] == "start" and found["try"] == {}


@pytest.mark.parametrize("status", ["finished", "interrupted", "failed"])
def test_without_a_whole_epoch_there_is_nothing_to_find(rows, line, status, codes):
    assert codes([], [line()], status) == codes(rows([None, None]), [line()], status) == []


FAULTS = {
    "labels_outside": {"data": {"stray_labels": {"training": 0.1, "validation": 0.1}}},
    "labels_renamed": {"data": {"check": CHECK | {"across": 0.0}}},
    "validation_unlike_training": {"data": {"check": CHECK | {"across": 0.1, "renamed": 0.2}}},
    "duplicates": {"data": {"duplicates": 0.3}},
    "images_constant": {"data": {"pixels": {"training": {"constant": 1.0}, "validation": {"constant": 1.0}}}},
    "nothing_trainable": {"model": {"trainable": 0}},
    "wrong_outputs": {"model": {"outputs": 7}},
    "loss_mismatch": {"model": {"softmaxes": 2}},
}


@pytest.mark.parametrize("code", FAULTS)
def test_what_is_wrong_with_data_or_network_is_told_even_where_it_learned(rows, start, line, code, codes):
    assert codes(rows([1.0, 0.3, 0.1]), [start(**FAULTS[code]), line(3)]) == [code]


@pytest.mark.parametrize(
    ("least", "largest", "mean", "case"), [(0, 255, 100.0, "large"), (0, 0.004, 0.001, "small"), (0, 1, 0.3, None)]
)
def test_inputs_far_from_the_size_of_one_are_out_of_scale(stuck, start, line, least, largest, mean, case):
    seen = {"layer": "conv1", "channels": 3, "images": True, "least": least, "largest": largest, "mean": mean}
    found = diagnose("finished", "", stuck, [start(input=seen | {"deviation": mean, "between": mean}), line()], 10)
    assert [one["case"] for one in found if one["code"] == "inputs_out_of_scale"] == ([case] if case else [])


def test_a_pretrained_network_may_see_the_values_it_was_trained_on(rows, start, line, codes):
    seen = {
        "layer": "conv1",
        "channels": 3,
        "images": True,
        "least": -120,
        "largest": 150,
        "mean": 3.0,
        "deviation": 60,
        "between": 50,
    }
    config = {"backbone.name": "VGG16", "model.preprocessing": "backbone"}
    assert codes(rows([1.0, 0.1]), [start(input=seen), line(2)], config=config) == []


def test_labels_that_neither_network_nor_neighbours_learn_look_shuffled(rows, start, line, codes):
    check = CHECK | {"within": 0.11, "across": 0.09, "renamed": 0.15}
    history = rows([2.0, 1.0, 0.1], [2.4, 3.0, 4.0], 0.99, 0.1)
    assert codes(history, [start({"check": check}), line(3)])[0] == "labels_shuffled"
    assert "labels_shuffled" not in codes(rows([2.0, 1.0, 0.1]), [start({"check": check}), line(3)])


def test_an_accuracy_that_is_the_share_of_one_class_is_explained_by_it(rows, start, line, codes):
    counts = {"training": [800] + [10] * 9, "validation": [400] + [5] * 9}
    signals = [start({"counts": counts}), line(2, classes_predicted=1)]
    assert codes(rows([0.6, 0.55], accuracy=0.9, val_accuracy=0.9), signals)[0] == "class_imbalance"


def test_frozen_layers_are_a_fault_only_where_their_weights_are_random(rows, start, line, codes):
    layers = [
        {"name": "conv1", "kind": "Conv2D", "trainable": False},
        {"name": "fc1", "kind": "Dense", "trainable": True},
    ]
    signals = [start(model={"layers": layers}), line(2)]
    assert codes(rows([1.0, 0.1]), signals) == ["layers_frozen"]
    assert codes(rows([1.0, 0.1]), signals, config={"backbone.name": "VGG16"}) == []


def test_batch_norm_that_adapts_under_frozen_layers_is_named(rows, start, line, codes):
    kinds = [("conv1", "Conv2D", False), ("bn1", "BatchNormalization", True), ("fc1", "Dense", True)]
    layers = [dict(zip(("name", "kind", "trainable"), one, strict=True)) for one in kinds]
    signals = [start(model={"layers": layers}), line(2, moving_update={"bn1": 0.1})]
    assert codes(rows([1.0, 0.1]), signals, config={"backbone.name": "X"}) == ["frozen_batch_norm_trains"]


def test_a_layer_without_gradient_that_stays_as_it_was_never_moves(rows, start, line, codes):
    signals = [start(gradient={"conv1": 0.0, "fc1": 0.1}), line(update={"conv1": 0.0, "fc1": 0.1})]
    assert codes(rows([1.0, 0.1]), signals) == ["layer_never_moves"]


def test_a_certain_cause_is_not_followed_by_its_symptoms(rows, start, line, codes):
    signals = [start({"check": CHECK | {"across": 0.0}}), line(3)]
    assert codes(rows([2.0, 1.0, 0.1], [2.4, 3.0, 4.0], 0.99, 0.1), signals) == ["labels_renamed"]


def features(size: float) -> dict:
    """What a head sees of a pretrained network's features."""
    seen = {"layer": "fc1", "channels": 128, "images": False, "least": 0.0, "largest": 6 * size}
    return seen | {"mean": 0.6 * size, "deviation": 0.8 * size, "between": 0.5 * size}


@pytest.mark.parametrize(("treatment", "case"), [("normalize", "features"), ("backbone", "prepared")])
def test_features_that_make_a_head_sure_and_wrong_are_out_of_scale(rows, start, line, treatment, case):
    config = {"backbone.name": "VGG16", "model.preprocessing": treatment, "train.learning_rate": 0.01}
    signals = [start(input=features(18.0)), line(step_loss=[25.0, 90.0])]
    found = diagnose("finished", "", rows([2.9, 1.9, 1.8], accuracy=0.3, val_accuracy=0.3), signals, 10, config)
    assert (found[0]["code"], found[0]["case"]) == ("inputs_out_of_scale", case)
    assert "learning_rate_too_large" not in [one["code"] for one in found]


def test_large_features_whose_loss_starts_at_guessing_are_no_fault(rows, start, line, codes):
    signals = [start(input=features(18.0)), line(step_loss=[2.4, 2.0])]
    assert codes(rows([1.0, 0.5, 0.1]), signals, config={"backbone.name": "VGG16"}) == []


def test_training_images_that_gain_alone_are_learned_by_heart_though_validation_does_not_rise(rows):
    history = rows([1.3, 1.2, 1.1, 1.0, 0.9], [1.3, 1.2, 1.21, 1.22, 1.23], 0.66, 0.55)
    found = diagnose("finished", "", history, [], 10, {"backbone.name": "VGG16"})[0]
    assert (found["code"], found["case"], found["epoch"]) == ("overfitting", "stalled", 2)
    assert found["try"] == {"backbone.head_dropout": 0.5}


def test_a_head_that_gets_no_further_is_held_by_the_frozen_layers(rows):
    config = {"backbone.name": "VGG16", "train.freeze": "all", "train.learning_rate": 0.1}
    found = diagnose("finished", "", rows([1.2] * 4, accuracy=0.55, val_accuracy=0.55), [], 10, config)[0]
    assert (found["code"], found["case"]) == ("underfitting", "frozen")
    assert found["try"] == {"train.freeze": "none", "train.learning_rate": 0.01}


def test_dropout_before_any_step_that_drowns_the_signal_is_told_from_dead_units(stuck, start, line):
    signals = [start(training={"loss": 2.3, "accuracy": 0.1}), line(step_loss=[11.0, 5.0], dead={"fc1": 1.0})]
    found = diagnose("finished", "", stuck, signals, 10, {"model.dropout": 0.8})
    assert [(one["code"], one["case"]) for one in found] == [("underfitting", "dropout"), ("dead_units", "")]


def test_a_few_constant_images_are_a_warning_and_no_duplicates(rows, start, line):
    pixels = {part: {"constant": 0.1} for part in ("training", "validation")}
    found = diagnose("finished", "", rows([1.0, 0.1]), [start({"pixels": pixels, "duplicates": 0.1}), line(2)], 10)
    assert next((one["code"], one["severity"]) for one in found) == ("images_constant", "warning")
    assert "duplicates" not in [one["code"] for one in found]


def test_images_that_are_nearly_training_images_are_a_leak_too(rows, start, line):
    for share, cases in ((0.3, ["near"]), (0.04, [])):
        found = diagnose("finished", "", rows([1.0, 0.1]), [start({"near_duplicates": share}), line(2)], 10)
        assert [one["case"] for one in found if one["code"] == "duplicates"] == cases


@pytest.mark.parametrize(("across", "copies", "expected"), [(0.9, 0.0, "labels_noisy"), (0.9, 0.3, "duplicates")])
def test_validation_that_a_simple_model_knows_better_tells_of_wrong_training_labels(
    rows, start, line, across, copies, expected, codes
):
    check = CHECK | {"within": 0.6, "across": across, "across_half": across, "renamed": across}
    found = codes(rows([1.0, 0.7, 0.7, 0.7]), [start({"check": check, "duplicates": copies}), line(4)])
    assert found[0] == expected and len(set(found) & {"labels_noisy", "duplicates"}) == 1


def test_labels_are_not_called_shuffled_where_one_class_is_nearly_all(rows, start, line, codes):
    counts = {"training": [800] + [5] * 9, "validation": [400] + [2] * 9}
    check = {"check": CHECK | {"within": 0.94, "majority": 0.95, "across": 0.95, "renamed": 0.95}}
    signals = [start({"counts": counts} | check), line(2, classes_predicted=1)]
    assert codes(rows([0.6, 0.55], accuracy=0.95, val_accuracy=0.95), signals) == ["class_imbalance"]
    (found,) = diagnose("finished", "", rows([0.6, 0.55], accuracy=0.95, val_accuracy=0.95), signals, 10)
    assert found["try"] == {"train.class_weights": "balanced"}


@pytest.mark.parametrize(("first", "expected"), [(9.0, ["collapsed"]), (0.7, [])])
def test_of_two_classes_one_is_collapse_only_where_it_was_sure_from_the_start(
    rows, start, line, first, expected, codes
):
    counts, one = {"training": [80, 80], "validation": [40, 40]}, {"classes_predicted": 1}
    signals = [start({"counts": counts}, {"outputs": 2}, **one), line(step_loss=[first], **one), line(2, **one)]
    found = codes(rows([0.69, 0.69], accuracy=0.5, val_accuracy=0.5), signals, classes=2)
    assert [code for code in found if code == "collapsed"] == expected


def test_a_gradient_that_arrives_in_tiny_steps_is_a_rate_too_small_though_the_output_is_one(stuck, start, line, codes):
    tiny = {"fc1": 1e-6}
    signals = [start(), line(first_update=tiny, step_update={"2": tiny}, spread=1e-6, classes_predicted=1)]
    assert codes(stuck, signals, config={"train.learning_rate": 1e-6}) == ["learning_rate_too_small"]


def test_what_to_try_in_a_run_of_phases_is_a_change_of_them(rows):
    phases = [
        {"epochs": 2, "learning_rate": rate, "freeze": freeze, "warmup": 0}
        for rate, freeze in ((0.1, "all"), (0.01, "a"))
    ]
    config = {"train.phases": phases, "train.learning_rate": 0.5, "train.epochs": 4, "backbone.name": "X"}
    tried = diagnose("finished", "", rows([1.2] * 4, accuracy=0.55, val_accuracy=0.55), [], 10, config)[0]["try"]
    assert [phase["learning_rate"] for phase in tried["train.phases"]] == [0.01, 0.001]
    assert [phase["freeze"] for phase in tried["train.phases"]] == ["all", "none"]
    longer = diagnose("finished", "", rows([2.0, 1.9, 1.8], accuracy=0.4), [], 10, config)[0]["try"]
    assert longer["train.epochs"] == sum(phase["epochs"] for phase in longer["train.phases"]) == 10


@pytest.mark.parametrize(("field", "expected"), [(None, "labels_noisy"), ("model.dropout", "underfitting")])
def test_a_network_better_on_validation_without_a_reason_tells_of_wrong_training_labels(
    rows, start, line, field, expected
):
    check = {"check": CHECK | {"across_half": 0.9}}
    probe = {"training": {"loss": 0.9, "accuracy": 0.7}, "validation": {"loss": 0.4, "accuracy": 0.9}}
    history = rows([1.2] * 5, [0.6] * 5, 0.7, 0.88)
    found = diagnose(
        "finished", "", history, [start(check), *(line(e, **probe) for e in range(1, 6))], 10, {field: 0.2}
    )
    assert found[0]["code"] == expected and found[0]["case"] in ("network", "dropout")


@pytest.mark.parametrize(("val_accuracy", "images", "expected"), [(0.85, 200, ["overfitting"]), (0.85, 20, [])])
def test_a_gap_counts_in_full_unless_chance_may_make_it(rows, start, line, val_accuracy, images, expected, codes):
    facts = {"images": {"training": 24, "validation": images}, "check": None}
    history = rows([2.0, 0.5, 0.01], [2.0, 0.5, 1.0], 1.0, val_accuracy)
    assert codes(history, [start(facts), line(3)]) == expected


def test_a_network_whose_output_is_one_for_all_says_nothing_of_the_labels(stuck, start, line, codes):
    check = {"check": CHECK | {"within": 0.11, "across": 0.09, "renamed": 0.15}}
    signals = [start(check, gradient={"conv1": 1e-6, "fc1": 1e-5}), line(2, spread=1e-6)]
    assert codes(stuck, signals) == ["signal_lost"]
