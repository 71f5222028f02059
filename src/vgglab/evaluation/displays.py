"""Pictures of recorded numbers: confusion matrix and learning curves. They take numbers, never a model.

Figures are made without pyplot, so that nothing here needs a display or changes global state.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from vgglab.config.shown import shown_name
from vgglab.errors import UsageError
from vgglab.runs.files import write_atomic
from vgglab.runs.record import best_row

# Okabe and Ito's colours, told apart by colour-blind readers: https://jfly.uni-koeln.de/color/
TRAINING, VALIDATION = "#0072B2", "#D55E00"
INK, QUIET, _GRID = "#222222", "#666666", "#E4E4E4"
STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.titlesize": 10,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "figure.titlesize": 11,
    "figure.facecolor": "white",
    "svg.fonttype": "none",  # text stays text: searchable, and read aloud
    "svg.hashsalt": "vgglab",  # ids, hence bytes, are the same every time
}
_PNG_DPI = 180
_MARGIN = 0.12  # inches around what is drawn
# What each format would say of time and program.
_DATELESS = {"png": ("Software",), "svg": ("Date", "Creator"), "pdf": ("CreationDate", "Creator", "Producer")}

_NUMBERED_CLASSES = 25  # above, cells are too small for numbers
_NAME_WIDTH = 32  # characters of a class name beside the matrix
_SMALL_LABEL_PITCH = 0.105  # inches from one label to the next, 5.5 points high
_LARGEST_SIDE = 21.0  # inches; above, only some classes are labelled

_EXPLODED = 20  # times the loss at chance; above, a linear axis would flatten everything else
_MARKED_EPOCHS = 20  # above, epochs are a line without points
_LABEL_GAP = 0.065  # of the panel's height, between two labels at line ends


ACCURACIES = ("accuracy", "val_accuracy")
Series = tuple[str, str, np.ndarray]  # label, colour, values by epoch


def draw_confusion_matrix(counts: np.ndarray, classes: Sequence[str], title: str) -> Figure:
    """Draw how often each true class (row) was taken for each class (column).

    Colour is the share of the true class on a square-root scale, so that rare mistakes show. Up to 25 classes
    the cells also say count and share; an empty cell is zero, a grey row has no image.

    Arguments:
        counts: images, shape (C, C), rows are the true class.
        classes: the C class names.
        title: one line above the picture.

    Raises:
        ValueError: when counts is not C by C.
    """
    counts, n = np.asarray(counts), len(classes)
    if counts.shape != (n, n):
        raise ValueError(f"counts have shape {counts.shape}: expected {(n, n)}, one row and column a class")
    shares = _row_shares(counts)
    with rc_context(STYLE):
        side = _matrix_side(n)
        figure = Figure(figsize=(side + 2.4, side + 1.6), layout="compressed")
        axes = figure.add_subplot()
        image = axes.imshow(shares, cmap=_matrix_colours(), norm=PowerNorm(0.5, 0, 1), interpolation="none")
        _label_classes(axes, classes, side)
        _rule_cells(axes, n)
        if n <= _NUMBERED_CLASSES:
            _number_cells(axes, counts, shares, image)
        _add_colour_bar(figure, image)
        wrapped = textwrap.fill(title, int(side * 14))
        axes.set_title(wrapped, loc="left", fontsize=11, pad=10, parse_math=False)
        settle(figure)
    return figure


def draw_curves(
    history: Sequence[Mapping], title: str, n_classes: int | None = None, measures: Sequence[str] = ("val_accuracy",)
) -> Figure:
    """Draw loss and accuracy by epoch, for training and validation, with the best epoch marked; no accuracy, no panel.

    Arguments:
        history: rows with `epoch`, `loss`, `accuracy`, `val_loss` and `val_accuracy`: losses in nats, if the number
            of classes is given, accuracies 0 to 1. A value that is None or not finite leaves a gap; for losses the
            picture says from which epoch on.
        title: one line above the picture.
        n_classes: when given, guessing evenly is drawn as a dashed line (ln C and 1/C).
        measures: what the best epoch is chosen by, as for `best_row`.
    """
    best = best_row(history, measures)
    with rc_context(STYLE):
        scored = not history or any(row.get(name) is not None for row in history for name in ACCURACIES)
        figure = Figure(figsize=(9.6 if scored else 5.2, 3.7), layout="constrained")
        figure.get_layout_engine().set(wspace=0.06)
        panels = figure.subplots(1, 1 + scored, squeeze=False)[0]
        figure.suptitle(textwrap.fill(title, 110 if scored else 60), x=0.01, ha="left", parse_math=False)
        for draw, axes in zip((_draw_loss, _draw_accuracy), panels, strict=False):
            draw(axes, history, n_classes, best)
        settle(figure)
    return figure


def save_figure(figure: Figure, path_without_suffix: str | Path) -> tuple[Path, Path]:
    """Write a figure as .svg (text stays text) and .png, each whole or not at all; the same bytes every time.

    Returns:
        The paths of the .svg and of the .png.
    """
    base = Path(path_without_suffix)
    svg, png = base.with_name(f"{base.name}.svg"), base.with_name(f"{base.name}.png")
    with rc_context(STYLE):
        shown = _shown(figure)
    write_atomic(svg, partial(write_figure, figure, "svg", shown=shown))
    write_atomic(png, partial(write_figure, figure, "png", shown=shown))
    return svg, png


def write_figure(
    figure: Figure, form: str, target: Path | IO[bytes], dpi: int = _PNG_DPI, shown: Bbox | None = None
) -> None:
    """Write a figure as `png`, `svg` or `pdf`; the same bytes every time.

    Arguments:
        figure: one that is laid out.
        form: of the file.
        target: the file.
        dpi: pixels of an inch, of a png.
        shown: the part that is written, inches; None finds what is drawn, with a margin.

    Raises:
        UsageError: another format.
    """
    if form not in _DATELESS:
        raise UsageError(f"a figure cannot be written as .{form}; expected .png, .svg or .pdf")
    with rc_context(STYLE):
        metadata = dict.fromkeys(_DATELESS[form])
        figure.savefig(target, format=form, dpi=dpi, metadata=metadata, bbox_inches=shown or _shown(figure))


def _shown(figure: Figure) -> Bbox:
    """What is drawn, with a margin, inches; savefig's "tight" would draw everything once more to find it."""
    return figure.get_tightbbox().padded(_MARGIN)


def settle(figure: Figure) -> None:
    """Lay out once and for all: doing it again at every save is slow and moves things by a hair."""
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine(None)


def _row_shares(counts: np.ndarray) -> np.ndarray:
    """Counts over their row's sum; a row without images is not a number, which is drawn grey."""
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)


def _matrix_side(n: int) -> float:
    """Inches along one side of the matrix."""
    if n <= _NUMBERED_CLASSES:
        return max(3.2, n * 0.5)
    return min(_LARGEST_SIDE, max(7.0, n * _SMALL_LABEL_PITCH))


def _matrix_colours() -> Colormap:
    return colormaps["Blues"].with_extremes(bad="#EEEEEE")


def _label_classes(axes: Axes, classes: Sequence[str], side: float) -> None:
    """Name rows and columns, turned and thinned as far as needed for names not to overlap."""
    n = len(classes)
    size = 8 if n <= _NUMBERED_CLASSES else min(8.0, 5.5 * side / n / _SMALL_LABEL_PITCH)
    size = max(size, 5.5)
    step = math.ceil(n * _SMALL_LABEL_PITCH / _LARGEST_SIDE)
    names = [shown_name(name, _NAME_WIDTH) for name in classes][::step]
    places = range(0, n, step)
    axes.set_yticks(places, names, fontsize=size, parse_math=False)
    width = max(map(len, names)) * 0.65 * size / 72
    if width < side / n:
        turned = {}
    elif n <= _NUMBERED_CLASSES:
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    else:
        turned = {"rotation": 90}
    axes.set_xticks(places, names, fontsize=size, parse_math=False, **turned)
    axes.set_xlabel("predicted class", labelpad=8)
    axes.set_ylabel("true class", labelpad=8)


def _rule_cells(axes: Axes, n: int) -> None:
    """Rules between cells, or every ten classes where cells are small, to lead the eye to the labels."""
    step, colour = (1, "white") if n <= _NUMBERED_CLASSES else (10, "#CCCCCC")
    lines = np.arange(step, n, step) - 0.5
    axes.set_xticks(lines, minor=True)
    axes.set_yticks(lines, minor=True)
    axes.grid(which="minor", color=colour, linewidth=0.8 if step == 1 else 0.4)
    axes.tick_params(which="minor", length=0)
    axes.tick_params(which="major", length=2, width=0.5, pad=2)


def _number_cells(axes: Axes, counts: np.ndarray, shares: np.ndarray, image: AxesImage) -> None:
    for row, column in np.argwhere(counts > 0):
        text = f"{counts[row, column]}\n{_percent(shares[row, column])}"
        colour = _readable_on(image.to_rgba(shares[row, column]))
        drawn = axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
        drawn.set_in_layout(False)  # it is inside its cell: laying out hundreds of texts takes seconds


def _percent(share: float) -> str:
    """Whole per cent, but never 0 % or 100 % for what is neither."""
    if 0 < share < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def _readable_on(colour: tuple[float, float, float, float]) -> str:
    """Ink or white, whichever contrasts more: WCAG 2.2, "relative luminance"."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if luminance < 0.2 else INK


def _add_colour_bar(figure: Figure, image: AxesImage) -> None:
    bar = figure.colorbar(image, ax=image.axes, fraction=0.04, pad=0.02, aspect=30)
    bar.set_ticks([0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1])
    bar.ax.set_yticklabels(["0", "1", "5", "10", "25", "50", "75", "100 %"])
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.set_label("share of the true class")
    bar.outline.set_linewidth(0.4)


def _draw_loss(axes: Axes, history: Sequence[Mapping], n_classes: int | None, best: Mapping | None) -> None:
    chance = math.log(n_classes) if n_classes else None
    series = _both_series(history, "loss")
    known = _finite_values(series, chance)
    notes = _gap_notes(history, series)
    positive = known[known > 0]
    least = known.min(initial=0.0)
    if least == 0 and positive.size and positive.max() > _EXPLODED * (chance or math.log(10)):
        axes.set_yscale("log")
        axes.set_ylim(positive.min() / 2, positive.max() * 2)
        notes.insert(0, "log scale")
    else:
        axes.set_ylim(1.12 * least, 1.12 * known.max(initial=0.1))
    _draw_panel(axes, history, series, chance, best)
    _head_panel(axes, "Loss (nats)" if n_classes else "Loss", ", ".join(notes))


def _draw_accuracy(axes: Axes, history: Sequence[Mapping], n_classes: int | None, best: Mapping | None) -> None:
    chance = 1 / n_classes if n_classes else None
    series = _both_series(history, "accuracy")
    known = _finite_values(series, chance)
    axes.set_ylim(0, min(1.03, max(2.5 * (chance or 0.1), 1.15 * known.max(initial=0.0))))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.6g} %"))
    _draw_panel(axes, history, series, chance, best)
    told = best and best["val_accuracy"] is not None
    note = f"best validation {100 * best['val_accuracy']:.1f} % at epoch {best['epoch']:g}" if told else ""
    _head_panel(axes, "Accuracy", note)


def _both_series(history: Sequence[Mapping], column: str) -> list[Series]:
    return [
        ("training", TRAINING, _read_column(history, column)),
        ("validation", VALIDATION, _read_column(history, f"val_{column}")),
    ]


def _read_column(history: Sequence[Mapping], column: str) -> np.ndarray:
    """Values by epoch, shape (E,); None and what is not finite become NaN, which leaves a gap."""
    values = np.array([math.nan if row.get(column) is None else row[column] for row in history], dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _finite_values(series: list[Series], chance: float | None) -> np.ndarray:
    values = np.concatenate([values for _, _, values in series] + [[] if chance is None else [chance]])
    return values[np.isfinite(values)]


def _gap_notes(history: Sequence[Mapping], series: list[Series]) -> list[str]:
    """What to say about missing losses: the first epoch without one. An empty column was not recorded."""
    missing = np.isnan([values for _, _, values in series])
    recorded = ~missing.all(axis=1)
    gaps = missing[recorded].any(axis=0) if recorded.any() else missing.any(axis=0)
    return [f"not finite from epoch {history[int(gaps.argmax())]['epoch']:g}"] if gaps.any() else []


def _draw_panel(
    axes: Axes, history: Sequence[Mapping], series: list[Series], chance: float | None, best: Mapping | None
) -> None:
    epochs = np.array([row["epoch"] for row in history], dtype=float)
    _set_epoch_axis(axes, epochs)
    ends = []
    for label, colour, values in series:
        _draw_line(axes, epochs, values, colour)
        finite = np.flatnonzero(np.isfinite(values))
        if finite.size:
            ends.append((epochs[finite[-1]], values[finite[-1]], label, colour))
    if chance is not None:
        axes.axhline(chance, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        ends.append((np.inf, chance, "chance", QUIET))
    if best:
        _mark_best(axes, best, epochs, series[1][2])
    _label_ends(axes, ends, epochs.max(initial=1))


def _draw_line(axes: Axes, epochs: np.ndarray, values: np.ndarray, colour: str) -> None:
    """Training is drawn first and wider, so that it shows under a validation line on top of it."""
    width = 2.0 if colour == TRAINING else 1.3
    marker = "o" if np.isfinite(values).sum() <= _MARKED_EPOCHS else None
    axes.plot(epochs, values, color=colour, linewidth=width, marker=marker, markersize=2.2 + width, zorder=3)


def _set_epoch_axis(axes: Axes, epochs: np.ndarray) -> None:
    first, last = (epochs.min(), epochs.max()) if epochs.size else (1.0, 1.0)
    pad = 0.03 * (last - first) or 0.5
    axes.set_xlim(first - min(pad, 0.5), last + pad)  # no tick before the first epoch
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda epoch, _: f"{epoch:g}"))
    axes.set_xlabel("epoch")
    axes.grid(color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=2, width=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    if not epochs.size:
        axes.set_xticks([])
        axes.text(0.5, 0.65, "no epoch was recorded", transform=axes.transAxes, ha="center", color=QUIET)


def _mark_best(axes: Axes, best: Mapping, epochs: np.ndarray, values: np.ndarray) -> None:
    axes.axvline(best["epoch"], color=VALIDATION, linewidth=0.7, alpha=0.5, zorder=1)
    ring = {"markerfacecolor": "white", "markeredgecolor": VALIDATION, "markeredgewidth": 1.4}
    axes.plot(best["epoch"], values[epochs == best["epoch"]][:1], "o", markersize=6.5, zorder=4, **ring)


def _label_ends(axes: Axes, ends: list[tuple[float, float, str, str]], last: float) -> None:
    """Name each line (epoch, value, label, colour) right of its end, moved apart where names would touch."""
    ends = sorted(ends, key=lambda end: end[1])
    to_axes = axes.transData + axes.transAxes.inverted()
    heights = [to_axes.transform((last, value))[1] for _, value, _, _ in ends]
    for (epoch, _, label, colour), height in zip(ends, _spread(heights), strict=True):
        x, across = (epoch, axes.transData) if epoch < last else (1, axes.transAxes)
        axes.annotate(
            label,
            xy=(x, height),
            xycoords=(across, axes.transAxes),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=colour,
            annotation_clip=False,
        )


def _spread(heights: Sequence[float]) -> list[float]:
    """Ascending heights, the least moved so that neighbours are a gap apart: blocks around their mean."""
    blocks: list[list[float]] = []
    for height in heights:
        blocks.append([height])
        while len(blocks) > 1 and _block_bottom(blocks[-1]) < _block_top(blocks[-2]) + _LABEL_GAP:
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    return [_block_bottom(block) + i * _LABEL_GAP for block in blocks for i in range(len(block))]


def _block_bottom(block: Sequence[float]) -> float:
    half = _LABEL_GAP * (len(block) - 1) / 2
    return max(float(np.mean(block)) - half, 0.0)


def _block_top(block: Sequence[float]) -> float:
    return _block_bottom(block) + _LABEL_GAP * (len(block) - 1)


def _head_panel(axes: Axes, name: str, note: str) -> None:
    axes.set_title(name, loc="left", pad=8)
    axes.set_title(note, loc="right", pad=8, fontsize=8.5, color=QUIET)
