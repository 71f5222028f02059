"""A confusion matrix: a table where the classes are few, else a picture with a square a cell."""

from collections.abc import Sequence
from typing import Any

from vgglab.config.shown import one_line, shown_name
from vgglab.report.blocks import Matrix, Path, Picture, Words
from vgglab.report.charts.axes import cut
from vgglab.report.language import Language

TABLED_CLASSES = 25
SHADES = 9
CELL = 9  # units of a square of the picture


def shade(count: int, total: int) -> int:
    """0 for none, then 1 to SHADES by the square root of the share of the true class, so that rare ones show."""
    return 0 if not count or not total else max(1, round(SHADES * (count / total) ** 0.5))


def confusion_table(names: Sequence[str], counts: Sequence[Sequence[int]], caption: Any, say: Language) -> Matrix:
    """A matrix of few classes, each cell with its count and what it says in words."""
    rows, names = [], [shown_name(name) for name in names]
    for row, true in enumerate(names):
        total = sum(counts[row])
        rows.append(
            [
                (count, shade(count, total), _said(true, "" if row == column else names[column], count, total, say))
                for column, count in enumerate(counts[row])
            ]
        )
    return Matrix(caption, names, rows)


def confusion_picture(names: Sequence[str], counts: Sequence[Sequence[int]], say: Language) -> Picture:
    """A matrix of many classes: a square is as dark as its share of the true class is large."""
    left, top = 116, 112
    squares: dict[int, list[str]] = {}
    for row, cells in enumerate(counts):
        total = sum(cells)
        for column, count in enumerate(cells):
            if count:
                place = f"M{left + column * CELL} {top + row * CELL}h{CELL}v{CELL}h-{CELL}z"
                squares.setdefault(shade(count, total), []).append(place)
    side = len(names) * CELL
    shapes: list[Any] = [Path(f"M{left} {top}h{side}v{side}h-{side}z", "sheet")]
    shapes += [Path("".join(parts), f"h{level}") for level, parts in sorted(squares.items())]
    rules = "".join(f"M{left} {top + at}h{side}M{left + at} {top}v{side}" for at in range(10 * CELL, side, 10 * CELL))
    shapes.append(Path(rules, "rule"))
    for order, name in enumerate(names):
        middle = order * CELL + CELL / 2 + 2.5
        shapes.append(Words(left - 4, top + middle, cut(one_line(name)), "small", "end"))
        shapes.append(Words(left + middle, top - 4, cut(one_line(name)), "small", turn=-90))
    right = sum(cells[order] for order, cells in enumerate(counts))
    told = say(
        "{right} of {all} images are on the diagonal.", right=say.whole(right), all=say.whole(sum(map(sum, counts)))
    )
    return Picture(say("Confusion matrix"), told, left + side + 6, top + side + 6, shapes, "wide")


def _said(true: str, predicted: str, count: int, total: int, say: Language) -> Any:
    """What a cell says; `predicted` is empty on the diagonal."""
    if not count:
        return ""
    share = say.percent(count / total)
    if not predicted:
        return say("{class_name} recognised: {count} ({share})", class_name=true, count=count, share=share)
    return say(
        "{true} taken for {predicted}: {count} ({share})", true=true, predicted=predicted, count=count, share=share
    )
