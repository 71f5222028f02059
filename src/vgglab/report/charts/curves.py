"""Learning curves: of one run, with its phases, best epoch and findings; and of several in one picture."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vgglab.report.blocks import Dot, Path, Picture, Words
from vgglab.report.charts.axes import End, Frame, Scale, line, name_ends, name_room, style
from vgglab.report.language import Language

EXPLODED = 20  # times the loss of guessing: above, the scale is logarithmic
SPREAD_EPOCHS = 4  # times as many epochs as another run: the scale of epochs is logarithmic
FEW_EPOCHS = 25  # whose points are marked

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Course:
    """What is drawn of a run.

    Attributes:
        name: of the run.
        history: a row an epoch.
        best: epoch of the best model, if there is one.
        classes: their number, for the line of guessing.
        marks: epoch and number of each finding that has an epoch.
        spread: for a mean over seeds, column -> epoch -> the ends of its band.
    """

    name: str
    history: Sequence[Row]
    best: int | None = None
    classes: int | None = None
    marks: Sequence[tuple[int, int]] = ()
    spread: Mapping[str, Mapping[int, tuple[float, float]]] = field(default_factory=dict)


def learning_curves(course: Course, say: Language) -> list[Picture]:
    """Loss and accuracy of training and validation by epoch; a measure that has no figure has no picture."""
    return [_measure_curve(course, measure, say) for measure in ("loss", "accuracy") if has_any(course, measure)]


def has_any(course: Course, measure: str) -> bool:
    """Whether a measure has a figure in any epoch; the loss is drawn anyway."""
    names = (measure, f"val_{measure}")
    return measure == "loss" or any(row.get(name) is not None for row in course.history for name in names)


def _measure_curve(course: Course, measure: str, say: Language) -> Picture:
    columns = {measure: say("training"), f"val_{measure}": say("validation")}
    frame = Frame(right=name_room([*columns.values(), say("guessing")]), top=22)
    epochs = [row["epoch"] for row in course.history]
    x = frame.across(min(epochs), max(max(epochs), min(epochs) + 1))
    chance = guessing(measure, course.classes)
    y = value_scale(frame, measure, [row.get(name) for row in course.history for name in columns], chance)
    shapes = _phases(course.history, x, frame, say)
    shapes += frame.grid(x, y, epoch_ticks(x, say), value_ticks(y, measure, say))
    shapes += _best_line(course, x, frame)
    ends = _chance_line(chance, x, y, frame, say)
    for order, (column, name) in enumerate(columns.items()):
        points = [(row["epoch"], row.get(column)) for row in course.history]
        shapes += series(points, x, y, style(order))
        ends += end_of(points, x, y, name, style(order))
    shapes += [part for part in ends if not isinstance(part, End)]
    shapes += name_ends([part for part in ends if isinstance(part, End)], frame)
    shapes += _best_dot(course, f"val_{measure}", x, y)
    shapes += _marks(course.marks, x, frame)
    title = say("Loss by epoch") if measure == "loss" else say("Accuracy by epoch")
    return Picture(
        title, describe_course(course, measure, say), frame.width, frame.height, [*shapes, _x_name(frame, say)]
    )


def overlaid_curves(courses: Sequence[Course], column: str, say: Language) -> Picture:
    """One measure of several runs by epoch; the scale of epochs is logarithmic where their numbers are far apart."""
    frame = Frame(height=max(220, 60 + 14 * len(courses)), right=name_room([course.name for course in courses]))
    lengths = [course.history[-1]["epoch"] for course in courses]
    log = max(lengths) > SPREAD_EPOCHS * min(lengths)
    x = frame.across(1, max(2, *lengths), log)
    measure = column.removeprefix("val_")
    chance = guessing(measure, courses[0].classes)
    y = value_scale(frame, measure, [row.get(column) for course in courses for row in course.history], chance)
    shapes = frame.grid(x, y, epoch_ticks(x, say), value_ticks(y, measure, say))
    ends: list[Any] = []
    for order, course in enumerate(courses):
        points = [(row["epoch"], row.get(column)) for row in course.history]
        shapes += spread_band(course.spread.get(column, {}), x, y, style(order))
        shapes += series(points, x, y, style(order))
        ends += end_of(points, x, y, course.name, style(order))
    shapes += name_ends(ends, frame)
    title = {
        "loss": say("Training loss of the runs"),
        "accuracy": say("Training accuracy of the runs"),
        "val_loss": say("Validation loss of the runs"),
        "val_accuracy": say("Validation accuracy of the runs"),
    }[column]
    name = say("epoch, logarithmic scale") if log else say("epoch")
    return Picture(
        title, _describe_last(courses, column, say), frame.width, frame.height, [*shapes, frame.name_x(name)]
    )


def spread_band(spread: Mapping[int, tuple[float, float]], x: Scale, y: Scale, css: str) -> list[Path]:
    """The area between the ends of a band, as far as the scale reaches; nothing where there are fewer than two."""
    if len(spread) < 2:
        return []
    edges = [(at, low) for at, (low, _) in spread.items()] + [(at, high) for at, (_, high) in reversed(spread.items())]
    corners = [f"{x.place(at):.1f} {y.place(min(max(value, y.low), y.high)):.1f}" for at, value in edges]
    return [Path(f"M{'L'.join(corners)}Z", f"spread {css}")]


def series(points: Sequence[tuple[float, float | None]], x: Scale, y: Scale, css: str) -> list[Path | Dot]:
    """A line, with its points where they are few."""
    shapes: list[Path | Dot] = [Path(line(points, x, y), f"line {css}")]
    known = [(at, value) for at, value in points if value is not None and y.low <= value <= y.high]
    if len(known) <= FEW_EPOCHS:
        shapes += [Dot(x.place(at), y.place(value), f"point {css}", 2) for at, value in known]
    return shapes


def end_of(points: Sequence[tuple[float, float | None]], x: Scale, y: Scale, name: Any, css: str) -> list[End]:
    """The end of a line; none where it has no value."""
    known = [(at, value) for at, value in points if value is not None and y.low <= value <= y.high]
    return [End(x.place(at), y.place(value), name, css) for at, value in known[-1:]]


def guessing(measure: str, classes: int | None) -> float | None:
    """The figure of guessing evenly."""
    if not classes or classes < 2:
        return None
    return math.log(classes) if measure == "loss" else 1 / classes


def value_scale(frame: Frame, measure: str, values: Sequence[float | None], chance: float | None) -> Scale:
    """A scale that holds all values: shares from 0 to 1 at most, losses from 0, logarithmic where they exploded."""
    known = [value for value in [*values, chance] if value is not None and math.isfinite(value)] or [1.0]
    if measure == "accuracy":
        return frame.up(0, min(1.0, max(known) * 1.1 or 1.0))
    positive, least = [value for value in known if value > 0], min(0.0, *known, 0.0)
    if positive and not least and max(positive) > EXPLODED * (chance or math.log(10)):
        return frame.up(min(positive) / 1.5, max(positive) * 1.5, log=True)
    return frame.up(least * 1.06, max(0.0, *known, 0.0) * 1.06 or (0.0 if least else 1.0))


def value_ticks(y: Scale, measure: str, say: Language) -> list[tuple[float, str]]:
    """Ticks of a loss or of an accuracy."""
    ticks = y.ticks()
    if measure == "accuracy":
        return [(value, say.percent(value, 0 if y.high - y.low > 0.05 else 1)) for value in ticks]
    return [(value, say.short(value)) for value in ticks]


def epoch_ticks(x: Scale, say: Language) -> list[tuple[float, str]]:
    """Ticks of epochs; the first and the last are always among them."""
    ends = [x.low, x.high]
    room = 22
    inner = [tick for tick in x.ticks(whole=True) if all(abs(x.place(tick) - x.place(end)) > room for end in ends)]
    return [(tick, say.whole(tick)) for tick in [x.low, *inner, x.high]]


def describe_course(course: Course, measure: str, say: Language) -> Any:
    """What the curve shows, in a sentence."""
    first, last = course.history[0], course.history[-1]
    put = say.percent if measure == "accuracy" else say.number
    return say(
        "From epoch {first} to {last}: training {a} to {b}, validation {c} to {d}.",
        first=first["epoch"],
        last=last["epoch"],
        a=put(first.get(measure)),
        b=put(last.get(measure)),
        c=put(first.get(f"val_{measure}")),
        d=put(last.get(f"val_{measure}")),
    )


def _describe_last(courses: Sequence[Course], column: str, say: Language) -> Any:
    put = say.percent if "accuracy" in column else say.number
    last = [
        say("{run}: {value} in epoch {epoch}", run=c.name, value=put(c.history[-1].get(column)), epoch=len(c.history))
        for c in courses
    ]
    return say("At the end: {runs}.", runs=say.list(last))


def _x_name(frame: Frame, say: Language) -> Words:
    return frame.name_x(say("epoch"))


def _phases(history: Sequence[Row], x: Scale, frame: Frame, say: Language) -> list[Any]:
    """A band for every second phase, and its number; nothing where there is but one."""
    starts = {}
    for row in history:
        starts.setdefault(row.get("phase") or 1, row["epoch"])
    if len(starts) < 2:
        return []
    shapes: list[Any] = []
    limits = [*starts.values(), history[-1]["epoch"] + 1]
    for order, phase in enumerate(starts):
        low, high = (x.place(max(epoch - 0.5, x.low)) for epoch in limits[order : order + 2])
        high = min(high, frame.width - frame.right)
        if order % 2:
            shapes.append(Path(f"M{low:g} {frame.top}H{high:g}V{frame.height - frame.bottom}H{low:g}Z", "band"))
        shapes.append(Words(low + 2, frame.height - frame.bottom - 4, say("phase {number}", number=phase), "tick"))
    return shapes


def _chance_line(chance: float | None, x: Scale, y: Scale, frame: Frame, say: Language) -> list[Any]:
    if chance is None or not y.low <= chance <= y.high:
        return []
    height = y.place(chance)
    return [
        Path(f"M{frame.left} {height:g}H{frame.width - frame.right}", "chance"),
        End(frame.width - frame.right, height, say("guessing"), "quiet"),
    ]


def _best_line(course: Course, x: Scale, frame: Frame) -> list[Path]:
    if course.best is None:
        return []
    return [Path(f"M{x.place(course.best):g} {frame.top}V{frame.height - frame.bottom}", "best")]


def _best_dot(course: Course, column: str, x: Scale, y: Scale) -> list[Dot]:
    values = [row.get(column) for row in course.history if row["epoch"] == course.best]
    known = [value for value in values if value is not None and y.low <= value <= y.high]
    return [Dot(x.place(course.best), y.place(value), "ring", 4.5) for value in known]


def _marks(marks: Sequence[tuple[int, int]], x: Scale, frame: Frame) -> list[Any]:
    """A numbered flag above the epoch of each finding; those of one epoch stand side by side."""
    shapes: list[Any] = []
    places: list[float] = []
    for epoch, mark in sorted(marks):
        at = x.place(min(max(epoch, x.low), x.high))
        across = max(at, places[-1] + 17) if places else at
        places.append(across)
        shapes.append(Path(f"M{at:g} {frame.height - frame.bottom}V{frame.top + 2}", "flagpole"))
        shapes.append(Dot(across, frame.top - 10, "flag", 8))
        shapes.append(Words(across, frame.top - 6, str(mark), "flagged", "middle"))
    return shapes
