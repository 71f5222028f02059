"""What shows itself in a notebook: tables and figures. Imports nothing but what is shown."""

from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from vgglab.runs.files import write_atomic

DOTS_PER_INCH = 144  # of a figure in a notebook, shown at 96: sharp on dense screens too


def html_table(header: Sequence[str], cells: Sequence[Sequence[Any]]) -> str:
    """A table as HTML; whatever is in it is text."""
    rows = [f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in cells]
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def text_table(header: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """A table as text, columns aligned: the first to the left, numbers to the right."""
    rows = [header, *cells]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    numeric = [all(_is_number(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for row in rows:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


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


def _is_number(cell: str) -> bool:
    return not cell or cell.replace(",", "").replace(".", "").isdigit()
