"""What the losses of a run say by themselves: overfitting, jumps, statistics that lag, training too short."""

import math

import pytest

from vgglab.diagnosis.findings import diagnose

CHANCE = math.log(10)
SMALL = {"conv1": 0.002, "fc1": 0.01}


def test_a_validation_loss_that_rises_while_training_falls_is_overfitting(rows):
    (found,) = diagnose("finished", "", rows([2.0, 1.0, 0.3, 0.1], [2.0, 1.2, 1.4, 1.6], 0.99, 0.7), [], 10)
    assert found["code"] == "overfitting" and found["epoch"] == 2
    assert found["evidence"]["gap_accuracy"]["value"] == 0.29 and found["try"] == {"model.dropout": 0.2}


def test_a_rise_in_the_last_epoch_alone_may_be_a_jump(rows, codes):
    assert codes(rows([2.0, 1.0, 0.9], [2.0, 1.0, 1.4], 0.8, 0.68), []) == []
    assert codes(rows([2.0, 1.0, 0.95, 0.9], [2.0, 1.0, 1.3, 1.4], 0.8, 0.68), []) == ["overfitting"]


def test_dropout_that_is_there_already_is_not_suggested(rows):
    history, config = rows([2.0, 1.0, 0.1], [2.0, 1.2, 1.6], 0.99, 0.7), {"model.dropout": 0.2}
    assert diagnose("finished", "", history, [], 10, config)[0]["try"] == {"augment.crop": 4}


@pytest.mark.parametrize(("optimizer", "decay"), [("sgd", 0.005), ("adam", 0.05)])
def test_with_dropout_and_varied_images_weight_decay_is_next_then_fewer_epochs(rows, optimizer, decay):
    history = rows([2.0, 1.0, 0.3, 0.1], [2.0, 1.2, 1.4, 1.6], 0.99, 0.7)
    config = {"model.dropout": 0.2, "augment.crop": 4, "train.optimizer": optimizer}
    assert diagnose("finished", "", history, [], 10, config)[0]["try"] == {"train.weight_decay": decay}
    decayed = diagnose("finished", "", history, [], 10, config | {"train.weight_decay": decay})
    assert decayed[0]["try"] == {"train.epochs": 2}


def test_a_rise_of_the_validation_loss_that_costs_no_accuracy_is_none(rows, codes):
    assert codes(rows([2.0, 0.1, 0.01], [2.0, 0.12, 0.15], 1.0, 0.97), []) == []


@pytest.mark.parametrize(
    ("val_losses", "expected"),
    [
        ([2.0, 1.0, 1.5, 1.0], ["validation_unsettled"]),
        ([2.0, 1.0, 1.2, 0.8], []),
        ([2.0, 1.0, 1.0, 1.5], []),
        ([0.3, 0.1, 0.3, 0.1], []),
    ],
)
def test_a_fall_counts_as_a_jump_only_after_a_rise_worth_the_name(rows, val_losses, expected):
    found = [one["code"] for one in diagnose("finished", "", rows([2.0, 0.9, 0.5, 0.4], val_losses), [], 10)]
    assert [code for code in found if code == "validation_unsettled"] == expected


def test_moving_statistics_that_misjudge_training_images_are_young_or_lag(rows, line, codes):
    history = rows([1.0, 0.1], [2.3, 2.2], 0.99, 0.3)
    for share, case in ((0.16, ""), (0.0, "lagging")):
        signals = [line(), line(2, initial_statistics=share, training={"loss": 2.1, "accuracy": 0.3})]
        (found,) = diagnose("finished", "", history, signals, 10)
        assert (found["code"], found["case"]) == ("statistics_unsettled", case)
        assert found["try"] == {"train.settle_batch_norm": True}
        assert "statistics_unsettled" not in codes(history, signals, config=found["try"])


def test_moving_statistics_that_judge_training_images_well_are_not_blamed(rows, line, codes):
    signals = [line(2, initial_statistics=0.16, training={"loss": 0.1, "accuracy": 0.99})]
    assert codes(rows([1.0, 0.1], [2.3, 2.4], 0.99, 0.2), signals) == ["overfitting"]


def test_a_loss_that_still_falls_is_a_training_too_short_and_a_flat_one_underfits(rows, line, codes):
    assert codes(rows([2.2, 2.0, 1.8], accuracy=0.4), [line(3)]) == ["training_too_short"]
    assert codes(rows([1.5, 1.49, 1.49, 1.49], accuracy=0.4), [line(4)]) == ["underfitting"]


@pytest.mark.parametrize(("gradient", "still", "case"), [(1e-5, 4, "late"), (1e-5, 2, ""), (0.1, 4, "")])
def test_a_late_start_is_told_where_the_gradient_was_weak(rows, start, line, gradient, still, case):
    history = rows([CHANCE] * still + [2.1, 1.9, 1.7, 1.5, 1.3], accuracy=0.4, val_accuracy=0.4)
    signals = [start(gradient={"conv1": gradient, "fc1": gradient}), line(len(history))]
    (found,) = diagnose("finished", "", history, signals, 10, {"model.batch_norm": False})
    assert (found["code"], found["case"], found["values"]["still"]) == ("training_too_short", case, still)
    assert found["try"] == ({"model.batch_norm": True} if case else {"train.epochs": 3 * len(history)})


@pytest.mark.parametrize(("moved", "expected"), [(1e-3, ["learning_rate_too_small"]), (0.1, ["training_too_short"])])
def test_steps_that_were_tiny_at_first_and_grew_are_no_rate_too_small(rows, start, line, moved, expected, codes):
    first = line(first_update={"fc1": 1e-6}, step_update={"2": {"fc1": 1e-6}}, step_loss=[CHANCE] * 500)
    signals = [start(), first, line(4, update={"fc1": moved})]
    assert codes(rows([CHANCE, 2.1, 1.9, 1.7], accuracy=0.4, val_accuracy=0.4), signals)[:1] == expected


def test_dropout_that_training_cannot_learn_against_is_named(rows, line):
    signals = [line(4, training={"loss": 0.9, "accuracy": 0.7})]
    found = diagnose("finished", "", rows([1.5] * 4, accuracy=0.4), signals, 10, {"model.dropout": 0.8})[0]
    assert (found["code"], found["case"], found["try"]) == ("underfitting", "dropout", {"model.dropout": 0.0})


def test_a_healthy_run_says_so_and_why(rows, start, line):
    signals = [start(), line(first_update=SMALL, step_update={"2": SMALL})]
    found = diagnose("finished", "", rows([0.5, 0.1, 0.1, 0.1, 0.1]), signals, 10)
    assert [one["code"] for one in found] == ["learned"] and found[0]["severity"] == "info"
    assert found[0]["evidence"]["typical_update"]["value"] == pytest.approx(0.006)


def test_without_validation_nothing_is_said_of_it(rows):
    (found,) = diagnose("finished", "", rows([2.0, 0.5], [None, None], val_accuracy=None), [], 10)
    assert (found["code"], found["case"]) == ("learned", "unvalidated")
