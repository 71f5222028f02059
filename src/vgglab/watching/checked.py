"""What the checks of a model came to, as text, as HTML and as plain values."""

from collections.abc import Sequence
from typing import Any

from vgglab.diagnosis.findings import Finding, ranked
from vgglab.diagnosis.reading import Numbers, describe, translations
from vgglab.diagnosis.texts_of_checks import CHECKS, COLUMNS, RESULT, SEEN, VERDICTS
from vgglab.report.findings import Findings
from vgglab.report.tables import html_table, text_table
from vgglab.watching.subject import Row

CAUSES = {"values_not_finite", "inputs_out_of_scale", "targets_out_of_scale", "loss_mismatch", "activation_mismatch"}
CAUSES |= {"labels_mismatch", "wrong_outputs", "dead_units", "images_constant", "initial_weights"}
EXPLAINED = dict.fromkeys(  # what follows from another finding
    ("first_loss_high", "gradient_not_finite", "layer_never_moves", "output_constant"), CAUSES
) | {"not_by_heart": CAUSES | {"output_constant", "first_loss_high"}}


class Checked:
    """What the checks came to; it prints as a table with the findings below, in a notebook too.

    Args:
        rows: of each check.
        language: `en` or `fr`.
    """

    def __init__(self, rows: Sequence[Row], language: str = "en"):
        self.rows, self.language = tuple(rows), language

    @property
    def passed(self) -> bool:
        """Whether no check failed; what is not applicable, or could not be done, did not fail."""
        return not any(row.verdict == "failed" for row in self.rows)

    @property
    def findings(self) -> Findings:
        """What is wrong, the most severe first, without what follows from another finding."""
        found = [one for row in self.rows for one in row.findings]
        codes = {one["code"] for one in found}
        kept = [one for one in found if not EXPLAINED.get(one["code"], set()) & codes]
        return Findings(ranked(kept), None, self.language)

    @property
    def errors(self) -> list[Finding]:
        """The findings with which a training is lost."""
        return [one for one in self.findings if one["severity"] == "error"]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and cells: check, verdict, what was seen."""
        say = translations(self.language).gettext
        cells = [[say(CHECKS[row.check]), say(VERDICTS[row.verdict]), self.seen(row)] for row in self.rows]
        return [say(text) for text in COLUMNS.values()], cells

    def seen(self, row: Row) -> str:
        """What a check saw, in a sentence."""
        sizes = {name: in_bytes(value) for name, value in row.values.items() if name.startswith("memory")}
        text = translations(self.language).gettext(SEEN[row.said])
        return " ".join(Numbers(self.language).vformat(text, (), row.values | sizes).split())

    @property
    def conclusion(self) -> str:
        """All of it in a sentence."""
        failed = [row for row in self.rows if row.verdict == "failed"]
        text = translations(self.language).gettext(RESULT["failed" if failed else "passed"])
        return text.format(count=len(failed), all=len(self.rows))

    def as_json(self) -> dict[str, Any]:
        """Plain values: `passed`, `checks` (check, verdict, seen, values) and `findings` with their texts."""
        rows = [
            {"check": row.check, "verdict": row.verdict, "seen": self.seen(row), "values": row.values}
            for row in self.rows
        ]
        described = [describe(finding, self.language) for finding in self.findings]
        return {"schema": 1, "passed": self.passed, "checks": rows, "findings": described}

    def __str__(self) -> str:
        found = [str(self.findings)] if self.findings else []
        return "\n\n".join([text_table(*self.table()), *found, self.conclusion])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        found = self.findings._repr_html_() if self.findings else ""
        return html_table(*self.table()) + found + f"<p>{self.conclusion}</p>"


def in_bytes(amount: float | None) -> str:
    """`1.2 GB`; `?` for what is not known."""
    if amount is None:
        return "?"
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.3g} {unit}"
