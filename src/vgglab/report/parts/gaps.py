"""What stands where something cannot be shown."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from markupsafe import Markup

from vgglab.report.blocks import Gap
from vgglab.report.language import Language, code
from vgglab.report.records import DIAGNOSE, EVALUATE, OTHER, SEARCH, STUDY, SUMMARY, TRAIN, Missing


def attempt(what: Any, say: Language, make: Callable[[], list[Any]]) -> list[Any]:
    """The blocks that `make` gives, or one that says which file is missing, what is wrong, and what to do."""
    try:
        return make()
    except Missing as missing:
        return [make_gap(missing, what, say)]


def known(read: Callable[[], Any], default: Any = None) -> Any:
    """What a record holds, or `default` where that cannot be read and is told elsewhere."""
    try:
        return read()
    except Missing:
        return default


def make_gap(missing: Missing, what: Any, say: Language) -> Gap:
    """The block that stands for something that is missing."""
    return Gap(what, Markup(" ").join([problem(missing, say), remedy(missing, say)]))


def problem(missing: Missing, say: Language) -> Markup:
    """What is wrong, in a sentence."""
    file, folder = code(missing.file), code(missing.folder)
    if not missing.damage:
        return say("{file} is missing in {folder}.", file=file, folder=folder)
    if missing.damage.isidentifier():  # a part of the file that an older version did not write
        return say("{file} in {folder} does not hold {part}.", file=file, folder=folder, part=code(missing.damage))
    return say(
        "{file} in {folder} cannot be used: {damage}.", file=file, folder=folder, damage=missing.damage.rstrip(".")
    )


def remedy(missing: Missing, say: Language) -> Markup:
    """What brings a file back, in a sentence."""
    if missing.remedy == EVALUATE:
        return say("It is recorded by {command}.", command=command("evaluate", missing.folder))
    if missing.remedy == OTHER:
        return say("It is recorded by {command}.", command=command("evaluate", missing.folder, "--data", "FOLDER"))
    if missing.remedy == DIAGNOSE:
        return say("What can be said of the run is shown by {command}.", command=command("diagnose", missing.folder))
    if missing.remedy == TRAIN:
        resume = command("train", "--resume", missing.folder)
        return say("It is recorded while the run trains; one that was stopped goes on with {command}.", command=resume)
    if missing.remedy == SUMMARY:
        summary = command("summary", missing.folder)
        return say("It is recorded when a run is trained; {command} shows the network.", command=summary)
    if missing.remedy == STUDY:
        return say("It is written by {command}, with the same study and options.", command=code("vgglab study"))
    if missing.remedy == SEARCH:
        return say("It is written by {command}, with the same search and options.", command=code("vgglab search"))
    return say("Restore it from a copy, or train the run again.")


def command(*words: str | Path) -> Markup:
    """A command of ours, as it is typed."""
    return code(f"vgglab {shlex.join(map(str, words))}")
