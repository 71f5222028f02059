"""What a range test says of a curve, and what findings make of it."""

import math

import pytest

from vgglab.diagnosis.findings import diagnose
from vgglab.diagnosis.rate_range import STEPS, ran_away, range_text, rates_of, read_range, rounded, smooth

CHANCE = math.log(10)


def curve(falls_at=None, lowest=0.5, explodes_at=None) -> list[float]:
    """Losses that begin at chance, fall to `lowest` within a decade, and run away from a rate on."""
    losses = []
    for number, rate in enumerate(rates_of()):
        share = 0.0 if falls_at is None else min(max(math.log10(rate / falls_at), 0.0), 1.0)
        loss = CHANCE - share * (CHANCE - lowest) + 0.01 * (-1) ** number
        losses.append(loss * 50 if explodes_at and rate > explodes_at else loss)
        if ran_away(losses, CHANCE):
            break
    return losses


def test_rates_rise_by_one_factor_a_step():
    rates = rates_of()
    assert len(rates) == STEPS and rates[0] == 1e-6 and rates[-1] == pytest.approx(10)
    assert rates[1] / rates[0] == pytest.approx(rates[-1] / rates[-2])


def test_smoothing_leaves_a_constant_as_it_is():
    assert smooth([2.0] * 5) == pytest.approx([2.0] * 5)


def test_the_suggested_rate_is_a_tenth_of_where_the_loss_is_lowest():
    told = read_range(curve(falls_at=0.01, explodes_at=0.5), CHANCE)
    assert told["verdict"] == "rate" and told["suggested"] in (0.02, 0.05)
    assert 0.01 < told["steepest"]["rate"] < told["lowest"]["rate"] <= 0.55
    assert told["exploded"] == pytest.approx(0.6, rel=0.3) and len(told["losses"]) < STEPS
    assert range_text(told).startswith(f"suggested learning rate: {told['suggested']:g}")


@pytest.mark.parametrize("losses", [curve(), curve(explodes_at=0.1), curve(falls_at=1e-3, lowest=CHANCE - 0.01)])
def test_where_no_rate_lowers_the_loss_none_is_suggested(losses):
    told = read_range(losses, CHANCE)
    assert (told["verdict"], told["suggested"]) == ("no_fall", None)
    assert "no rate learns here" in range_text(told)


def test_a_loss_that_is_no_number_from_the_start_leaves_nothing_to_suggest():
    told = read_range([CHANCE, math.nan], CHANCE)
    assert told["verdict"] == "out_of_range" and told["losses"][1] is None
    assert "no rate to suggest" in range_text(told)


def test_a_curve_that_never_runs_away_is_told_so():
    told = read_range(curve(falls_at=0.01), CHANCE)
    assert told["exploded"] is None and "did not run away" in range_text(told)


@pytest.mark.parametrize(("rate", "expected"), [(0.0031, 0.002), (0.0035, 0.005), (0.08, 0.1), (1.3e-5, 1e-5)])
def test_a_rate_is_rounded_to_one_two_or_five(rate, expected):
    assert rounded(rate) == expected


@pytest.mark.parametrize(("suggested", "tried"), [(0.005, 0.005), (None, 0.001), (0.5, 0.001)])
def test_a_rate_too_large_cites_the_range_test_and_tries_its_rate(rows, line, suggested, tried):
    signals = [line(first_update={"conv1": 3.4}), line(2, spread=1e-9)]
    tested = {"verdict": "rate" if suggested else "no_fall", "suggested": suggested}
    config = {"train.learning_rate": 0.1}
    history = rows([CHANCE, CHANCE], accuracy=0.1, val_accuracy=0.1)
    found = diagnose("finished", "", history, signals, 10, config, tested)[0]
    assert found["range"] == tested and found["try"] == {"train.learning_rate": tried}


def test_a_rate_too_small_tries_the_suggested_one(rows, start, line):
    signals = [start(), line(first_update={"fc1": 1e-6}, step_update={"2": {"fc1": 1e-6}})]
    told = ("finished", "", rows([CHANCE] * 2, accuracy=0.1, val_accuracy=0.1), signals, 10)
    found = diagnose(*told, {"train.learning_rate": 1e-5}, {"verdict": "rate", "suggested": 0.02})[0]
    assert (found["code"], found["try"]) == ("learning_rate_too_small", {"train.learning_rate": 0.02})
