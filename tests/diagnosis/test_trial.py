"""What is tried, for how long, and what counts as confirmed."""

import math

import pytest

from vgglab.config.resolve import from_options, make_config
from vgglab.config.schema import flatten
from vgglab.diagnosis.findings.evidence import finding
from vgglab.diagnosis.trial import BUDGET, TRAINING_COST, judge, plan_trial

CHANCE = math.log(10)


def config(**options):
    return make_config({"name": "a"}, from_options({"epochs": 20, **options}))


def rate(code="learning_rate_too_large", epoch=1, **fix):
    return finding(code, "error", {}, fix or {"train.learning_rate": 0.001}, epoch=epoch)


def differing(trial) -> dict:
    before, after = flatten(trial.before), flatten(trial.after)
    return {field: after[field] for field in after if after[field] != before[field]}


def test_the_two_trainings_differ_in_what_is_tried_alone():
    trial = plan_trial(config(), rate(), 1000, 10**6)
    assert differing(trial) == {"train.learning_rate": 0.001}
    assert trial.before.train.epochs == 5 and trial.images == 1000 and trial.before.data.limit is None


@pytest.mark.parametrize(("options", "recorded"), [({}, 5), ({"schedule": "cosine"}, 0), ({"epochs": 3}, 3)])
def test_the_own_history_tells_what_a_rate_that_does_not_depend_on_the_length_would_do(options, recorded):
    assert plan_trial(config(**options), rate(), 1000, 10**6).recorded == recorded


def test_a_fault_that_shows_late_is_trained_up_to_there():
    assert plan_trial(config(), rate("diverged", epoch=12), 1000, 10**6).before.train.epochs == 12
    assert plan_trial(config(), rate("overfitting", epoch=3), 1000, 10**6).before.train.epochs == 20


def test_a_budget_cuts_images_first_and_then_epochs():
    costly = plan_trial(config(), rate(), 10_000, 10**9)
    assert costly.images == int(BUDGET / TRAINING_COST / 10**9) // 5 == costly.before.data.limit
    very = plan_trial(config(), rate(), 10_000, 10**10)
    assert (very.images, very.before.train.epochs, very.recorded) == (200, 2, 0)


def test_a_head_on_kept_features_is_trained_whole_whatever_the_backbone_costs():
    trial = plan_trial(config(weights="builtin"), rate(), 10_000, 10**10)
    assert trial.images == 10_000 and trial.before.train.epochs == 5
    varied = plan_trial(config(weights="builtin"), rate(**{"augment.crop": 4}), 10_000, 10**10)
    assert varied.images == 200 == varied.after.data.limit


def test_more_epochs_are_tried_as_more_epochs():
    trial = plan_trial(config(), rate("training_too_short", **{"train.epochs": 60}), 1000, 10**6)
    assert (trial.before.train.epochs, trial.after.train.epochs) == (20, 60)


def test_phases_keep_their_shares():
    phases = [{"epochs": 4, "freeze": "all"}, {"epochs": 16, "learning_rate": 0.1}]
    trial = plan_trial(make_config({"train": {"phases": phases}}), rate(**{"model.dropout": 0.2}), 1000, 10**6)
    assert [phase.epochs for phase in trial.before.train.phases] == [1, 4] and trial.recorded == 0


def rows(losses, val_losses=None, gap=0.0):
    pairs = zip(losses, val_losses or losses, strict=True)
    return [{"loss": loss, "val_loss": val, "accuracy": 0.9, "val_accuracy": 0.9 - gap} for loss, val in pairs]


@pytest.mark.parametrize(
    ("code", "before", "after", "confirmed"),
    [
        ("signal_lost", rows([2.3]), rows([2.0]), True),
        ("signal_lost", rows([2.3]), rows([2.2]), False),
        ("diverged", [], rows([2.0]), True),
        ("diverged", [], rows([2.3]), False),
        ("diverged", [], [], False),
        ("learning_rate_too_large", rows([9.0]), rows([2.3]), False),
        ("overfitting", rows([0.1] * 4, [1, 1, 2, 2]), rows([0.1] * 4, [1, 1, 1.9, 1.6]), True),
        ("overfitting", rows([0.1], [1.0]), rows([0.1], [0.95]), False),
        ("overfitting", rows([0.1], [1.0], 0.3), rows([0.1], [0.95], 0.15), True),
        ("validation_unsettled", rows([0.1], [1.0], 0.3), rows([0.1], [0.95], 0.15), False),
    ],
)
def test_a_suggestion_is_confirmed_by_the_loss_that_it_should_lower(code, before, after, confirmed):
    assert judge(rate(code), before, after, CHANCE)["confirmed"] is confirmed
