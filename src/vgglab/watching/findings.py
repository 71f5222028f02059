"""Findings as somebody reads them in a script or a notebook."""

import html
from collections.abc import Iterable

from vgglab.diagnosis.findings import Finding
from vgglab.diagnosis.reading import changes, describe, evidence_lines, finding_text, words

NOTHING = "no training was watched yet"
CELL = '<td style="text-align: left; vertical-align: top">{}</td>'


class Findings(list[Finding]):
    """A list of findings, the most severe first; printed, it is text, and in a notebook a table.

    Args:
        findings: dicts, as everywhere.
        language: of the texts.
        watched: whether there was anything to find something in.
    """

    def __init__(self, findings: Iterable[Finding] = (), language: str = "en", watched: bool = True):
        super().__init__(findings)
        self.language, self.watched = language, watched

    def __repr__(self) -> str:
        if not self:
            return words(self.language)["nothing"] if self.watched else NOTHING
        return "\n\n".join(finding_text(found, None, self.language) for found in self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{html.escape(repr(self))}</p>"
        return f"<table>{''.join(self._row(found) for found in self)}</table>"

    def _row(self, finding: Finding) -> str:
        found, word = describe(finding, self.language), words(self.language)
        figures = "<br>".join(html.escape(line.strip()) for line in evidence_lines(found["evidence"], self.language))
        tried = [part for part in (found["advice"], changes(finding)) if part]
        advice = f"<b>{html.escape(word['try'])}</b> {html.escape('; '.join(tried))}" if tried else ""
        cells = (html.escape(word[found["severity"]]), f"<b>{html.escape(found['sentence'])}</b><br>{figures}")
        cells += (f"{html.escape(found['why'])}<br>{advice}",)
        return f"<tr>{''.join(CELL.format(cell) for cell in cells)}</tr>"
