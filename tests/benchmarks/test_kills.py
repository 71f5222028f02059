"""A training that is killed five times, at files that it is about to write, ends as one that nobody killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# Each kill comes before the n-th operation on a file of that name: in the first and in a later epoch, between the last
# model and the best, in the evaluation, and at the end.
KILLS = [(2, "-last.keras"), (1, "/best.keras"), (2, "/history.csv"), (1, "/predictions.csv"), (1, "/findings.json")]
DRIVER = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from kills import attempt
folder, (train, resume, kills) = Path(sys.argv[2]), json.loads(sys.argv[3])
commands = [train] + [resume] * len(kills)
print([attempt(folder, command, *kill) for command, kill in zip(commands, [*kills, []])])
"""


@pytest.fixture(scope="module")
def killed(tiny, tmp_path_factory):
    """The folder of the run, and how each of its processes ended."""
    folder = tmp_path_factory.mktemp("killed")
    flags = [f"--{key.replace('_', '-')}={value}" for key, value in tiny.items()]
    train = ["train", *flags, "--name=trained", f"--out={folder}"]
    told = json.dumps([train, ["train", "--resume", str(folder / "trained")], KILLS])
    command = [sys.executable, "-c", DRIVER, str(BENCHMARKS), str(folder), told]
    return folder / "trained", subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def same_runs():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import same_runs

        return same_runs


@pytest.mark.long
def test_a_run_that_was_killed_five_times_is_to_the_bit_one_that_was_not(killed, trained, same_runs):
    folder, ended = killed
    assert ended == "[9, 9, 9, 9, 9, 0]"
    assert same_runs.differences(trained.folder, folder) == []


def test_kills_leave_nothing_behind(killed, same_runs):
    assert same_runs.left_behind(killed[0]) == []


def test_one_bit_is_a_difference_and_time_is_none(trained, same_runs, tmp_path):
    history = (trained.folder / "history.csv").read_text().splitlines()
    (tmp_path / "history.csv").write_text("\n".join([history[0], *history[1:]]))
    assert same_runs.same(trained.folder / "history.csv", tmp_path / "history.csv")
    (tmp_path / "best.keras").write_bytes((trained.folder / "best.keras").read_bytes())
    assert same_runs.same(trained.folder / "best.keras", tmp_path / "best.keras")
