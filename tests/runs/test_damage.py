"""Whatever is wrong with a file of a run: a command that reads it does its work, or ends in a line that names it."""

import importlib
import itertools
import os
import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from vgglab.diagnosis.reading import read_findings
from vgglab.runs.files import write_json

pytestmark = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow", reason="reads folders, the same on each backend"
)
FOLDER = Path(__file__).parents[2] / "benchmarks"
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(FOLDER)
    damage = importlib.import_module("damage")
WHOLE = ("cut short", "noise", "`[]`", "`3`", "`{}`")
ONLY_REPORTED = ("environment", "network", "architecture", "examples", "predictions", "confusion_matrix", "proof")
NOT_HERE = ("best.keras/vgglab.json", "evaluations/other/predictions.csv")  # as in last.keras; nothing reads it
OF_WATCHED = ("run.json", "config.yaml", "history.csv", "signals.jsonl", "findings.json", "environment.json")
OTHER_DOORS = ("config.yaml", "split.json")  # what has a shape may still not be what the run needs: tested elsewhere


@pytest.fixture(scope="module")
def readers(trained, tmp_path_factory):
    """The commands, and a study of two runs to be damaged."""
    return damage.Readers(damage.make_study(tmp_path_factory.mktemp("damage"), trained.folder))


def sampled(file: str, content: bytes):
    """A file damaged as a whole, and each of its fields in one way, the ways in turn; all of them: the benchmark."""
    ways = itertools.cycle(damage.FIELD)
    cases = list(damage.damages(file, content, damage.FIELD))
    wanted = {field: next(ways) for field in dict.fromkeys(field for _, field, _ in cases)}
    return [case for case in cases if (case[0] in WHOLE if not case[1] else case[0] == wanted[case[1]])]


@pytest.mark.parametrize("file", [file for file in damage.FILES if file not in NOT_HERE])
def test_damage_ends_in_a_line_that_names_the_file_and_the_field(readers, file):
    reported = Path(file).stem in ONLY_REPORTED or file.startswith("evaluations")
    passed_over = {*damage.ALIKE, "prove", "report"} - ({"report"} if reported else set())
    passed_over -= {"report of a study"} if file in damage.OF_STUDIES else set()
    cases = sampled(file, damage.content_of(readers.run / file))
    for way, field, command, outcome in damage.sweep(readers, file, cases, passed_over):
        told = f"{file} {field} {way}, {command}: {outcome}"[:1000]
        names = (
            [Path(file.removesuffix("/vgglab.json")).name, *re.findall(r"[a-z_]+", field)[-1:]]
            if file not in OTHER_DOORS
            else []
        )
        assert not outcome.unexpected, told
        assert outcome.code == 0 or outcome.one_line, told
        assert outcome.code == 0 or all(name in outcome.said for name in names), told


@pytest.mark.parametrize("file", ["run.json", "history.csv", "metrics.json", "config.yaml", "signals.jsonl"])
def test_a_listing_names_the_damaged_run_and_shows_the_other(readers, file):
    for _, field, command, outcome in damage.sweep(readers, file, [("", "", b"{")]):
        if command == "compare":
            assert outcome.code == 1 and "\ntrained " in outcome.shown
            assert outcome.said.startswith(f"vgglab: left out: {readers.run / file}: "), field


@pytest.fixture(scope="module")
def watched(watch_in, tmp_path_factory):
    """The commands that read a run that was only watched, with what was found in it; `runs` reads no more."""
    folder = tmp_path_factory.mktemp("watched")
    run = watch_in(folder, "a", [2.0, 0.5, float("nan")], status="diverged")
    write_json(run.folder / "findings.json", {"schema": 1, "findings": read_findings(run)})
    page = folder / "page.html"
    reading = {
        "compare": partial(damage.command, "compare", run.folder),
        "diagnose": partial(damage.command, "diagnose", run.folder, "--all"),
        "report": partial(damage.command, "report", run.folder, "-o", page, page=page),
    }
    return SimpleNamespace(run=run.folder, readers_of=lambda file: reading)


@pytest.mark.parametrize("file", OF_WATCHED)
def test_damage_of_a_run_that_was_only_watched_ends_in_a_line_as_well(watched, file):
    cases, seen = sampled(file, damage.content_of(watched.run / file)), set()
    for way, field, command, outcome in damage.sweep(watched, file, cases):
        told = f"{file} {field} {way}, {command}: {outcome}"[:1000]
        assert not outcome.unexpected and (outcome.code == 0 or outcome.one_line), told
        assert outcome.code == 0 or Path(file).name in outcome.said, told
        seen.add(command)
    assert seen
