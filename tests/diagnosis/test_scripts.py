"""Trainings of anybody's script: scales, weights, units, batches, rates, real numbers; silence where none can tell."""

import json
import string

import pytest

from vgglab.diagnosis.catalog import TEXTS, TEXTS_IN_KERAS, text_of
from vgglab.diagnosis.findings import Evidence, findings_of
from vgglab.diagnosis.reading import LANGUAGES, describe, finding_text

REGRESSION = {"kind": "regression", "form": "values", "classes": None, "guess_loss": 1.0}
REGRESSION |= {"least": -2.0, "largest": 2.0, "mean": 0.0, "deviation": 1.0}
BINARY = {"kind": "binary", "form": "column", "classes": 2, "guess_loss": 0.69, "mean": 0.5, "least": 0, "largest": 1}
CLASSES = {"kind": "classes", "form": "numbers", "classes": 3, "guess_loss": 1.1, "least": 0, "largest": 2}
OF_IMAGES = ("images_constant", "validation_unlike_training")  # what is known of images alone
LOSSES = {"regression": ("mean_squared_error", "linear"), "binary": ("binary_crossentropy", "sigmoid")}
LOSSES["labels"] = LOSSES["binary"]
LOSSES["classes"] = ("sparse_categorical_crossentropy", "softmax")
COLUMNS = {"count": 4, "least": -2.0, "largest": 2.0, "least_deviation": 0.5, "largest_deviation": 1.0, "constant": 0}


def layer(name, activation="relu", deviation=0.3, shape=(8, 8), **more) -> dict:
    """A dense layer as it is recorded."""
    found = {"name": name, "kind": "Dense", "trainable": True, "activation": activation, "shape": list(shape)}
    return found | {"fan_in": shape[0], "kernel_deviation": deviation} | more


def watched(
    task, losses, val_losses=None, layers=None, model=(), line=(), last=(), optimizer="adam", rate=0.001, **start
):
    """The findings about a watched training with these losses; healthy but for what is given."""
    (loss, activation), count = LOSSES[task["kind"]], {"classes": 3, "labels": 5}.get(task["kind"], 1)
    layers = layers or [layer("one"), layer("two", activation, shape=(8, count))]
    network = {"layers": layers, "trainable": 100, "optimizer": optimizer, "loss": loss, "from_logits": False}
    network |= {"softmaxes": 0, "outputs": count, "activation": activation, "metrics": []} | dict(model)
    probe = {"dead": {"one": 0.1}, "spread": 0.2, "classes_predicted": 3, "outputs": {"between": 0.5}}
    first = {"epoch": 0, "task": task, "model": network, "columns": COLUMNS, "gradient": {"one": 0.1, "two": 0.1}}
    first |= {"data": {"images": {"training": 600, "validation": 200}}, "batch": {"size": 32}, "steps": {"steps": 50}}
    accuracy = None if task["kind"] == "regression" else 0.8
    rows = [{"epoch": n, "loss": loss, "accuracy": accuracy} for n, loss in enumerate(losses, 1)]
    rows = [row | {"val_accuracy": accuracy, "learning_rate": rate, "seconds": 1.0} for row in rows]
    rows = [row | {"val_loss": held} for row, held in zip(rows, val_losses or losses, strict=True)]
    steps = {
        "first_update": {"one": 0.01, "two": 0.01},
        "step_loss": [losses[0]] * 50,
        "update": {"one": 0.1, "two": 0.1},
    }
    lines = [first | probe | start, *({"epoch": row["epoch"]} | probe for row in rows)]
    lines[1] |= steps | dict(line)
    lines[-1] |= dict(last)
    found = findings_of(Evidence("finished", "", rows, lines, task["classes"] or 0, {}, {}, True))
    json.dumps(found, allow_nan=False)
    return found


def codes(*given, **options) -> list[str]:
    """`code.case` of what is more than a remark."""
    found = [one for one in watched(*given, **options) if one["severity"] != "info"]
    return [f"{one['code']}.{one['case']}".rstrip(".") for one in found]


GOOD, STUCK, HALF = [0.8, 0.4, 0.2, 0.1, 0.05], [1.0] * 12, [0.6, 0.46, 0.45, 0.45, 0.45]


@pytest.mark.parametrize("task", [REGRESSION, BINARY, CLASSES], ids=lambda task: task["kind"])
def test_a_training_that_learned_is_told_so_and_not_warned_of(task):
    found = watched(task, GOOD)
    assert found[0]["code"] == "learned" and {(one["severity"], one["keras"]) for one in found} == {("info", True)}


def test_what_is_said_speaks_of_no_image_and_tries_what_keras_knows(tmp_path):
    found = watched(REGRESSION, STUCK, line={"first_update": {"one": 1e-6}}, rate=1e-6)
    assert found[0]["code"] == "learning_rate_too_small" and found[0]["try"] == {"learning_rate": 0.001}
    text = finding_text(found[0], tmp_path, "en")
    assert "set: learning_rate=0.001" in text and "`learning_rate` of the optimizer" in text
    for language in LANGUAGES:
        assert "image" not in json.dumps(describe(found[0], language))


@pytest.mark.parametrize(
    ("optimizer", "rate", "tried"),
    [
        ("adadelta", 0.001, 1.0),
        ("adam", 1e-6, 0.001),
        ("lion", 1e-7, 0.0001),
        ("sgd", 1e-6, 0.001),
        ("ftrl", 1e-5, 0.1),
    ],
)
def test_a_rate_to_try_is_in_the_scale_of_the_optimizer(optimizer, rate, tried):
    tiny = {"first_update": {"one": 2e-6}, "step_update": {"2": {"one": 2e-6}}}
    (found,) = watched(CLASSES, [1.1] * 3, line=tiny, optimizer=optimizer, rate=rate)
    assert (found["code"], found["try"]) == ("learning_rate_too_small", {"learning_rate": tried})


RESET = {"first_update": {"one": 1.0, "two": 1.0}, "step_update": {"2": {"one": 0.002, "two": 0.002}}}


@pytest.mark.parametrize(
    ("optimizer", "left", "found"),
    [
        ("ftrl", 0.01, ["learning_rate_too_small"]),
        ("schedulefreeadamw", 0.01, ["learning_rate_too_small"]),
        ("ftrl", 5.0, ["not_learned_yet"]),
        ("adam", 0.01, ["learning_rate_too_large.adaptive"]),
    ],
)
def test_a_first_step_that_resets_the_weights_at_any_rate_is_no_large_rate(optimizer, left, found):
    end = {"norm": {"one": left, "two": left}}
    begun = {"norm": {"one": 3.0, "two": 2.0}}
    assert codes(CLASSES, [1.1] * 3, line=RESET, last=end, optimizer=optimizer, rate=1e-3, **begun) == found


def test_after_a_first_step_that_says_nothing_a_tenth_of_a_large_rate_is_tried():
    grown = {"first_update": {"one": 1.0}, "step_update": {"2": {"one": 9.0, "two": 9.0}}}
    found = watched(CLASSES, [1.1] * 3, line=grown, last={"spread": 0.0}, optimizer="ftrl", rate=10.0)
    assert (found[0]["code"], found[0]["try"]) == ("learning_rate_too_large", {"learning_rate": 1.0})


def test_steps_that_shrink_and_in_sum_lead_nowhere_were_too_small():
    small = {"first_update": {"one": 4e-4}, "step_update": {"2": {"one": 4e-4}}, "update": {"one": 0.01}}
    (found,) = watched(CLASSES, [1.1, 1.09, 1.09], line=small, optimizer="adagrad", rate=1e-3)
    assert (found["code"], found["try"]) == ("learning_rate_too_small", {"learning_rate": 0.01})
    assert codes(CLASSES, [1.1, 1.09, 1.09], line=small | {"update": {"one": 0.2}}) == ["not_learned_yet"]


def test_columns_out_of_scale_come_before_what_follows_from_them():
    uneven = COLUMNS | {"largest": 9000.0, "largest_deviation": 3000.0}
    large = COLUMNS | {"largest": 900.0, "largest_deviation": 30.0}
    jumped = {"first_update": {"one": 3.0, "two": 3.0}}
    assert codes(BINARY, STUCK, columns=uneven, line=jumped, optimizer="sgd") == ["inputs_out_of_scale.uneven"]
    assert codes(BINARY, STUCK, columns=large, line=jumped, optimizer="sgd") == ["inputs_out_of_scale.columns"]
    assert codes(BINARY, GOOD, columns=uneven) == []


def test_columns_that_the_network_rescales_itself_are_fine():
    uneven = COLUMNS | {"largest": 9000.0, "largest_deviation": 3000.0}
    scaled = {"layer": "one", "channels": 4, "images": False, "least": -3.0, "largest": 3.0, "mean": 0.0}
    assert codes(BINARY, HALF, columns=uneven, input=scaled | {"deviation": 1.0, "between": 1.0}) == []


def test_two_causes_that_are_both_there_are_both_among_the_first():
    uneven = COLUMNS | {"largest": 9000.0, "largest_deviation": 3000.0}
    found = codes(BINARY, STUCK, columns=uneven, model={"activation": "relu"}, last={"saturated": {"one": 0.9}})
    assert found == ["activation_mismatch.unbounded", "inputs_out_of_scale.uneven", "saturated_units"]


@pytest.mark.parametrize(
    ("mean", "deviation", "expected"),
    [(0.0, 1.0, []), (200.0, 50.0, ["targets_out_of_scale"]), (0.001, 0.001, ["targets_out_of_scale.small"])],
)
def test_real_targets_far_from_one_are_out_of_scale(mean, deviation, expected):
    task = REGRESSION | {"mean": mean, "deviation": deviation, "least": mean - deviation, "largest": mean + deviation}
    outputs = {"outputs": {"least": -1.0, "largest": 1.0, "mean": 0.0, "deviation": 0.5, "between": 0.5}}
    found = codes(task | {"guess_loss": deviation**2}, [deviation**2] * 6, last=outputs, **outputs)
    assert [code for code in found if "scale" in code] == expected


@pytest.mark.parametrize(("scale", "expected"), [(1.0, []), (255.0, ["validation_unlike_training.scale"])])
def test_validation_data_in_another_scale_is_told(scale, expected):
    part = {"least": 0.0, "largest": 1.0, "mean": 0.5, "deviation": 0.3}
    parts = {"training": part, "validation": {name: scale * value for name, value in part.items()}}
    data = {"validation_scale": parts, "images": {"training": 600, "validation": 200}}
    assert codes(BINARY, HALF, [0.5, 0.9, 2.0, 5.0, 9.0] if expected else None, data=data) == expected


@pytest.mark.parametrize(("share", "start", "case"), [(0.9, 0.1, ""), (0.9, 0.9, "start"), (0.3, 0.3, None)])
def test_saturated_units_are_told_and_whether_they_began_so(share, start, case):
    layers = [layer("one", "tanh"), layer("two", "linear", shape=(8, 1))]
    found = watched(REGRESSION, STUCK, layers=layers, last={"saturated": {"one": share}}, saturated={"one": start})
    assert [one["case"] for one in found if one["code"] == "saturated_units"] == ([] if case is None else [case])


def test_a_last_layer_may_be_sure():
    assert "saturated_units" not in codes(BINARY, HALF, last={"saturated": {"two": 0.9}})


@pytest.mark.parametrize(
    ("deviation", "losses", "case"),
    [(0.3, STUCK, None), (20.0, STUCK, "large"), (0.001, STUCK, "small"), (0.0, STUCK, "alike"), (20.0, GOOD, None)],
)
def test_initial_weights_are_held_against_the_size_of_their_layer(deviation, losses, case):
    layers = [layer("one", deviation=deviation), layer("two", "linear", shape=(8, 1))]
    found = [one["case"] for one in watched(REGRESSION, losses, layers=layers) if one["code"] == "initial_weights"]
    assert found == ([] if case is None else [case])


def test_a_last_layer_may_begin_at_zero():
    layers = [layer("one"), layer("two", "linear", deviation=0.0, shape=(8, 1))]
    assert "initial_weights.alike" not in codes(REGRESSION, STUCK, layers=layers)


def test_a_row_of_sigmoid_layers_is_why_a_gradient_is_lost():
    layers = [layer(name, "sigmoid") for name in ("one", "two", "three", "four")]
    found = codes(CLASSES, [1.1] * 3, layers=layers, gradient={"one": 1e-6, "two": 1e-5}, last={"spread": 1e-6})
    assert found == ["signal_lost.squashed"]
    tiny = {"first_update": {"one": 1e-6}, "step_update": {"2": {"one": 1e-6}}}
    falling = {"one": 1e-4, "two": 1e-3, "three": 1e-2, "four": 0.1}
    assert codes(CLASSES, [1.1] * 3, layers=layers, gradient=falling, line=tiny) == ["signal_lost.squashed"]


@pytest.mark.parametrize(
    ("counts", "size", "mean", "expected"),
    [
        ([1] * 8, 32, 0.5, ["batches_of_one_class"]),
        ([2] * 8, 32, 0.5, []),
        ([1] * 8, 2, 0.5, []),
        ([1], 32, 0.5, []),
        ([1] * 8, 32, 0.005, []),
    ],
)
def test_batches_of_one_class_are_told_from_chance(counts, size, mean, expected):
    batch = {"size": size, "classes": counts, "one_class": counts.count(1) / len(counts)}
    assert codes(BINARY | {"mean": mean}, [0.7] * 6, batch=batch)[:1] == (expected or ["not_learned_yet"])


def test_a_class_that_may_be_most_of_the_data_is_reckoned_with():
    batch = {"size": 8, "classes": [1] * 8, "one_class": 1.0}
    assert codes(CLASSES, [1.1] * 6, batch=batch)[:1] == ["batches_of_one_class"]
    assert "batches_of_one_class" not in codes(CLASSES | {"guess_loss": 0.05}, [0.05] * 6, batch=batch)


@pytest.mark.parametrize(
    ("size", "case", "tried"), [(32, "steps", {"epochs"}), (512, "batch", {"batch_size", "epochs"})]
)
def test_a_few_steps_in_all_are_too_few(size, case, tried):
    (found,) = watched(BINARY, [0.7, 0.69], batch={"size": size}, steps={"steps": 2, "epochs": 2})
    assert (found["code"], found["case"], set(found["try"])) == ("training_too_short", case, tried)


def test_one_number_for_every_input_is_told():
    constant = {"outputs": {"between": 0.005}, "fit": {"training": 0.0}}
    assert codes(REGRESSION, STUCK, last=constant) == ["constant_outputs.quiet"]


def test_a_smooth_straight_fall_asks_for_larger_steps():
    straight = [1 - 0.01 * epoch for epoch in range(20)]
    (found,) = [one for one in watched(REGRESSION, straight) if one["severity"] != "info"]
    assert (found["code"], found["case"]) == ("learning_rate_too_small", "slow")
    far = REGRESSION | {"mean": 30.0, "deviation": 1.0}
    assert codes(far, straight) == ["targets_out_of_scale", "learning_rate_too_small.slow"]


@pytest.mark.parametrize(
    ("losses", "held_out", "expected"),
    [
        ([0.8, 0.3, 0.1, 0.02], [0.9, 0.6, 0.8, 1.0], ["overfitting"]),
        ([0.8, 0.3, 0.1, 0.02], [0.9, 0.5, 0.4, 0.4], ["overfitting.gap_losses"]),
        ([0.8, 0.3, 0.1, 0.1], [0.8, 0.3, 0.12, 0.13], []),
        (STUCK, STUCK, ["not_learned_yet"]),
        ([0.9, 0.8, 0.7, 0.6], None, ["training_too_short"]),
    ],
)
def test_the_course_of_a_regression_is_told_by_its_losses(losses, held_out, expected):
    assert codes(REGRESSION, losses, held_out) == expected


def test_of_several_classes_at_once_accuracy_says_nothing_of_guessing():
    several = BINARY | {"kind": "labels", "form": "several", "classes": 5}
    assert [(one["code"], one["case"]) for one in watched(several, GOOD)] == [("learned", "losses")]


def test_a_share_that_stays_unexplained_is_remarked_but_no_fault():
    found = watched(REGRESSION, [0.6, 0.5, 0.5, 0.5, 0.5])
    assert [(one["code"], one["case"], one["severity"]) for one in found] == [
        ("learned", "losses", "info"),
        ("underfitting", "losses", "info"),
    ]


def test_accuracy_of_a_regression_is_a_remark():
    found = watched(REGRESSION, GOOD, model={"metrics": ["accuracy"]})
    assert [one["code"] for one in found] == ["learned", "accuracy_of_regression"]


def test_what_guessing_costs_may_be_unknown_and_a_curve_then_says_what_it_can():
    unknown = REGRESSION | {"guess_loss": None}
    assert codes(unknown, GOOD) == [] and codes(unknown, STUCK) == ["not_learned_yet.flat"]
    assert codes(unknown, [0.8, 0.3, 0.1, 0.02], [0.9, 0.6, 0.8, 1.0]) == ["overfitting"]


def test_an_outlier_among_the_targets_makes_no_step_explode():
    far = REGRESSION | {"largest": 60.0}
    losses = {"step_loss": [1.0, 9.0, *[1.0] * 48]}
    assert "learning_rate_too_large.exploded" in codes(REGRESSION, [0.9, 0.8], line=losses)
    assert "learning_rate_too_large.exploded" not in codes(far, [0.9, 0.8], line=losses)


def test_a_layer_that_begins_at_zero_takes_no_large_step():
    line = {"first_update": {"one": 0.01, "two": 1e12}, "step_update": {"2": {"one": 0.01, "two": 0.01}}}
    assert codes(CLASSES, [1.1] * 6, line=line, norm={"one": 1.0, "two": 1.0}) == ["learning_rate_too_large.adaptive"]
    assert codes(CLASSES, [1.1] * 6, line=line, norm={"one": 1.0, "two": 0.0}) == ["not_learned_yet"]


def test_tiny_steps_that_came_to_rest_away_from_guessing_are_no_fault():
    tiny = {"first_update": {"one": 1e-5}, "step_update": {"2": {"one": 1e-5}}}
    assert codes(REGRESSION, [0.9, 0.7, 0.6, *[0.55] * 9], line=tiny) == []
    assert codes(REGRESSION, [0.9, 0.8, 0.7, 0.6], line=tiny) == ["learning_rate_too_small", "training_too_short"]


@pytest.mark.parametrize("key", TEXTS_IN_KERAS)
def test_words_of_keras_are_laid_over_texts_that_are_there_and_name_no_other_figures(key):
    own, base = TEXTS_IN_KERAS[key], text_of(*key.split("."))
    named, known = (
        {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
        for texts in ((own.sentence, own.why, own.keras), (base.sentence, base.why, base.advice))
    )
    assert key in TEXTS and named <= known
    assert key in OF_IMAGES or "image" not in text_of(*key.split("."), keras=True).sentence


@pytest.mark.parametrize(("majority", "found"), [(0.8, ["class_imbalance"]), (0.5, ["not_learned_yet"])])
def test_an_accuracy_that_the_most_frequent_class_alone_gives_is_told_by_it(majority, found):
    facts = {"images": {"training": 600, "validation": 200}, "counts": {"training": [480, 60, 60]}}
    stuck = CLASSES | {"guess_loss": 0.64}
    assert codes(stuck, [0.64] * 12, data=facts | {"majority": majority}) == found


@pytest.mark.parametrize("task", [REGRESSION, REGRESSION | {"guess_loss": None}], ids=["guessing known", "not known"])
def test_a_validation_loss_that_jumps_is_a_warning_where_its_lowest_was_luck(task):
    falls = [0.9, 0.5, 0.45, 0.42, 0.4]
    assert codes(task, falls, [0.9, 0.5, 0.9, 0.3, 0.9]) == ["validation_unsettled"]
    kept = next(
        one for one in watched(task, falls, [0.9, 0.5, 0.9, 0.5, 0.49]) if one["code"] == "validation_unsettled"
    )
    assert (kept["severity"], kept["case"], kept["epoch"]) == ("info", "kept", 3)
    assert "validation_unsettled" not in codes(task, falls, [0.9, 0.5, 0.55, 0.5, 0.49])
