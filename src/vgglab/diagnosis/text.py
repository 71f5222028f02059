"""What is said of a finding, and how texts are marked for translation."""

from dataclasses import dataclass

GOODFELLOW = "Goodfellow, Bengio, Courville, Deep Learning (2016)"


def _(text: str) -> str:
    """Marks a text for the catalogs; it is translated where it is read."""
    return text


@dataclass(frozen=True)
class Text:
    """What is said of a finding.

    Attributes:
        sentence: what is the case.
        why: how that comes about, for a student.
        advice: what to try first.
        source: where to read more; a citation, not translated.
        keras: what to try first, in Keras's own words, for whoever has a script of his own; `advice` where it is empty.
    """

    sentence: str = ""
    why: str = ""
    advice: str = ""
    source: str = ""
    keras: str = ""
