"""A checked folder as text for a person to read."""

from collections.abc import Mapping, Sequence
from typing import Any

from vgglab.config.shown import one_line, shown_name

LISTED = 20  # groups of duplicates that are printed


def check_text(report: Mapping[str, Any]) -> str:
    """Counts, sizes, unreadable files, duplicates and findings of a `check_folder`."""
    blocks = [_headline(report), _class_table(report["classes"]), _sizes(report), *_unreadable(report)]
    blocks += _duplicates("the same file", report["exact_duplicates"])
    blocks += _duplicates("the same picture", report["near_duplicates"])
    findings = [f"- {finding['severity']}: {one_line(finding['sentence'])}" for finding in report["findings"]]
    return "\n\n".join([*blocks, "\n".join(findings) or "Nothing to complain of."])


def _headline(report: Mapping[str, Any]) -> str:
    parts = f"split into {', '.join(report['split'])}" if report["split"] else "not split"
    return f"{report['path']}: {report['pictures']:,} files in {len(report['classes'])} classes, {parts}"


def _class_table(rows: Sequence[Mapping[str, Any]]) -> str:
    header = list(rows[0])
    cells = [[shown_name(row["class"]), *(f"{row[part]:,}" for part in header[1:])] for row in rows]
    cells.append(["all", *(f"{sum(row[part] for row in rows):,}" for part in header[1:])])
    widths = [max(len(line[column]) for line in [header, *cells]) for column in range(len(header))]
    lines = [
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))])
        for line in [header, *cells]
    ]
    return "\n".join(lines)


def _sizes(report: Mapping[str, Any]) -> str:
    if not report["sizes"]:
        return "no picture can be read"
    sides = ", ".join(f"{name} {width} x {height}" for name, (width, height) in report["sizes"].items())
    formats = ", ".join(f"{count:,} {name}" for name, count in report["formats"].items())
    return "\n".join([f"width and height in pixels: {sides}", f"formats: {formats}", *_levels(report["levels"])])


def _levels(levels: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"grey levels: {used['low']:,.6g} to {used['high']:,.6g}, {used['pictures']:,} pictures of {bits} bits"
        for bits, used in levels.items()
    ]


def _unreadable(report: Mapping[str, Any]) -> list[str]:
    lines = [f"  {one_line(entry['file'])} {entry['reason']}" for entry in report["unreadable"]]
    return ["\n".join(["cannot be read:", *lines])] if lines else []


def _duplicates(title: str, groups: Sequence[Mapping[str, Any]]) -> list[str]:
    if not groups:
        return []
    lines = [f"  {' = '.join(map(_place, group['files'], group['parts']))}" for group in groups[:LISTED]]
    if len(groups) > LISTED:
        lines.append(f"  and {len(groups) - LISTED:,} more groups (--json lists all)")
    return ["\n".join([f"{title}:", *lines])]


def _place(file: str, part: str) -> str:
    return f"{one_line(file)} ({part})" if part else one_line(file)
