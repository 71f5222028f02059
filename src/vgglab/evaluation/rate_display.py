"""The picture of a learning-rate range test. It takes recorded numbers, never a model."""

import textwrap
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vgglab.evaluation.displays import INK, QUIET, STYLE, TRAINING, VALIDATION, settle

HEADROOM = 1.6  # of the axis above the loss at the start, where an exploding loss is cut off


def draw_rate_range(tested: dict[str, Any], title: str) -> Figure:
    """Draw the loss by the learning rate, with what the range test suggests.

    Arguments:
        tested: what `lr_range.json` holds.
        title: one line above the picture.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        figure.suptitle(textwrap.fill(title, 80), x=0.01, ha="left", parse_math=False)
        axes = figure.add_subplot()
        _draw_losses(axes, tested)
        _mark_rates(axes, tested)
        axes.set(
            xscale="log", xlabel=f"learning rate ({tested['optimizer']}, one step each)", ylabel="loss of the step"
        )
        axes.legend(frameon=False, loc="best", fontsize=8)
        settle(figure)
    return figure


def _draw_losses(axes: Axes, tested: dict[str, Any]) -> None:
    """Single losses faint, the smoothed one on top; the loss of guessing dashed."""
    rates, losses = tested["rates"], [float("nan") if loss is None else loss for loss in tested["losses"]]
    axes.plot(rates, losses, ".", color=TRAINING, alpha=0.3, markersize=4, label="single steps")
    axes.plot(rates[: len(tested["smoothed"])], tested["smoothed"], color=TRAINING, label="smoothed")
    axes.axhline(tested["chance"], color=QUIET, linestyle="--", linewidth=0.8)
    place = {"xy": (0.995, tested["chance"]), "xycoords": axes.get_yaxis_transform()}
    axes.annotate("guessing", **place, xytext=(0, 3), textcoords="offset points", ha="right", color=QUIET, fontsize=8)
    top = max(HEADROOM * max(tested["start"] or 0.0, tested["chance"]), 1e-3)
    low = min([*tested["smoothed"], tested["chance"]], default=0.0)
    axes.set_ylim(max(0.0, low - 0.15 * (top - low)), top)


def _mark_rates(axes: Axes, tested: dict[str, Any]) -> None:
    """The suggested rate and that of the lowest loss, as upright lines; in words where there is none."""
    if tested["verdict"] != "rate":
        text = {"no_fall": "no rate lowers the loss", "out_of_range": "the loss runs away at once"}
        axes.text(0.5, 0.9, text[tested["verdict"]], transform=axes.transAxes, ha="center", color=INK)
        return
    lowest = tested["lowest"]["rate"]
    axes.axvline(lowest, color=QUIET, linewidth=0.8, linestyle=":", label=f"lowest loss: {lowest:.2g}")
    axes.axvline(tested["suggested"], color=VALIDATION, linewidth=1.2, label=f"suggested: {tested['suggested']:g}")
