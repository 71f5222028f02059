"""A study on this machine: a process for each run, one failure does not stop the rest, nothing is done twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small_network import NETWORK

import vgglab
from vgglab.config.study_file import Study, plan_runs
from vgglab.config.yaml_text import dump_yaml
from vgglab.errors import RunError
from vgglab.experiments.grid import waiting
from vgglab.experiments.grid.child import train_here
from vgglab.experiments.grid.local import finish
from vgglab.experiments.grid.processes import Processes, _context
from vgglab.experiments.grid.shares import share_out
from vgglab.experiments.study import open_folder, run_study
from vgglab.runs.files import machine
from vgglab.runs.record import HISTORY_FIELDS
from vgglab.runs.store import create_run, lock

STUDY = Study(
    name="three",
    defaults={"data": {"limit": 100}, "model": {"name": NETWORK}, "train": {"epochs": 1}},
    runs=[
        {"name": "damaged"},
        {"name": "sound", "set": {"train.learning_rate": 0.2}},
        {"name": "best", "select": {"best": "val_accuracy", "among": ["*"]}, "set": {"train.epochs": 2}},
    ],
)
PLANNED = plan_runs(STUDY, {})


def test_what_is_imported_before_runs_are_forked_on_jax_and_torch_brings_no_backend():
    from vgglab.experiments.grid.processes import APART

    found = "found = {'keras', 'jax', 'torch', 'tensorflow'} & sys.modules.keys()"
    text = f"import sys, {', '.join(APART)}; {found}; sys.exit(str(found) if found else 0)"
    subprocess.run([sys.executable, "-c", text], check=True)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder of a study in which one run's checkpoint is damaged, what was said, what failed."""
    folder = tmp_path_factory.mktemp("runs") / "three"
    open_folder(folder, STUDY, PLANNED)
    damaged, _ = create_run(PLANNED[0].config, folder)
    (damaged / "last.keras").write_bytes(b"no model")
    said: list[str] = []
    return folder, said, run_study(STUDY, PLANNED, folder, quiet=True, say=said.append)


def test_one_run_that_fails_does_not_stop_the_others(done):
    folder, said, failures = done
    statuses = {name: vgglab.load(folder / name).status for name in ("damaged", "sound", "best")}
    assert statuses == {"damaged": "failed", "sound": "finished", "best": "finished"} and list(failures) == ["damaged"]
    (line,) = [line for line in said if "failed" in line]
    assert line == f"  failed: {failures['damaged']}" and "last.keras: not a readable" in line and "Error" not in line


def test_the_best_is_chosen_said_and_recorded_and_trained_with_its_own_settings(done):
    folder, said, _ = done
    choice = json.loads((folder / "study.json").read_text())["choices"]["best"]
    assert choice["chosen"] == "sound" and f"  {choice['reason']}" in said
    config = vgglab.load(folder / "best").config
    assert config.train.learning_rate == 0.2 and config.train.epochs == 2


def test_finished_runs_are_not_done_again(done, tmp_path):
    folder = shutil.copytree(done[0], tmp_path / "three")
    stand_in = folder / "damaged"  # now a finished run that is worse than the chosen one
    shutil.copytree(folder / "sound", stand_in, dirs_exist_ok=True)
    (stand_in / "config.yaml").write_text(dump_yaml(PLANNED[0].config.model_dump(mode="json")))
    (stand_in / "history.csv").write_text(f"{','.join(HISTORY_FIELDS)}\n1,2.3,0.1,2.3,0.01,0.01,1.0,1\n")
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/*.*") if path.name != ".lock"}
    assert not run_study(STUDY, PLANNED, folder, quiet=True, say=lambda line: None)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(("epochs", "anew"), [(0, True), (1, False)])
def test_another_choice_replaces_a_run_only_where_nothing_was_trained(done, tmp_path, epochs, anew):
    folder = shutil.copytree(done[0], tmp_path / "three")
    (folder / "best" / "config.yaml").write_text((done[0] / "damaged" / "config.yaml").read_text())
    record = vgglab.load(folder / "best").record
    record.status, record.epochs_done = "failed", epochs
    record.save(folder / "best")
    said: list[str] = []
    run_study(STUDY, PLANNED, folder, quiet=True, say=said.append)
    assert ("another config" not in said[-1]) == anew
    assert vgglab.load(folder / "best").status == ("finished" if anew else "failed")


def test_a_folder_of_another_study_is_refused(done):
    other = plan_runs(STUDY, {"train.seed": 1})
    with pytest.raises(RunError, match="another study or with other settings"):
        run_study(STUDY, other, done[0], quiet=True, say=lambda line: None)


def plan(*runs: dict, **overrides) -> tuple:
    study = Study(name="s", runs=list(runs))
    return study, plan_runs(study, overrides)


def test_a_study_from_before_a_setting_existed_goes_on(tmp_path):
    before = plan({"name": "a"}, {"name": "b", "select": {"best": "val_accuracy", "among": ["a"]}})
    open_folder(tmp_path, *before)
    text = (tmp_path / "study.yaml").read_text()
    (tmp_path / "study.yaml").write_text(text.replace("  train.cache: true\n", ""))
    assert "train.cache" not in (tmp_path / "study.yaml").read_text()
    open_folder(tmp_path, *before)
    assert (tmp_path / "study.yaml").read_text() == text


def test_a_run_from_before_a_setting_existed_goes_on(tmp_path):
    planned = plan({"name": "a"})[1][0]
    folder, _ = create_run(planned.config, tmp_path)
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace("  cache: true\n", ""))
    assert "cache" not in (folder / "config.yaml").read_text() and vgglab.load(folder).config == planned.config


def test_runs_may_be_added_to_a_study_but_none_changed_or_taken_away(tmp_path):
    open_folder(tmp_path, *plan({"name": "a"}))
    open_folder(tmp_path, *plan({"name": "a"}, {"name": "b"}))
    for other in (plan({"name": "a"}), plan({"name": "a", "set": {"train.cache": False}}, {"name": "b"})):
        with pytest.raises(RunError, match="another study or with other settings"):
            open_folder(tmp_path, *other)


@pytest.mark.parametrize("text", ["", "runs: [", "name: s", "[]"])
def test_a_damaged_study_is_refused(tmp_path, text):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(RunError, match="another study or with other settings"):
        open_folder(tmp_path, *plan({"name": "a"}))


def test_a_study_that_goes_on_sweeps_what_an_ended_process_left(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    left = tmp_path / f".{process.pid}-{machine()}-study.json"
    left.write_bytes(b"half of")
    open_folder(tmp_path, *plan({"name": "a"}))
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


def test_a_run_that_was_killed_counts_as_interrupted_and_goes_on(tmp_path):
    command = [
        sys.executable,
        "-m",
        "vgglab",
        "train",
        "--limit=100",
        f"--model={NETWORK}",
        "--epochs=10000",
        "--name=k",
    ]
    process = subprocess.Popen([*command, "--json", "--out", tmp_path], stdout=subprocess.PIPE, text=True)
    assert json.loads(process.stdout.readline())["epoch"] == 1
    assert vgglab.load(tmp_path / "k").status == "running"
    with pytest.raises(RunError, match="in use"):
        vgglab.resume(tmp_path / "k")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert vgglab.load(tmp_path / "k").status == "interrupted" and (tmp_path / "k" / "last.keras").exists()


def test_the_process_that_waits_does_the_next_run_or_ends_with_the_study(done, tmp_path, monkeypatch):
    for name in ("LEAST_CORES", "LEAST_MEMORY"):
        monkeypatch.setattr(waiting, name, 0)
    waiting.have_next_wait(_context(), train_here, {}, 1)
    told = waiting.waiting_for((tmp_path / "no run", True, {}, ""))
    told.join()
    assert told.exitcode == 1 and waiting.waiting_for((tmp_path, True, {}, "")) is None
    waiting.have_next_wait(_context(), train_here, {}, 1)
    untold = waiting._waiting[0].process
    waiting.dismiss()
    untold.join()
    assert untold.exitcode == -signal.SIGTERM


class Killing(Processes):
    """Processes of which the first that trains a run `a` is killed once it has saved an epoch."""

    killed = False

    def _start(self, path, *given):
        child = super()._start(path, *given)
        while path.name == "a" and not self.killed:
            time.sleep(0.01)
            if (path / "last.keras").exists():
                self.killed = not child.kill()
        return child


def test_beside_another_a_run_that_is_killed_goes_on_by_itself_to_the_same_bits(tmp_path):
    study, planned = plan(
        {"name": "a"}, {"name": "b"}, **{"data.limit": 100, "model.name": NETWORK, "train.epochs": 40}
    )
    said: list[str] = []
    assert not run_study(study, planned, tmp_path, True, said.append, Killing(share_out(2)), workers=2)
    killed, other = (vgglab.load(tmp_path / name) for name in "ab")
    assert any("its process was ended by SIGKILL, and a second one went on" in line for line in said)
    rows = [[{**row, "seconds": 0} for row in run.history] for run in (killed, other)]
    weights = [vgglab.load_classifier(run.folder / "last.keras").model.get_weights() for run in (killed, other)]
    assert rows[0] == rows[1] and all(map(np.array_equal, *weights))


def test_a_run_that_is_killed_twice_has_failed(tmp_path):
    tries = []
    with pytest.raises(RunError, match="the process was ended by SIGKILL, as one before"):
        finish(tmp_path, PLANNED[0].config, True, lambda path, quiet: tries.append(path) or -signal.SIGKILL)
    assert len(tries) == 2 and vgglab.load(tries[0]).status == "failed"


def test_a_run_that_another_process_is_training_is_left_alone(tmp_path):
    folder, config = create_run(PLANNED[0].config, tmp_path)
    with lock(folder), pytest.raises(RunError, match="another process is training it; the same command goes on"):
        finish(tmp_path, config, quiet=True)
    assert vgglab.load(folder).record.status == "running"
