"""The frame of a chart: scales, ticks, names at line ends. Units are those of the picture, one a pixel on a phone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vgglab.report.blocks import Path, Words

LABEL_GAP = 13  # from one name to the next
LETTER = 7.1  # units that a letter needs, in a wide font
LONGEST_NAME = 18  # letters
TICKS = 5
STYLES = 6  # colours that can be told apart; after them they come again, dashed


@dataclass(frozen=True)
class Scale:
    """Values along an axis; `start` and `end` are places in the picture."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value is, rounded to a tenth."""
        low, high = (math.log(limit) if self.log else limit for limit in (self.low, self.high))
        value = math.log(max(value, self.low)) if self.log else value
        return round(self.start + (self.end - self.start) * (value - low) / ((high - low) or 1), 1)

    def ticks(self, whole: bool = False) -> list[float]:
        """Round values within the limits."""
        if self.log:
            return log_ticks(self.low, self.high)
        step = round_step((self.high - self.low) / TICKS)
        step = max(step, 1) if whole else step
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(count * step, 10) for count in range(first, last + 1)]


@dataclass(frozen=True)
class Frame:
    """The plotting area: a picture's size and its margins."""

    width: float = 360
    height: float = 220
    left: float = 44
    right: float = 76
    top: float = 12
    bottom: float = 34

    def across(self, low: float, high: float, log: bool = False) -> Scale:
        """The horizontal scale."""
        return Scale(low, high, self.left, self.width - self.right, log)

    def up(self, low: float, high: float, log: bool = False) -> Scale:
        """The vertical scale."""
        return Scale(low, high, self.height - self.bottom, self.top, log)

    def grid(self, x: Scale, y: Scale, x_ticks: Sequence[tuple[float, Any]], y_ticks: Sequence[tuple[float, Any]]):
        """Lines and names of the ticks; each tick is a value and its text."""
        right, bottom = self.width - self.right, self.height - self.bottom
        lines = "".join(f"M{self.left} {y.place(value)}H{right}" for value, _ in y_ticks)
        shapes = [Path(lines, "grid"), Path(f"M{self.left} {bottom}H{right}", "axis")]
        shapes += [Words(self.left - 5, y.place(value) + 4, text, "tick", "end") for value, text in y_ticks]
        shapes += [Words(x.place(value), bottom + 14, text, "tick", "middle") for value, text in x_ticks]
        return shapes

    def name_x(self, text: Any) -> Words:
        """The name of the horizontal axis."""
        return Words((self.left + self.width - self.right) / 2, self.height - 4, text, "tick", "middle")


def line(points: Sequence[tuple[float, float | None]], x: Scale, y: Scale) -> str:
    """Points as an SVG path; one without a value, or beyond the scale, leaves a gap."""
    parts, drawn = [], False
    for across, value in points:
        known = value is not None and math.isfinite(value) and y.low <= value <= y.high
        if known:
            parts.append(f"{'L' if drawn else 'M'}{x.place(across):g} {y.place(value):g}")
        drawn = known
    return "".join(parts)


def style(order: int) -> str:
    """Classes of the line of a series by its number: colour, then dashes."""
    return f"c{order % STYLES}" + (f" dash{min(order // STYLES, 2)}" if order >= STYLES else "")


@dataclass(frozen=True)
class End:
    """A line's end and the name to write beside it."""

    x: float
    y: float
    text: Any
    css: str


def name_ends(ends: Sequence[End], frame: Frame) -> list[Path | Words]:
    """Names right of the plot, moved apart where they would touch, each with a line that leads to what it names."""
    ends = sorted(ends, key=lambda end: end.y)
    heights = spread([end.y for end in ends], frame.top, frame.height - frame.bottom + 6)
    across = frame.width - frame.right + 16
    shapes: list[Path | Words] = []
    for end, height in zip(ends, heights, strict=True):
        bend = frame.width - frame.right + 2
        lead = f"M{end.x:g} {end.y:g}L{max(bend, end.x):g} {end.y:g}L{across - 3:g} {height:g}"
        shapes += [Path(lead, f"lead {end.css}"), Words(across, height + 4, cut(end.text), "name")]
    return shapes


def name_room(names: Sequence[Any]) -> float:
    """Space that names at line ends need."""
    return 20 + LETTER * max(min(len(name), LONGEST_NAME) for name in names)


def cut(name: Any) -> Any:
    """A name that fits: of a long one the beginning and the end, where names of runs differ."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[-half + 1 :]}"


def spread(heights: Sequence[float], top: float, bottom: float) -> list[float]:
    """Ascending heights, moved as little as keeps neighbours a gap apart, from `top` on."""
    blocks: list[list[float]] = []
    for height in heights:
        blocks.append([height])
        while len(blocks) > 1 and first_of(blocks[-1], top, bottom) < last_of(blocks[-2], top, bottom) + LABEL_GAP:
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    return [round(first_of(block, top, bottom) + i * LABEL_GAP, 1) for block in blocks for i in range(len(block))]


def first_of(block: Sequence[float], top: float, bottom: float) -> float:
    """Where the first name of a block goes."""
    size = LABEL_GAP * (len(block) - 1)
    return max(min(sum(block) / len(block) - size / 2, bottom - size), top)


def last_of(block: Sequence[float], top: float, bottom: float) -> float:
    """Where the last name of a block goes."""
    return first_of(block, top, bottom) + LABEL_GAP * (len(block) - 1)


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, ... that is at least so large."""
    if not least > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 of each power of ten, or the powers alone where there are many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if len(powers) <= 3 else (1,)
    return [factor * 10.0**power for power in powers for factor in factors if low <= factor * 10.0**power <= high]
