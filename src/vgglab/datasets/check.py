"""What a folder of pictures holds, and what of it will do harm in training: read by people before they train."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track

from vgglab.config.resolve import make_config
from vgglab.config.schema import PICTURE_SIZE, DataConfig
from vgglab.datasets.check_findings import find_problems
from vgglab.datasets.decode import UnreadablePicture, open_picture, to_square, upright, upright_size
from vgglab.datasets.duplicates import SIDE, SMALL, exact_groups, near_groups, perceptual_hash, shrink
from vgglab.datasets.entries import Entry, read_entry
from vgglab.datasets.folder import PARTS, class_counts, leave_out, plan_parts
from vgglab.datasets.layout import Pictures, find_pictures
from vgglab.datasets.levels import Used, pooled, used_levels
from vgglab.datasets.parallel import map_parallel
from vgglab.errors import DataError

SCHEMA = 1


class Seen(NamedTuple):
    """What a look at a picture tells: size in pixels (upright), format, grey levels, hashes, itself as (16, 16)."""

    width: int
    height: int
    format: str
    used: Used
    digest: bytes
    look: int
    small: np.ndarray


def check_folder(path: str | PathLike[str], size: int = PICTURE_SIZE, **settings: Any) -> dict[str, Any]:
    """Read every picture of a folder and say what is in it, ready for JSON.

    Args:
        path: as for `load_data`.
        size: side in pixels that training would use.
        **settings: `layout` and `labels`, as for `load_data`.

    Returns:
        `classes` (files of each in each part, unreadable ones included, under the default split), `sizes`, `enlarged`
        (pictures smaller than `size`), `formats`, `levels` (the grey levels in use, by their bits), `unreadable`,
        `exact_duplicates` and `near_duplicates` (groups of files), and `findings`: severity (`error` where training
        refuses the folder, `warning`, or `note` of what is left out), a kind, and a sentence.

    Raises:
        ConfigError: a setting is off.
        DataError: there is no such folder, or it has no classes.
    """
    given = {"data": {"name": str(Path(path).expanduser().absolute()), **settings}}
    pictures = find_pictures(make_config(given, source="data check").data)
    console, count = Console(stderr=True), len(pictures.files)
    looked = map_parallel(look_at, pictures.entries())
    bar = track(looked, "Reading", count, console=console, transient=True, disable=not console.is_terminal)
    seen = {position: result for position, result in enumerate(bar)}
    unreadable = {position: result for position, result in seen.items() if isinstance(result, str)}
    seen = {position: result for position, result in seen.items() if position not in unreadable}
    parts, problem = _plan(pictures, unreadable)
    report = {
        "schema": SCHEMA,
        "path": str(pictures.root),
        "split": sorted(pictures.parts, key=PARTS.index) if pictures.split else [],
        "pictures": count,
        "image_size": size,
        "classes": _class_rows(pictures, parts),
        **_sizes(list(seen.values()), size),
        "levels": _levels([one.used for one in seen.values()]),
        "unreadable": [{"file": pictures.files[row], "reason": reason} for row, reason in unreadable.items()],
        **_duplicates(pictures, parts, seen),
    }
    return report | {"findings": find_problems(report, problem, pictures.notes)}


def look_at(entry: Entry) -> Seen | str:
    """What a picture is; where there is none, the reason."""
    try:
        with open_picture(entry) as image:
            width, height = upright_size(image)
            picture = upright(image, SIDE)
            used = used_levels(picture)
            grey = np.asarray(to_square(picture, SIDE, None if used.bits == "8" else pooled([used])).convert("L"))
            digest = hashlib.blake2b(read_entry(entry)).digest()
            kind = "JPEG" if image.format == "MPO" else image.format  # several JPEGs in one file, by some cameras
            return Seen(width, height, kind, used, digest, perceptual_hash(grey), shrink(grey))
    except UnreadablePicture as error:
        return error.reason


def _plan(pictures: Pictures, broken: Mapping[int, str]) -> tuple[dict[str, np.ndarray], str | None]:
    """The parts that training would make, and why it would refuse, if it would."""
    try:
        parts = plan_parts(pictures, DataConfig())
    except DataError as error:
        return dict(pictures.parts), str(error)
    try:
        leave_out(pictures, parts, broken)
    except DataError as error:
        return parts, str(error)
    return parts, None


def _class_rows(pictures: Pictures, parts: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    counts = {part: class_counts(pictures, rows) for part, rows in parts.items()}
    return [
        {"class": name, **{part: int(counts[part][number]) for part in counts}}
        for number, name in enumerate(pictures.classes)
    ]


def _sizes(seen: Sequence[Seen], size: int) -> dict[str, Any]:
    """Widths and heights, how many pictures training would enlarge, and formats."""
    sides = np.array([(one.width, one.height) for one in seen]).reshape(-1, 2)
    quartiles = {
        name: np.quantile(sides, share, axis=0, method="nearest").tolist()
        for name, share in (("smallest", 0), ("median", 0.5), ("largest", 1))
        if seen
    }
    return {
        "sizes": quartiles,
        "enlarged": int((sides.min(axis=1) < size).sum()),
        "formats": dict(Counter(one.format for one in seen).most_common()),
    }


def _levels(used: Sequence[Used]) -> dict[str, dict[str, Any]]:
    """Bits -> how many pictures have such grey levels, and the range that they use, as stretching takes it."""
    counts = Counter(one.bits for one in used)
    return {bits: {"pictures": counts[bits], "low": low, "high": high} for bits, (low, high) in pooled(used).items()}


def _duplicates(pictures: Pictures, parts: Mapping[str, np.ndarray], seen: Mapping[int, Seen]) -> dict[str, Any]:
    """Groups of equal and of nearly equal pictures; what is in the first is in the second once."""
    rows = list(seen)
    exact = exact_groups([one.digest for one in seen.values()])
    copies = {place for group in exact for place in group[1:]}
    places = [place for place in range(len(rows)) if place not in copies]
    looks = np.array([seen[rows[place]].look for place in places], dtype=np.uint64)
    small = np.array([seen[rows[place]].small for place in places], dtype=np.uint8).reshape(-1, SMALL, SMALL)
    near = [[places[member] for member in group] for group in near_groups(looks, small)]
    part_of = {row: part for part, members in parts.items() for row in members.tolist()}
    named = [
        [_group(pictures, part_of, [rows[place] for place in sorted(group)]) for group in groups]
        for groups in (exact, near)
    ]
    return {"exact_duplicates": named[0], "near_duplicates": named[1]}


def _group(pictures: Pictures, part_of: Mapping[int, str], rows: Sequence[int]) -> dict[str, Any]:
    return {
        "files": [pictures.files[row] for row in rows],
        "classes": [pictures.classes[pictures.labels[row]] for row in rows],
        "parts": [part_of.get(row, "") for row in rows],
    }
