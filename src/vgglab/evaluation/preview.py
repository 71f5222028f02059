"""A picture of what augmentation does: images as they are, and next to each what training may see."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vgglab.config.shown import shown_name
from vgglab.runs.files import write_atomic

DPI = 96
CELL, GAP, TEXT, HEAD = 1.0, 0.1, 0.32, 0.6  # inches: side of an image, between images, below one, above all
_STYLE = {"font.family": "sans-serif", "font.size": 7, "text.color": "#222222", "figure.facecolor": "white"}
_NAME_WIDTH = 14  # characters of a class name that fit below an image, with its share
_SHOWN_SHARE = 0.005  # a class whose share would round to 0 % is not named


@dataclass(frozen=True)
class Preview:
    """Images, and variants of them.

    Attributes:
        originals: uint8 (R, H, W, 3).
        labels: what is written below each original, (R,).
        variants: uint8 (R, C, H, W, 3).
        captions: what is written below each variant, (R, C); empty where the label is the original's.
    """

    originals: np.ndarray
    labels: list[str]
    variants: np.ndarray
    captions: list[list[str]]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the picture, inches."""
        rows, columns = self.variants.shape[:2]
        return (columns + 1) * (CELL + GAP) + 2 * GAP, rows * (CELL + TEXT) + HEAD


def make_preview(
    batch: tuple[np.ndarray, np.ndarray], classes: Sequence[str], augment: Callable, rows: int, columns: int
) -> Preview:
    """Vary a batch, and take its first images.

    Args:
        batch: images, uint8 (N, H, W, 3), and labels, int (N,).
        classes: names of the classes.
        augment: images, labels, epoch and the batch's number -> images (N, H, W, 3), 0 to 255, and labels, int (N,)
            or the share of each class (N, classes).
        rows: how many of the images; all, if there are fewer.
        columns: how many variants, as of that many epochs.
    """
    images, labels = batch[0], batch[1]
    varied = [augment(images, labels, epoch, 0) for epoch in range(columns)]
    return Preview(
        originals=images[:rows],
        labels=[shown_name(classes[label], _NAME_WIDTH) for label in labels[:rows]],
        variants=np.stack([np.round(each[:rows]).astype("uint8") for each, _ in varied], axis=1),
        captions=[[shares_text(each[row], classes) for _, each in varied] for row in range(len(images[:rows]))],
    )


def shares_text(label: np.ndarray, classes: Sequence[str]) -> str:
    """The shares of the classes, one a line, the largest first; nothing for a label that is a class's number."""
    if label.ndim == 0:
        return ""
    named = [number for number in np.argsort(-label, kind="stable") if label[number] >= _SHOWN_SHARE]
    return "\n".join(f"{shown_name(classes[number], _NAME_WIDTH)}: {100 * label[number]:.0f} %" for number in named)


def draw_preview(preview: Preview, title: str) -> Figure:
    """Draw a row for each image: itself, then its variants; one line of `title` above."""
    width, height = preview.size
    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        _write_heads(axes, title, width)
        for row, (original, variants) in enumerate(zip(preview.originals, preview.variants, strict=True)):
            captions = [preview.labels[row], *preview.captions[row]]
            for column, (image, caption) in enumerate(zip([original, *variants], captions, strict=True)):
                _draw_cell(axes, image, caption, row, column)
    return figure


def write_preview(figure: Figure, path: Path) -> None:
    """Write the picture as PNG, whole or not at all; the same bytes every time."""
    write_atomic(path, partial(figure.savefig, format="png", dpi=DPI, metadata={"Software": None}))


def _write_heads(axes: Axes, title: str, width: float) -> None:
    title = textwrap.shorten(title, int(width * 13), placeholder=" …")
    axes.text(GAP, 0.2, title, fontsize=9, va="center", parse_math=False)
    axes.text(GAP, HEAD - 0.08, "as it is", color="#666666")
    axes.text(_left(1), HEAD - 0.08, "as training may see it", color="#666666")


def _draw_cell(axes: Axes, image: np.ndarray, caption: str, row: int, column: int) -> None:
    left, top = _left(column), HEAD + row * (CELL + TEXT)
    height, width = (side / max(image.shape[:2]) * CELL for side in image.shape[:2])
    pixels = "nearest" if max(image.shape[:2]) <= CELL * DPI else "antialiased"
    axes.imshow(image, extent=(left, left + width, top + height, top), aspect="auto", interpolation=pixels)
    axes.text(left, top + CELL + 0.03, caption, va="top", linespacing=1.1, parse_math=False)


def _left(column: int) -> float:
    """Where a column begins, inches; the originals stand a little apart."""
    return GAP + column * (CELL + GAP) + (GAP if column else 0)
