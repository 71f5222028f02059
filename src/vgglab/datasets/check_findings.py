"""From the facts of a checked folder to sentences: what is wrong, why it matters, what to do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vgglab.config.shown import shown_name, some_names
from vgglab.datasets.levels import HIGHEST

UNEVEN = 3  # times as many pictures as the smallest class has: from here on classes count as uneven
NARROW = 0.5  # share of all grey levels: pictures that use fewer count as of little contrast
LEAST_SIDE = 32  # pixels: smaller pictures leave nothing after the poolings of most networks
FEW = 20  # training pictures of a class that are few


def find_problems(report: Mapping[str, Any], refusal: str | None, notes: Sequence[str] = ()) -> list[dict[str, str]]:
    """The findings of a check, worst first.

    Args:
        report: of `check_folder`, but the findings.
        refusal: why training would refuse the folder; None where it would not.
        notes: what is left out, or not taken as it stands.

    Returns:
        Dicts with `severity` (`error`, `warning` or `note`), `kind` and `sentence`.
    """
    errors = [{"severity": "error", "kind": "refused", "sentence": refusal}] if refusal else []
    found = [pair for finder in (_unreadable, _duplicates, _classes, _sizes, _levels) for pair in finder(report)]
    warnings = [{"severity": "warning", "kind": kind, "sentence": sentence} for kind, sentence in found]
    return errors + warnings + [{"severity": "note", "kind": "left_out", "sentence": note} for note in notes]


def _unreadable(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if count := len(report["unreadable"]):
        yield (
            "unreadable",
            f"{count:,} of {report['pictures']:,} files cannot be read: training leaves them out; "
            "replace or remove them",
        )


def _duplicates(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    groups = report["exact_duplicates"] + report["near_duplicates"]
    mixed = [group for group in groups if len(set(group["classes"])) > 1]
    leaking = [group for group in groups if len(set(group["parts"])) > 1]
    if mixed:
        yield (
            "duplicates_across_classes",
            f"{_groups(mixed)} in more than one class: the labels contradict each other; keep the right one of each",
        )
    if leaking:
        yield (
            "duplicates_across_parts",
            f"{_groups(leaking)} in more than one part: what is validated or tested on was trained on, and the figures "
            "flatter; keep one of each",
        )
    if within := [group for group in groups if group not in mixed and group not in leaking]:
        yield "duplicates", f"{_groups(within)} in one class and part: they count more than others; keep one of each"


def _classes(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    rows = report["classes"]
    totals = {row["class"]: sum(count for part, count in row.items() if part != "class") for row in rows}
    if numbers := [name for name in totals if name.isdecimal()]:
        yield (
            "numeric_names",
            f"{len(numbers)} of {len(totals)} classes have numbers for names ({some_names(numbers)}): they are sorted "
            "as text, so that 10 comes before 2; name them after what they are, or write 02",
        )
    small, large = min(totals, key=totals.get), max(totals, key=totals.get)
    if totals[large] >= UNEVEN * max(totals[small], 1):
        yield (
            "uneven_classes",
            f"the classes are uneven: {totals[large]:,} pictures of {shown_name(large)}, {totals[small]:,} of "
            f"{shown_name(small)}; accuracy will speak for the large ones, look at the recall of each class",
        )
    if few := [row["class"] for row in rows if row.get("train", 0) < FEW]:
        yield (
            "few_pictures",
            f"fewer than {FEW} pictures to train on in {len(few)} of {len(rows)} classes: {some_names(few)}",
        )
    for part in ("validation", "test"):
        if missing := [row["class"] for row in rows if row.get(part) == 0]:
            yield (
                "missing_in_part",
                f"the {part} part has no pictures of {some_names(missing)}: nothing is known of them there",
            )


def _sizes(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if report["enlarged"] > report["pictures"] / 2:
        side = max(min(report["sizes"]["median"]), LEAST_SIDE)
        yield (
            "enlarged",
            f"{report['enlarged']:,} of {report['pictures']:,} pictures are smaller than the "
            f"{report['image_size']} pixels that training takes, and are enlarged; "
            f"--image-size {side} shows as much of most of them and is faster",
        )


def _levels(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for bits, used in report["levels"].items():
        ends, count = f"{used['low']:,.6g} to {used['high']:,.6g}", f"{used['pictures']:,} pictures"
        if bits not in HIGHEST:
            yield (
                "levels_without_range",
                f"{count} have {bits}-bit grey levels ({ends}), and their whole range is not known: training leaves "
                "them out, with --stretch it takes them by the range that training pictures use",
            )
        elif used["high"] - used["low"] < HIGHEST[bits] * NARROW:
            yield (
                "narrow_levels",
                f"{count} of {bits} bits use the grey levels {ends} of 0 to {HIGHEST[bits]:,}: the network sees little "
                "contrast; --stretch spreads the range that training pictures use over all of them",
            )


def _groups(groups: Sequence[Mapping[str, Any]]) -> str:
    files = sum(len(group["files"]) for group in groups)
    return f"{len(groups):,} group{'s' if len(groups) > 1 else ''} of duplicates ({files:,} files) {_be(groups)}"


def _be(groups: Sequence[Any]) -> str:
    return "are" if len(groups) > 1 else "is"
