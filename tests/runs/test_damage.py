"""Whatever is wrong with a file of a run: a command that reads it does its work, or ends in a line that names it."""

import importlib
import itertools
import os
import re
from pathlib import Path

import pytest

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
