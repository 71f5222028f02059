"""A diagnosis says what the numbers say, once, and holds them as evidence."""

import json
import math

import pytest

from vgglab.diagnosis.findings import diagnose

KEYS = {"code", "severity", "sentence", "evidence", "why", "source", "try"}
CHANCE = math.log(10)
LARGE, SMALL = {"conv1": 0.3, "fc1": 4.0, "fc2": None}, {"conv1": 0.002, "fc1": 0.01}


def rows(losses, val_losses=None, accuracy=0.9, val_accuracy=0.8) -> list[dict]:
    pairs = zip(losses, val_losses or losses, strict=True)
    return [
        {"epoch": epoch, "loss": loss, "accuracy": accuracy, "val_loss": val_loss, "val_accuracy": val_accuracy}
        for epoch, (loss, val_loss) in enumerate(pairs, 1)
    ]


def line(epoch=1, spread: float | None = 1e-9, **more) -> dict:
    dead = {"conv1_relu": 0.1, "fc1_relu": 0.98}
    return {"epoch": epoch, "dead": dead, "classes_predicted": 1, "entropy": 2.3, "spread": spread, **more}


STUCK = rows([CHANCE, CHANCE])
CASES = {
    "diverged": ("diverged", "the loss is nan in epoch 2", rows([2.3]), [line(first_update=LARGE)]),
    "learning_rate_too_large": ("finished", "", STUCK, [line(first_update=LARGE), line(2)]),
    "signal_lost": ("finished", "", STUCK, [line(first_update=SMALL), line(2)]),
    "not_learned_yet": ("finished", "", STUCK, [line(first_update=SMALL), line(2, spread=0.02)]),
    "statistics_unsettled": ("finished", "", rows([1.0, 0.1], [2.3, 2.2]), [line(), line(2, initial_statistics=0.16)]),
    "validation_at_chance": ("finished", "", rows([1.0, 0.1], [2.3, 2.4]), [line()]),
    "validation_unsettled": ("finished", "", rows([2.0, 1.0, 0.5, 0.4], [2.0, 1.0, 4.0, 1.0]), []),
    "overfitting": ("finished", "", rows([2.0, 1.0, 0.1], [2.0, 1.2, 1.6]), [line(first_update=SMALL)]),
    "learned": ("finished", "", rows([2.0, 1.0, 0.5], [2.0, 1.2, 1.1]), [line(first_update=SMALL)]),
}


def find(status, message, history, signals, classes=10) -> dict:
    """The one finding: two would contradict each other."""
    (finding,) = diagnose(status, message, history, signals, classes)
    return finding


@pytest.mark.parametrize("code", CASES)
def test_each_case_has_its_one_finding_with_every_key(code):
    finding = find(*CASES[code])
    assert finding["code"] == code and finding.keys() == KEYS
    assert finding["severity"] in ("error", "warning", "info") and finding["sentence"].endswith(".")
    json.dumps(finding, allow_nan=False)


@pytest.mark.parametrize(
    "code",
    [
        "diverged",
        "learning_rate_too_large",
        "signal_lost",
        "statistics_unsettled",
        "validation_unsettled",
        "overfitting",
    ],
)
def test_a_finding_that_names_a_cause_says_why_and_what_to_try(code):
    finding = find(*CASES[code])
    assert finding["why"] and finding["source"] and finding["try"]


def test_divergence_repeats_the_reason_and_shows_the_largest_first_update():
    finding = find(*CASES["diverged"])
    assert "the loss is nan in epoch 2" in finding["sentence"]
    assert finding["evidence"] == {"layer": "fc1", "first_update": 4.0}


def test_a_first_step_of_adam_that_replaces_the_weights_is_the_learning_rate():
    finding = find(*CASES["learning_rate_too_large"])
    assert "its first step changed fc1 by 400 % of its norm" in finding["sentence"]
    assert finding["evidence"] == {
        "layer": "fc1",
        "first_update": 4.0,
        "loss": CHANCE,
        "chance_loss": 2.3026,
        "mostly_dead_layers": {"fc1_relu": 0.98},
        "classes_predicted": 1,
        "spread": 1e-9,
    }


@pytest.mark.parametrize("code", ["signal_lost", "not_learned_yet"])
def test_evidence_at_chance_holds_updates_loss_and_predictions(code):
    status, message, history, signals = CASES[code]
    evidence = find(status, message, history, signals)["evidence"]
    assert (evidence["layer"], evidence["first_update"]) == ("fc1", 0.01)
    assert (evidence["loss"], evidence["chance_loss"]) == (CHANCE, 2.3026)
    assert (evidence["classes_predicted"], evidence["spread"]) == (1, signals[-1]["spread"])


def test_jumps_of_the_validation_loss_are_told_by_the_worst():
    finding = find(*CASES["validation_unsettled"])
    assert "once from 1.000 to 4.000" in finding["sentence"]
    assert finding["evidence"] == {"largest_rise": 3.0, "largest_fall": -0.75}


@pytest.mark.parametrize(
    ("val_losses", "code"),
    [
        ([2.0, 1.0, 1.3, 0.9], "validation_unsettled"),
        ([2.0, 1.0, 1.2, 0.8], "learned"),
        ([2.0, 1.0, 1.3, 1.0], "learned"),
        ([2.0, 1.0, 1.0, 1.3], "overfitting"),
        ([0.0, 1.0, 1.3, 0.9], "validation_unsettled"),
    ],
)
def test_a_fall_counts_as_a_jump_only_after_a_rise(val_losses, code):
    assert find("finished", "", rows([2.0, 0.9, 0.5, 0.4], val_losses), [])["code"] == code


def test_overfitting_names_the_epoch_and_the_losses():
    finding = find(*CASES["overfitting"])
    assert "Since epoch 2 " in finding["sentence"]
    assert "fell from 1.000 to 0.100, the validation loss rose from 1.200 to 1.600" in finding["sentence"]
    assert finding["evidence"] == {"since_epoch": 2, "gap_accuracy": 0.1}


def test_learning_is_told_against_chance():
    finding = find(*CASES["learned"])
    assert "training accuracy 0.900 against 0.100 by chance" in finding["sentence"]
    assert "the validation loss is within 10% of its lowest" in finding["sentence"]
    assert finding["evidence"] == {"loss": 0.5, "chance_loss": 2.3026}


def test_a_validation_loss_that_rose_with_the_training_loss_is_not_called_low():
    sentence = find("finished", "", rows([1.0, 0.5, 1.2], [1.0, 0.6, 1.3]), [])["sentence"]
    assert "learned" in sentence and "the validation loss is no longer within 10% of its lowest" in sentence


@pytest.mark.parametrize(("last", "code"), [(1.31, "learned"), (1.33, "overfitting")])
def test_overfitting_starts_at_a_tenth_over_the_lowest(last, code):
    assert find("finished", "", rows([2.0, 1.0, 0.1], [2.0, 1.2, last]), [])["code"] == code


@pytest.mark.parametrize(("loss", "code"), [(0.98 * CHANCE, "not_learned_yet"), (0.96 * CHANCE, "learned")])
def test_a_loss_just_below_chance_is_not_learning(loss, code):
    assert find("finished", "", rows([CHANCE, loss]), [])["code"] == code


@pytest.mark.parametrize(("classes", "code"), [(100, "learned"), (10, "not_learned_yet")])
def test_chance_depends_on_the_number_of_classes(classes, code):
    assert find("finished", "", rows([4.6, 2.4]), [], classes)["code"] == code


@pytest.mark.parametrize(("update", "code"), [(0.49, "signal_lost"), (0.51, "learning_rate_too_large")])
def test_an_update_is_large_from_half_the_norm(update, code):
    assert find("finished", "", STUCK, [line(first_update={"fc1": update})])["code"] == code


@pytest.mark.parametrize("code", CASES)
def test_without_signals_what_they_alone_show_is_not_claimed(code):
    status, message, history, _ = CASES[code]
    only_signals_show = {"learning_rate_too_large", "signal_lost"}
    expected = {"statistics_unsettled": "validation_at_chance"} | dict.fromkeys(only_signals_show, "not_learned_yet")
    assert find(status, message, history, [])["code"] == expected.get(code, code)


@pytest.mark.parametrize("code", CASES)
@pytest.mark.parametrize("missing", ["loss", "accuracy", "val_loss", "val_accuracy"])
def test_an_epoch_without_a_value_does_not_change_what_the_others_say(code, missing):
    status, message, history, signals = CASES[code]
    later = history[-1] | {"epoch": len(history) + 1, missing: None}
    assert find(status, message, [*history, later], signals)["code"] == code


def test_without_validation_nothing_is_said_of_it():
    finding = find("finished", "", rows([2.0, 0.5], [None, None], val_accuracy=None), [])
    assert finding["code"] == "learned" and "validation" not in finding["sentence"]


@pytest.mark.parametrize("status", ["finished", "interrupted", "failed"])
@pytest.mark.parametrize("history", [[], rows([None, None])])
def test_without_a_whole_epoch_there_is_nothing_to_find(status, history):
    assert diagnose(status, "", history, [line()], 10) == []


def test_updates_and_outputs_that_are_not_finite_are_passed_over():
    signals = [line(first_update={"fc1": None}), line(2, spread=None)]
    assert find("finished", "", STUCK, signals)["code"] == "not_learned_yet"
    assert find("diverged", "the loss is nan", [], [line(first_update={"fc1": None})])["evidence"] == {}


@pytest.mark.parametrize(("share", "val_loss", "code"), [(0.009, 2.2, "validation_at_chance"), (0.16, 1.1, "learned")])
def test_moving_statistics_are_blamed_only_while_they_are_young_and_validation_fails(share, val_loss, code):
    signals = [line(), line(2, initial_statistics=share)]
    assert find("finished", "", rows([1.0, 0.1], [2.3, val_loss]), signals)["code"] == code


def test_moving_statistics_are_named_with_their_share():
    assert "still hold 16% of their initial values" in find(*CASES["statistics_unsettled"])["sentence"]
