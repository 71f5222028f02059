"""Run folders are made once, never overwritten, and say what is wrong with them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vgglab.config.resolve import from_options, make_config
from vgglab.errors import RunError
from vgglab.runs.door import read_json
from vgglab.runs.files import machine, write_json
from vgglab.runs.record import HISTORY_FIELDS
from vgglab.runs.store import (
    Run,
    create_run,
    find_folder,
    is_locked,
    list_runs,
    load,
    lock,
)

HOLD = """
import pathlib, sys
from vgglab.runs.store import lock
with lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


@pytest.fixture
def hold():
    """Have another process hold a run folder; its `kill` ends it as `kill -9` does."""
    processes = []

    def start(folder) -> subprocess.Popen:
        command = [sys.executable, "-c", HOLD, str(folder)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def configured(name=None, **options):
    return make_config({"name": name}, from_options(options))


def refusal(read) -> str:
    with pytest.raises(RunError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def damage(folder, file: str, content: bytes | None):
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)


def test_a_new_run_holds_its_config_and_is_running(tmp_path):
    folder, config = create_run(configured(epochs=3), tmp_path / "deep" / "runs")
    assert folder == tmp_path / "deep" / "runs" / "digits-vgg16-sgd-epochs-3" and config.name == folder.name
    assert load(folder).config == config
    assert read_json(folder / "run.json", dict)["status"] == "running"


def test_a_made_up_name_that_is_taken_gets_a_number(tmp_path):
    names = [create_run(configured(), tmp_path)[0].name for _ in range(3)]
    assert names == ["digits-vgg16-sgd", "digits-vgg16-sgd-2", "digits-vgg16-sgd-3"]
    assert [run.config.name for run in list_runs(tmp_path)] == names


def test_an_asked_for_name_that_is_taken_is_refused_and_nothing_changes(tmp_path):
    (tmp_path / "mine").mkdir()
    told = refusal(lambda: create_run(configured("mine"), tmp_path))
    assert "mine: exists already, and a run is never overwritten" in told and "--resume" in told
    assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_an_oserror(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        create_run(configured(), tmp_path)


@pytest.mark.parametrize("below", ["", "runs"])
def test_a_file_where_the_folder_should_be_is_an_oserror_that_names_it(tmp_path, below):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        create_run(configured(), tmp_path / "file" / below)


def test_a_run_reads_back_as_it_was_written(write_run):
    run = write_run("a", [2.3, 1.5], [0.2, None], options={"epochs": 7}, test_accuracy=0.9)
    assert (run.name, run.status, run.config.train.epochs, run.metrics["accuracy"]) == ("a", "finished", 7, 0.9)
    assert tuple(run.history[1]) == HISTORY_FIELDS
    assert tuple(run.history[1].values()) == (2, 1.5, 0.6, 2.0, None, 0.1, 2.0, 1)
    assert run.best == run.history[0]


def test_a_run_that_has_only_begun_has_nothing_to_show(tmp_path):
    run = load(create_run(configured(), tmp_path)[0])
    assert (run.history, run.best, run.metrics, run.findings) == ([], None, None, [])


HEADER = b"epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds\n"


@pytest.mark.parametrize(
    ("file", "content", "ask", "message"),
    [
        ("run.json", None, "record", "a: not a run folder, run.json is missing"),
        ("run.json", b"{", "record", "run.json: not valid JSON"),
        ("run.json", b'{"schema": 9}', "record", "run.json: written by a newer vgglab"),
        ("config.yaml", None, "config", "a: config.yaml is missing; restore the file"),
        ("config.yaml", b"train: [", "config", "config.yaml: not valid YAML at line 2, column 1"),
        ("config.yaml", b"- 1", "config", "config.yaml: expected a mapping"),
        ("config.yaml", b"train: {speed: 3}", "config", "config.yaml: unknown key 'train.speed'"),
        ("history.csv", b"", "history", "history.csv: is empty"),
        ("history.csv", b"epoch,loss\n1,2\n", "history", "history.csv: expected the columns epoch,loss,"),
        (
            "history.csv",
            HEADER + b"1,x,0,0,0,0,0\n",
            "history",
            "history.csv: row 1: loss is 'x'; it should be a valid number",
        ),
        ("history.csv", HEADER + b"1,2.3\n", "history", "history.csv: row 1 has 2 cells, the header 7"),
        ("history.csv", b"\xff\xfe", "history", "history.csv: not a readable table"),
        ("metrics.json", b"{", "metrics", "metrics.json: not valid JSON"),
        ("findings.json", b"{", "findings", "findings.json: not valid JSON"),
        ("classes.json", b"{", "classes", "classes.json: not valid JSON"),
    ],
)
def test_a_damaged_file_is_one_line_that_names_it(write_run, file, content, ask, message):
    folder = write_run("a", [2.3], test_accuracy=0.5).folder
    damage(folder, file, content)
    assert message in refusal(lambda: getattr(Run(folder), ask))


def test_classes_that_are_missing_are_told(write_run):
    run = write_run("a")
    assert "classes.json is missing" in refusal(lambda: run.classes)


def test_a_held_folder_is_in_use_and_its_run_is_running(tmp_path, hold):
    folder, _ = create_run(configured(), tmp_path)
    hold(folder)
    with pytest.raises(RunError, match=r"in use, another process is training this run"), lock(folder):
        pass
    assert is_locked(folder) and Run(folder).status == "running"


def test_a_run_whose_process_was_killed_is_interrupted_and_free(tmp_path, hold):
    folder, _ = create_run(configured(), tmp_path)
    process = hold(folder)
    process.kill()
    process.wait()
    assert Run(folder).status == "interrupted"
    with lock(folder):
        assert is_locked(folder)
    assert not is_locked(folder)


def left_behind(folder, process: int, name: str, made_on: str | None = None):
    """A half-written file, as a process of some machine leaves it."""
    path = folder / f".{process}-{made_on or machine()}-{name}"
    path.write_bytes(b"half of")
    return path


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


KILLED = """
import os, pathlib, sys
from vgglab.runs.files import write_atomic
write_atomic(pathlib.Path(sys.argv[1]), lambda path: (path.write_bytes(b"half of"), os.kill(os.getpid(), 9)))
"""


def test_what_a_killed_training_left_is_swept_when_the_run_goes_on(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "last.keras"])
    (tmp_path / f".{os.getpid()}-last.keras").write_bytes(b"of an early version, whose number another process has now")
    left_behind(tmp_path, os.getpid(), "best.keras", "00000000")
    assert len(list(tmp_path.iterdir())) == 3
    with lock(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_a_living_process_writes_is_left_and_what_another_machine_does(tmp_path):
    (tmp_path / "examples").mkdir()
    alive = left_behind(tmp_path / "examples", os.getppid(), "success-1.png")
    elsewhere = left_behind(tmp_path, ended := ended_process(), "metrics.json", "00000000")
    (own := tmp_path / ".2026-notes.h5").write_text("a file of the user's")
    gone = left_behind(tmp_path / "examples", ended, "success-1.png"), left_behind(tmp_path, ended, "metrics.json")
    with lock(tmp_path):
        assert all(path.exists() for path in (alive, elsewhere, own))
        assert not any(path.exists() for path in gone)


KILLED_IN_A_FOLDER = """
import os, pathlib, sys
from vgglab.runs.files import write_folder
write_folder(pathlib.Path(sys.argv[1]), lambda path: ((path / "run.json").touch(), os.kill(os.getpid(), 9)))
"""


def test_a_folder_that_a_killed_process_was_making_is_swept_by_the_next_beside_it_and_by_its_run(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED_IN_A_FOLDER, tmp_path / "new"])
    assert [path.name.split("-")[-1] for path in tmp_path.iterdir()] == ["new"] and list_runs(tmp_path) == []
    folder, _ = create_run(configured(), tmp_path)
    assert list(tmp_path.iterdir()) == [folder]
    subprocess.run([sys.executable, "-c", KILLED_IN_A_FOLDER, folder / "other"])
    with lock(folder):
        assert {path.name for path in folder.iterdir()} == {"config.yaml", "run.json", ".lock"}


def test_a_training_that_goes_on_elsewhere_is_not_swept(tmp_path, hold):
    hold(tmp_path)
    path = left_behind(tmp_path, ended_process(), "last.keras")
    with pytest.raises(RunError, match="in use"), lock(tmp_path):
        pass
    assert path.exists()


def test_a_run_that_never_began_is_interrupted_and_asking_leaves_no_trace(tmp_path):
    folder, _ = create_run(configured(), tmp_path)
    assert Run(folder).status == "interrupted" and not (folder / ".lock").exists()


@pytest.mark.parametrize("status", ["finished", "diverged", "interrupted", "failed"])
def test_any_other_status_is_the_recorded_one(write_run, status):
    assert write_run("a", status=status).status == status


def test_runs_are_listed_by_the_time_they_were_created_then_by_name(tmp_path, write_run):
    created = {"z": "2026-09-01T10", "b": "2026-09-02T10", "a": "2026-09-02T10", "study/c": "2026-09-01T12"}
    for path, time in created.items():
        parent, _, name = path.rpartition("/")
        run = write_run(name, parent=tmp_path / parent)
        write_json(run.folder / "run.json", read_json(run.folder / "run.json", dict) | {"created": time})
    assert [run.name for run in list_runs(tmp_path)] == ["z", "c", "a", "b"]


def test_a_folder_that_is_not_there_holds_no_runs(tmp_path):
    assert list_runs(tmp_path / "none") == []


def test_a_name_stands_for_the_run_below_runs(tmp_path, monkeypatch, write_run):
    monkeypatch.chdir(tmp_path)
    folder = write_run("a", parent=tmp_path / "runs").folder
    assert load("a").folder.samefile(folder) and find_folder("runs/a").samefile(folder)
    assert "none: no such run folder" in refusal(lambda: load("none"))


def test_a_folder_of_pictures_does_not_hide_a_run_of_its_name(write_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run("cats", parent=tmp_path / "runs")
    (tmp_path / "cats" / "tabby").mkdir(parents=True)
    assert load("cats").name == "cats"
    write_run("one", parent=tmp_path / "cats")  # a study
    assert find_folder("cats") == Path("cats")
