"""How often predictions are right by how sure they were."""

from collections.abc import Sequence
from typing import Any

from vgglab.report.blocks import Dot, Path, Picture
from vgglab.report.charts.axes import Frame
from vgglab.report.language import Language
from vgglab.report.records import Bin


def calibration_chart(bins: Sequence[Bin], say: Language) -> Picture:
    """A bar for each range of confidence: the share that is right; on the diagonal both agree."""
    frame = Frame(width=320, height=260, right=20)
    x, y = frame.across(0, 1), frame.up(0, 1)
    ticks = [(tick / 5, say.percent(tick / 5, 0)) for tick in range(6)]
    shapes: list[Any] = frame.grid(x, y, ticks, ticks)
    largest = max((bin.count for bin in bins), default=0)
    for bin in bins:
        if bin.count:
            low, high, top = x.place(bin.low) + 1, x.place(bin.high) - 1, y.place(bin.accuracy)
            told = say.many("{count} image", "{count} images", bin.count)
            shapes.append(Path(f"M{low:g} {y.place(0):g}V{top:g}H{high:g}V{y.place(0):g}Z", "bar", told))
    shapes.append(Path(f"M{x.place(0)} {y.place(0)}L{x.place(1)} {y.place(1)}", "chance"))
    for bin in bins:
        if bin.count:
            size = 2 + 5 * (bin.count / largest) ** 0.5
            shapes.append(Dot(x.place(bin.confidence), y.place(bin.accuracy), "spot c1", round(size, 1)))
    told = [
        say(
            "confidence {confidence}: {right} right",
            confidence=say.percent(b.confidence),
            right=say.percent(b.accuracy),
        )
        for b in bins
        if b.count
    ]
    title = say("Share that is right by confidence")
    return Picture(title, say.list(told), frame.width, frame.height, [*shapes, frame.name_x(say("confidence"))])
