"""The curve of a learning-rate range test (Smith, 2015, arXiv 1506.01186), and the rate that it suggests. Pure.

`lr_range.json`:
    schema, optimizer, batch_size, steps    what was tested; `steps` were done of those planned
    rates, losses                           of each step: the learning rate, and the loss before the step was taken
    smoothed                                the losses smoothed, as the suggestion sees them
    start, chance                           loss before any step did anything, and that of guessing
    lowest, steepest                        `rate` and `loss` where the smoothed loss is lowest, and falls fastest
    exploded                                rate at which the loss ran away; None where it never did
    verdict                                 `rate`, `no_fall` (no rate lowers the loss), or `out_of_range` (no step was
                                            small enough: the loss ran away at once)
    suggested                               the rate to try; None without one

How the rate is suggested: a tenth of the rate where the smoothed loss is lowest, rounded to 1, 2 or 5 times a power of
ten. At the lowest point steps are already so large that they undo each other; a tenth is well before. The loss must
have fallen by more than its own noise, and by a fiftieth of where it began; else no rate is suggested.
"""

import math
from collections.abc import Sequence
from statistics import fmean, median, pstdev
from typing import Any

RANGE_FILE = "lr_range"  # .json, .svg, .png
LOWEST_RATE, HIGHEST_RATE = 1e-6, 10.0
STEPS = 140  # twenty a decade
MEMORY = 0.85  # of the smoothed loss, a step
RUNS_AWAY = 4.0  # times the lowest smoothed loss: a larger loss does not come back
LEAST_FALL = 0.02  # of the loss at the start
NOISE = 3.0  # deviations that a fall must exceed
SAFETY = 10.0  # the suggested rate is so many times smaller than that of the lowest loss
HEAD = 20  # steps at rates so small that they change nothing


def rates_of(steps: int = STEPS) -> list[float]:
    """The learning rate of each step: from LOWEST_RATE to HIGHEST_RATE, each the same factor above the one before."""
    factor = (HIGHEST_RATE / LOWEST_RATE) ** (1 / (steps - 1))
    return [LOWEST_RATE * factor**step for step in range(steps)]


def smooth(losses: Sequence[float], memory: float = MEMORY) -> list[float]:
    """The exponential moving average, corrected for its start."""
    average, smoothed = 0.0, []
    for number, loss in enumerate(losses, 1):
        average = memory * average + (1 - memory) * loss
        smoothed.append(average / (1 - memory**number))
    return smoothed


def ran_away(losses: Sequence[float], chance: float) -> bool:
    """Whether the loss has left for good: no number, or far above the lowest it was and above guessing."""
    if not math.isfinite(losses[-1]):
        return True
    smoothed = smooth(losses)
    return len(losses) > HEAD and smoothed[-1] > RUNS_AWAY * max(min(smoothed), chance / 4)


def read_range(losses: Sequence[float], chance: float) -> dict[str, Any]:
    """What a range test says, from the loss of each step.

    Args:
        losses: of the steps at `rates_of()`; may end early, where the loss ran away.
        chance: loss of guessing.
    """
    rates = rates_of()[: len(losses)]
    away = ran_away(losses, chance)
    finite = [loss for loss in losses if math.isfinite(loss)]
    smoothed = smooth(finite)
    told: dict[str, Any] = {
        "rates": [float(f"{rate:.4g}") for rate in rates],
        "losses": [float(f"{loss:.5g}") if math.isfinite(loss) else None for loss in losses],
        "smoothed": [float(f"{loss:.5g}") for loss in smoothed],
        "chance": round(chance, 5),
        "exploded": float(f"{rates[-1]:.3g}") if away else None,
        "start": None,
        "lowest": None,
        "steepest": None,
        "suggested": None,
    }
    if len(finite) <= HEAD:
        return told | {"verdict": "out_of_range"}
    start = median(finite[:HEAD])
    place = min(range(HEAD, len(smoothed)), key=smoothed.__getitem__)
    told["start"] = float(f"{start:.5g}")
    told["lowest"] = {"rate": told["rates"][place], "loss": told["smoothed"][place]}
    if start - smoothed[place] < max(LEAST_FALL * start, NOISE * noise_of(finite[:HEAD])):
        return told | {"verdict": "no_fall"}
    told["steepest"] = steepest(told, place)
    return told | {"verdict": "rate", "suggested": rounded(rates[place] / SAFETY)}


def range_text(tested: dict[str, Any]) -> str:
    """What the test says, for a person."""
    low, high = tested["rates"][0], tested["rates"][-1]
    end = (
        f"the loss ran away at {tested['exploded']:g}" if tested["exploded"] else f"up to {high:g} it did not run away"
    )
    if tested["verdict"] == "out_of_range":
        return f"no rate to suggest: {end}, before it could fall; the fault is another one than the rate"
    if tested["verdict"] == "no_fall":
        rates = f"from {low:g} to {high:g}"
        return f"no rate learns here: {rates} the loss never falls below its start, {tested['start']:g}; {end}"
    lowest, steepest = tested["lowest"], tested["steepest"]
    return (
        f"suggested learning rate: {tested['suggested']:g} (a tenth of where the loss is lowest)\n"
        f"the loss began at {tested['start']:g}, fell fastest at {steepest['rate']:.2g}, "
        f"was lowest, {lowest['loss']:.3g}, at {lowest['rate']:.2g}; {end}"
    )


def noise_of(losses: Sequence[float]) -> float:
    """Standard deviation of the smoothed loss where nothing changes, from that of the single losses."""
    return pstdev(losses) * math.sqrt((1 - MEMORY) / (1 + MEMORY))


def steepest(told: dict[str, Any], place: int) -> dict[str, float]:
    """Where the smoothed loss falls fastest by the logarithm of the rate, before its lowest point; over nine steps."""
    smoothed, half = told["smoothed"], 4
    middles = range(half, max(place - half, half) + 1)
    falls = {
        middle: fmean(smoothed[middle - half : middle]) - fmean(smoothed[middle : middle + half]) for middle in middles
    }
    best = max(falls, key=falls.__getitem__)
    return {"rate": told["rates"][best], "loss": smoothed[best]}


def rounded(rate: float) -> float:
    """The nearest of 1, 2 and 5 times a power of ten, by ratio."""
    power = math.floor(math.log10(rate))
    choices = [mantissa * 10.0**exponent for exponent in (power, power + 1) for mantissa in (1, 2, 5)]
    return float(f"{min(choices, key=lambda choice: abs(math.log(choice / rate))):.1g}")
