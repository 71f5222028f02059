"""Accuracy against what it cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vgglab.report.blocks import Dot, Path, Picture
from vgglab.report.charts.axes import End, Frame, name_ends, name_room, style
from vgglab.report.language import Language


@dataclass(frozen=True)
class Spent:
    """A run's accuracy (0 to 1), its 95 % interval if it has one, and what it cost."""

    name: str
    order: int
    accuracy: float
    interval: tuple[float, float] | None
    cost: float


def cost_chart(spent: Sequence[Spent], title: Any, unit: Any, say: Language) -> Picture:
    """A point a run: accuracy upwards, cost to the right on a logarithmic scale."""
    names = [run.name for run in spent]
    frame = Frame(height=max(220, 60 + 14 * len(names)), right=name_room(names))
    costs = [run.cost for run in spent]
    x = frame.across(min(costs) / 1.3, max(costs) * 1.3, log=True)
    y = frame.up(0, min(1.0, max(max(run.interval or (0, run.accuracy)) for run in spent) * 1.05 or 1.0))
    shapes: list[Any] = frame.grid(
        x,
        y,
        [(tick, say.magnitude(tick)) for tick in few(x.ticks())],
        [(tick, say.percent(tick, 0)) for tick in y.ticks()],
    )
    ends = []
    for run in spent:
        at, height, css = x.place(run.cost), y.place(run.accuracy), style(run.order)
        if run.interval:
            low, high = (y.place(limit) for limit in run.interval)
            shapes.append(Path(f"M{at:g} {low:g}V{high:g}", f"whisker {css}"))
        shapes.append(Dot(at, height, f"spot {css}", 4, run.name))
        ends.append(End(at, height, run.name, css))
    shapes += name_ends(ends, frame)
    told = [
        say("{run}: {value} for {cost}", run=r.name, value=say.percent(r.accuracy), cost=say.short(r.cost))
        for r in spent
    ]
    return Picture(title, say.list(told), frame.width, frame.height, [*shapes, frame.name_x(unit)])


def few(ticks: list[float]) -> list[float]:
    """At most five of the ticks."""
    return ticks[:: max(1, math.ceil(len(ticks) / 5))]
