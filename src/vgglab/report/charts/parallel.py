"""Settings and what came of them, side by side: an axis each, a line a trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vgglab.diagnosis.reading import written
from vgglab.report.blocks import Path, Picture, Words
from vgglab.report.charts.axes import Frame, Scale, cut
from vgglab.report.language import Language

BETWEEN = 116  # units from an axis to the next


@dataclass(frozen=True)
class Axis:
    """An upright axis; `kind` is that of a setting: `log`, `uniform`, `int` or `choice`.

    Attributes:
        name: written below it.
        kind: how values are placed.
        values: the ends of a range, or the choices from below.
        percent: whether values are shares.
    """

    name: str
    kind: str
    values: Sequence[Any]
    percent: bool = False

    def scale(self, frame: Frame) -> Scale:
        """Where values are."""
        if self.kind == "choice":
            return frame.up(0, max(len(self.values) - 1, 1))
        return frame.up(*self.values, log=self.kind == "log")

    def place(self, value: Any, frame: Frame) -> float:
        """How high a value is; of a choice by its order, and what is not known at the foot."""
        if self.kind == "choice":
            value = self.values.index(value) if value in self.values else 0
        return self.scale(frame).place(self.values[0] if value is None else value)

    def ticks(self, frame: Frame, say: Language) -> list[tuple[float, Any]]:
        """Heights and what is written there."""
        if self.kind == "choice":
            return [(self.place(value, frame), cut(written(value))) for value in self.values]
        scale = self.scale(frame)
        put = (lambda value: say.percent(value, 0)) if self.percent else say.short
        return [(scale.place(tick), put(tick)) for tick in scale.ticks(whole=self.kind == "int")]


@dataclass(frozen=True)
class Line:
    """A trial: its name, its value on each axis, and the classes of its line."""

    name: str
    values: Sequence[Any]
    css: str


def parallel_chart(axes: Sequence[Axis], lines: Sequence[Line], title: Any, description: Any, say: Language) -> Picture:
    """An axis a setting, the last for the figure; later lines lie above earlier ones."""
    frame = Frame(width=60 + BETWEEN * (len(axes) - 1) + 60, height=250, left=60, right=60, top=14, bottom=30)
    across = [frame.left + BETWEEN * order for order in range(len(axes))]
    shapes: list[Any] = [Path(f"M{at:g} {frame.top}V{frame.height - frame.bottom}", "axis") for at in across]
    for line in lines:
        corners = [(at, axis.place(value, frame)) for at, axis, value in zip(across, axes, line.values, strict=True)]
        shapes.append(Path("M" + "L".join(f"{at:g} {height:g}" for at, height in corners), line.css, line.name))
    for at, axis in zip(across, axes, strict=True):  # what is written lies above the lines that cross it
        beside, anchor = (5, "start") if axis is axes[-1] else (-5, "end")
        ticks = axis.ticks(frame, say)
        shapes += [Words(at + beside, height + 4, text, "tick crossed", anchor) for height, text in ticks]
        shapes.append(Words(at, frame.height - 10, cut(axis.name), "name", "middle"))
    return Picture(title, description, frame.width, frame.height, shapes, "wide" if frame.width > 500 else "")
