"""What a page is made of: plain values, ready to be drawn. Each block names the template that draws it."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from markupsafe import Markup


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    template: ClassVar[str] = "text.html"
    text: Markup


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    template: ClassVar[str] = "points.html"
    items: list[Markup]


@dataclass(frozen=True)
class Table:
    """A table whose first column heads its rows.

    Attributes:
        caption: what it shows.
        header: column names.
        rows: cells, ready to be shown.
        folded: whether it is shown only when asked for.
    """

    template: ClassVar[str] = "table.html"
    caption: Markup
    header: list[Any]
    rows: list[list[Any]]
    folded: bool = False


@dataclass(frozen=True)
class Path:
    """A line or an area of a picture."""

    shape: ClassVar[str] = "path"
    d: str
    css: str
    title: Any = ""


@dataclass(frozen=True)
class Dot:
    """A point of a picture."""

    shape: ClassVar[str] = "dot"
    x: float
    y: float
    css: str
    r: float = 3
    title: Any = ""


@dataclass(frozen=True)
class Words:
    """Words in a picture; `anchor` is start, middle or end."""

    shape: ClassVar[str] = "words"
    x: float
    y: float
    text: Any
    css: str = ""
    anchor: str = "start"
    turn: int = 0


@dataclass(frozen=True)
class Picture:
    """A drawing of `width` by `height` units, one a pixel on a phone.

    Attributes:
        title: its name.
        description: what can be seen in it, for who cannot.
        shapes: in the order they are drawn.
        css: classes of the drawing.
    """

    title: Any
    description: Any
    width: float
    height: float
    shapes: list[Path | Dot | Words]
    css: str = ""


@dataclass(frozen=True)
class Figure:
    """Pictures side by side with a caption, and the same numbers as tables."""

    template: ClassVar[str] = "figure.html"
    pictures: list[Picture]
    caption: Any
    tables: list[Table] = field(default_factory=list)
    css: str = ""


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix as a table: each cell is its count, its shade 0 to 9 and what it says in words."""

    template: ClassVar[str] = "matrix.html"
    caption: Any
    classes: list[str]
    rows: list[list[tuple[int, int, Any]]]


@dataclass(frozen=True)
class Gap:
    """What cannot be shown, which file is missing or damaged, and what brings it back."""

    template: ClassVar[str] = "gap.html"
    what: Any
    text: Markup


@dataclass(frozen=True)
class Finding:
    """A finding, with its evidence as a table and the number that marks it on the curves."""

    severity: str
    word: Any
    sentence: Any
    why: Any
    advice: Any
    command: str
    tried: Any
    source: str
    evidence: list[list[Any]]
    mark: int | None
    when: Any


@dataclass(frozen=True)
class Findings:
    """The findings of a run."""

    template: ClassVar[str] = "findings.html"
    items: list[Finding]


@dataclass(frozen=True)
class Example:
    """An image that was predicted, its explanation, and what is to be said of it."""

    image: str
    alt: Any
    caption: Any
    explanation: str = ""
    explained: Any = ""


@dataclass(frozen=True)
class Gallery:
    """Images of the test set under a heading."""

    template: ClassVar[str] = "gallery.html"
    title: Any
    items: list[Example]


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading, with parts of its own.

    Attributes:
        anchor: what links lead to; unique in the page.
        title: the heading.
        blocks: what stands in it.
        sections: parts below it.
        label: a short sign before the heading, such as a question's number.
        short: the heading in the table of contents, where that is not `title`.
    """

    anchor: str
    title: Any
    blocks: list[Any]
    sections: list["Section"] = field(default_factory=list)
    label: str = ""
    short: Any = ""
