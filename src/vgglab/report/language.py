"""Sentences, numbers and units of the report in a reader's language; all text comes out escaped for HTML."""

import math
import re
from typing import Any

from markupsafe import Markup, escape

from vgglab.diagnosis.reading import translations
from vgglab.report.units import DURATIONS, MAGNITUDES, PREFIXES

DOMAIN = "report"
UNKNOWN = "\u2013"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NARROW, FIXED = "\u202f", "\u00a0"  # spaces that do not break a line


class Language:
    """Says texts of a catalog in one language.

    Args:
        code: `en` or `fr`.
        domain: catalog that the texts are in.

    Raises:
        UsageError: there is no such language.
    """

    def __init__(self, code: str, domain: str = DOMAIN):
        self.code = code
        self.catalog = translations(code, domain)

    def __call__(self, text: str, /, **values: Any) -> Markup:
        """A text of the catalog with its placeholders filled; values are escaped unless they are markup."""
        return self.fill(self.catalog.gettext(text), values)

    def many(self, one: str, several: str, count: int, /, **values: Any) -> Markup:
        """The text for one or for `several`, by `count`, which is a placeholder too."""
        return self.fill(self.catalog.ngettext(one, several, count), {"count": self.whole(count), **values})

    def fill(self, text: str, values: dict[str, Any]) -> Markup:
        """Text of ours with values of the user's in it."""
        return Markup(escape(self.set_type(text))).format(**values)

    def set_type(self, text: str) -> str:
        """Spaces as a typesetter of the language wants them."""
        if self.code == "fr":
            text = re.sub(r"(?<=\w)'(?=[\w{])", "\u2019", text)
            text = re.sub(r" ([;!?%])", rf"{NARROW}\1", text)
            text = re.sub(r" ([:»])", rf"{FIXED}\1", text).replace("« ", f"«{FIXED}")
        text = re.sub(r"\bp ([=<]) ", rf"p{FIXED}\1{FIXED}", text)
        return re.sub(r"(?<=\d) (?=%)", FIXED, text)

    def number(self, value: float | None, digits: int = 3) -> str:
        """A figure with so many decimals; what is not known or not finite is a dash."""
        if value is None or not math.isfinite(value):
            return UNKNOWN
        return self.point(f"{value:.{digits}f}").replace("-", "\u2212")

    def short(self, value: float | None, spec: str = ".3g") -> str:
        """A figure of unknown size, with a few significant digits."""
        if value is None or not math.isfinite(value):
            return UNKNOWN
        mantissa, _, exponent = f"{value:{spec}}".partition("e")
        mantissa = "" if exponent and float(mantissa) == 1 else mantissa
        return self.point(mantissa) + (("·" if mantissa else "") + power(int(exponent)) if exponent else "")

    def percent(self, share: float | None, digits: int = 1) -> str:
        """A share as a percentage."""
        if share is None or not math.isfinite(share):
            return UNKNOWN
        return f"{self.number(100 * share, digits)}{NARROW if self.code == 'fr' else FIXED}%"

    def points(self, difference: float) -> Markup:
        """A difference of two shares, in percentage points, without its sign."""
        return self("{number} points", number=self.number(abs(100 * difference), 1))

    def whole(self, value: float | None) -> str:
        """A whole number with its thousands apart."""
        if value is None:
            return UNKNOWN
        return f"{value:,.0f}".replace(",", NARROW if self.code == "fr" else ",")

    def big(self, value: float | None) -> Markup:
        """A large number in words: `2.1 million`."""
        if value is None:
            return Markup(UNKNOWN)
        for size, text in MAGNITUDES:
            if value >= size:
                return self(text, number=self.short(value / size))
        return Markup(self.whole(value))

    def magnitude(self, value: float) -> str:
        """A large number in the least room: `20 M`."""
        for size, prefix in PREFIXES:
            if value >= size:
                return f"{self.short(value / size)}{FIXED}{prefix}"
        return self.short(value)

    def seconds(self, value: float | None) -> Markup:
        """A length of time: `36 s`, `4 min 10 s`, `2 h 5 min`."""
        if value is None or not math.isfinite(value):
            return Markup(UNKNOWN)
        if value < 10:
            return self("{number} s", number=self.number(value, 1))
        total = round(value)
        for limit, unit, text in DURATIONS:
            if total < limit:
                return self(text, large=total // unit, small=total % unit * 60 // unit if unit > 1 else 0)
        return self("{number} h", number=self.number(value / 3600, 1))

    def interval(self, low: float | None, high: float | None) -> Markup:
        """A 95 % interval of a share."""
        return self("95 % interval {low} to {high}", low=self.percent(low), high=self.percent(high))

    def chance(self, p: float) -> Markup:
        """A probability of a test: `p = 0.031`, `p < 0.001`."""
        if p < 0.001:
            return self("p < {number}", number=self.number(0.001, 3))
        return self("p = {number}", number=self.number(p, 3))

    def list(self, items: list[Any]) -> Markup:
        """`a, b and c`."""
        items = [escape(item) for item in items]
        if len(items) < 2:
            return Markup("").join(items)
        return self("{first} and {last}", first=Markup(", ").join(items[:-1]), last=items[-1])

    def point(self, text: str) -> str:
        """The decimal sign of the language."""
        return text.replace(".", ",") if self.code == "fr" else text


def code(text: Any) -> Markup:
    """A name or a command, set as code."""
    return Markup("<code>{}</code>").format(text)


def coded(text: Any) -> Markup:
    """A text with what stands between backticks set as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def power(exponent: int) -> str:
    """A power of ten: `10⁸`."""
    return "10" + str(exponent).translate(RAISED)
