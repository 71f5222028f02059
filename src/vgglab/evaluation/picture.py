"""A figure that shows itself in a notebook."""

from io import BytesIO
from pathlib import Path
from typing import Any

from vgglab.runs.files import write_atomic

DOTS_PER_INCH = 144  # of a figure in a notebook, shown at 96: sharp on dense screens too


class Picture:
    """A figure that shows itself in a notebook.

    Attributes:
        figure: the matplotlib figure.
    """

    def __init__(self, figure: Any):
        self.figure = figure

    def save(self, path: Path | str) -> Path:
        """Write it as .png, .svg or .pdf, by the name, whole or not at all."""

        from vgglab.evaluation.displays import write_figure

        path = Path(path)
        form = path.suffix.lower().removeprefix(".") or "png"
        write_atomic(path, lambda temporary: write_figure(self.figure, form, temporary))
        return path

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:

        from vgglab.evaluation.displays import write_figure

        buffer = BytesIO()
        write_figure(self.figure, "png", buffer, DOTS_PER_INCH)
        data = buffer.getvalue()
        pixels = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))  # PNG's width and height
        width, height = (round(side * 96 / DOTS_PER_INCH) for side in pixels)
        return data, {"width": width, "height": height}
