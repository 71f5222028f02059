"""A page to look through pictures whose label is in doubt: one HTML file that needs nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vgglab
from vgglab.config.shown import shown_name
from vgglab.evaluation.doubts import Doubt
from vgglab.report.blocks import Example, Gallery, Section, Text
from vgglab.report.html import render_page
from vgglab.report.language import Language, code
from vgglab.report.parts.page import Page
from vgglab.runs.files import write_text


def write_doubts_page(
    path: Path, name: str, shown: Sequence[tuple[Doubt, str]], counts: tuple[int, int], say: Language
) -> None:
    """Write the page.

    Args:
        path: of the file.
        name: of the cross-validation.
        shown: doubts, the most doubtful first, each with its picture as a data URI.
        counts: how many labels are likely to be wrong, and of how many.
        say: the language.
    """
    likely, pictures = map(say.whole, counts)
    lead = say(
        "Of {pictures} pictures {likely} have a label that is likely to be wrong, by networks that did not see them.",
        likely=likely,
        pictures=pictures,
    )
    how = say(
        "The most doubtful come first. A picture may also be right and hard: look before anything is changed. In "
        "{table}, take away the rows of pictures whose label is right, and write the right class into the column "
        "{column} where it is another; pictures whose row has none are left out of a training with {option}.",
        table=code(path.with_suffix(".csv").name),
        column=code("correct"),
        option=code(f"--without {path.with_suffix('.csv').name}"),
    )
    gallery = Gallery(say("The first {n}", n=say.whole(len(shown))), [_example(*each, say) for each in shown])
    blocks = [Text(lead), Text(how), *([gallery] if shown else [])]
    title = say("Labels that look wrong: {name}", name=name)
    page = Page(say.code, title, [], [Section("doubts", say("Doubtful labels"), blocks)], vgglab.__version__)
    write_text(path, render_page(page, say))


def _example(doubt: Doubt, image: str, say: Language) -> Example:
    values: dict[str, Any] = {"file": code(doubt.name), "label": shown_name(doubt.label)}
    values |= {"suggested": shown_name(doubt.suggested), "share": say.percent(doubt.probability)}
    caption = say("{label}; rather {suggested} ({share})? {file}", **values)
    return Example(image, say("Picture with the label {label}", label=values["label"]), caption)
