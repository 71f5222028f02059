"""Findings as a person looks at them, in a notebook or printed. Imports no backend."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from vgglab.diagnosis.findings import Finding
from vgglab.diagnosis.reading import check_language, describe, evidence_cells, findings_text, to_try, words
from vgglab.report.tables import html_table


class Findings(list[Finding]):
    """What the diagnosis found, most severe first; printed, or in a notebook, it is text with the evidence.

    Args:
        findings: dicts as the diagnosis gives them.
        folder: the run's, which commands name; None where there is none.
        language: of the texts, `en` or `fr`.
    """

    def __init__(self, findings: Iterable[Finding], folder: Path | None = None, language: str = "en"):
        super().__init__(findings)
        self.folder, self.language = folder, language

    def translated(self, language: str) -> "Findings":
        """The same in another language: `en` or `fr`.

        Raises:
            UsageError: another one.
        """
        check_language(language)
        return Findings(self, self.folder, language)

    def __str__(self) -> str:
        return findings_text(list(self), self.folder, self.language, everything=True)

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{escape(str(self))}</p>"
        return "".join(self._finding_html(finding) for finding in self)

    def _finding_html(self, finding: Finding) -> str:
        found, word = describe(finding, self.language), words(self.language)
        head = f"<p><strong>{escape(word[found['severity']])}</strong>: {escape(found['sentence'])}</p>"
        table = html_table(["", "", ""], evidence_cells(found["evidence"], self.language)) if found["evidence"] else ""
        texts = [(word["why"], found["why"]), (word["try"], found["advice"]), to_try(finding, self.folder, word)]
        return head + table + "".join(f"<p>{escape(label)} {escape(text)}</p>" for label, text in texts if text)
