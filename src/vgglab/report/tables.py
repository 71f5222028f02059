"""Tables as text and as HTML."""

from collections.abc import Sequence
from html import escape
from typing import Any


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


def _is_number(cell: str) -> bool:
    return not cell or cell.replace(",", "").replace(".", "").isdigit()
