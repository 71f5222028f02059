"""The command line: what it prints, where, and its exit codes."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from small_network import NETWORK

from vgglab.runs.saved_model import load_classifier
from vgglab.runs.store import load


def write(path, text: str):
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "--data", "cifar11"], "data.name is 'cifar11'; expected one of digits, cifar10, cifar100"),
        (["train", "--model", "vgg61"], "did you mean 'vgg16'?"),
        (["train", "--optimizer", "sdg"], "did you mean 'sgd'?"),
        (["train", "--learning-rate", "0"], "train.learning_rate is '0'"),
        (["train", "--learning-rate", "fast"], "train.learning_rate is 'fast'"),
        (["train", "--epochs", "0"], "train.epochs is '0'"),
        (["train", "--batch-size", "0"], "train.batch_size is '0'"),
        (["train", "--set", "train.epoch=3"], "did you mean 'train.epochs'?"),
        (["train", "--bogus"], "No such option: --bogus"),
        (["train", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["train", "--resume", "x", "--epochs", "3"], "leave the other settings out"),
        (["train", "--seeds", "few"], "seeds is 'few'; expected how many seeds, from 1 to 1000, or a list"),
        (["train", "--seeds", "1,7,1"], "a list of different ones such as 1,7,42"),
        (["train", "--seeds", "3", "--seed", "4"], "leave one of them out"),
        (["train", "--resume", "x", "--seeds", "3"], "leave the other settings out"),
        (["study", "vgg16-lab", "--seeds", "0"], "seeds is '0'"),
        (["study", "vgg16-lap"], "did you mean 'vgg16-lab'?"),
        (["summary", "vgg16", "--input-shape", "32"], "--input-shape is '32'"),
        (["summary", "vgg16", "--input-shape", "8x8x3"], "five poolings"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_code_2(vgglab, tmp_path, arguments, expected):
    code, out, err = vgglab(*arguments)
    assert code == 2 and out == "" and err.count("\n") == 1
    assert err.startswith("vgglab: ") and expected in err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_where_nothing_trains_promises_nothing(vgglab, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("vgglab.runs.store.list_runs", interrupt)
    assert vgglab("runs") == (130, "", "vgglab: interrupted\n")


@pytest.mark.parametrize("verb", ["evaluate", "compare", "train --resume"])
def test_a_run_that_is_not_there_is_one_line_and_code_1(vgglab, verb):
    code, out, err = vgglab(*verb.split(), "runs/nothing")
    assert (code, out) == (1, "") and err.count("\n") == 1 and "runs/nothing: no such run folder" in err


def test_a_run_of_a_newer_version_is_refused_with_advice(vgglab, trained, tmp_path):
    copy = shutil.copytree(trained.folder, tmp_path / "copy")
    write(copy / "run.json", (copy / "run.json").read_text().replace('"schema": 1', '"schema": 99'))
    code, _, err = vgglab("compare", copy)
    assert code == 1 and err.count("\n") == 1 and "newer vgglab" in err and "pip install -U" in err


def test_a_study_with_an_empty_matrix_is_refused(vgglab, tmp_path):
    study = write(tmp_path / "s.yaml", "name: s\nruns: [{name: a, matrix: {train.optimizer: []}}]\n")
    code, _, err = vgglab("study", study)
    assert code == 2 and "runs.a.matrix.train.optimizer is empty" in err and not (tmp_path / "runs").exists()


def test_a_study_with_two_runs_of_one_name_is_refused(vgglab, tmp_path):
    study = write(tmp_path / "s.yaml", "name: s\nruns: [{name: a}, {name: a}]\n")
    code, _, err = vgglab("study", study)
    assert code == 2 and "two runs are named 'a'" in err and not (tmp_path / "runs").exists()


def test_a_yaml_file_trains_with_settings_on_top(vgglab, tmp_path):
    config = write(tmp_path / "run.yaml", "data: {limit: 100}\nmodel: {width: 0.05}\ntrain: {epochs: 3}\n")
    code, out, err = vgglab("train", config, "--set", "train.epochs=1", "--name", "mine", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [event["event"] for event in events] == ["epoch", "end"] and err == ""
    assert events[-1]["folder"] == "runs/mine" and events[-1]["status"] == "finished"


def test_a_name_that_is_taken_is_refused(vgglab, trained):
    code, _, err = vgglab("train", "--name", trained.name, "--out", trained.folder.parent, "--limit", 100)
    assert code == 1 and "a run is never overwritten" in err and err.count("\n") == 1


def test_an_output_folder_below_a_file_is_one_line(vgglab, tmp_path):
    write(tmp_path / "file", "")
    code, _, err = vgglab("train", "--out", tmp_path / "file" / "runs", "--limit", 100)
    assert code == 1 and err.count("\n") == 1 and "Not a directory" in err


def test_evaluate_prints_figures_as_text_and_as_json(vgglab, trained):
    code, out, err = vgglab("evaluate", trained.folder)
    assert code == 0 and out.startswith("test accuracy 0.") and "precision" in out and "written" in err
    code, out, _ = vgglab("evaluate", trained.folder, "--json")
    assert json.loads(out) == trained.metrics


def test_summary_prints_the_layers_and_a_diff(vgglab):
    code, out, _ = vgglab("summary", "vgg16", "--width", "0.1", "--diff", "vgg16,batch_norm=true,width=0.1")
    assert code == 0 and "+ block1_conv1_bn (BatchNormalization)" in out and "not trainable: 0 ->" in out


def test_runs_and_compare_list_what_is_there(vgglab, trained):
    code, out, _ = vgglab("runs", trained.folder.parent)
    assert code == 0 and str(trained.folder) in out
    code, out, _ = vgglab("compare", trained.folder, "--json")
    assert json.loads(out)[0]["val_accuracy"] == trained.history[-1]["val_accuracy"]


DAMAGES = {
    "run.json": '{"schema": 1',
    "run.json ": '{"schema": 99}',
    "run.json  ": '{"schema": 1, "name": "b", "status": "lost", "created": ""}',
    "config.yaml": "train: {epochs: [}",
    "history.csv": "epoch,loss\n1,2\n",
    "metrics.json": "[",
}


@pytest.mark.parametrize("file", DAMAGES)
@pytest.mark.parametrize("verb", ["runs", "compare"])
def test_a_damaged_run_is_named_and_left_out_of_a_listing_of_the_others(vgglab, write_run, tmp_path, verb, file):
    write_run("a", [1.0]), write_run("b", [1.0], test_accuracy=0.5)
    write(tmp_path / "b" / file.strip(), DAMAGES[file])
    code, out, err = vgglab(verb, tmp_path, "--json")
    assert code == 1 and [row["run"] for row in json.loads(out)] == ["a"]
    assert err.count("\n") == 1 and err.startswith("vgglab: left out: ") and str(tmp_path / "b") in err


def test_a_folder_of_damaged_runs_alone_lists_nothing(vgglab, write_run, tmp_path):
    write(write_run("a").folder / "run.json", "")
    assert [vgglab(verb, tmp_path)[0] for verb in ("runs", "compare")] == [1, 1]
    assert vgglab("compare", tmp_path, "--csv")[1] == ""


def test_a_dry_run_lists_runs_and_time_and_makes_nothing(vgglab, tmp_path):
    study = write(
        tmp_path / "s.yaml", "name: s\nruns: [{name: a}, {name: b, select: {best: val_accuracy, among: [a]}}]"
    )
    code, out, _ = vgglab("study", study, "--dry-run", "--width", "0.05", "--data", "cifar10", "--json")
    rows = json.loads(out)
    assert code == 0 and [row["run"] for row in rows] == ["a", "b"] and not (tmp_path / "runs").exists()
    assert all(row["images"] == 40_000 and row["seconds"] > 0 and row["flops"] > 0 for row in rows)


def test_a_dry_run_downloads_no_weights(vgglab, tmp_path, monkeypatch):
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path / "keras"))
    study = write(tmp_path / "s.yaml", "name: s\nruns: [{name: a, set: {backbone.name: MobileNetV2}}]\n")
    code, out, _ = vgglab("study", study, "--dry-run", "--json")
    assert code == 0 and json.loads(out)[0]["seconds"] > 0 and not (tmp_path / "keras").exists()


def test_the_version_is_printed(vgglab):
    assert vgglab("--version")[:2] == (0, "vgglab 0.2.0\n")


def test_debug_lets_the_traceback_through(vgglab):
    with pytest.raises(Exception, match="no such file"):
        vgglab("train", "nowhere.yaml", "--debug")


@pytest.fixture
def small_disks(tmp_path):
    """Make file systems: `small_disks("600k")`."""
    made = []

    def make(size: str):
        disk = tmp_path / f"disk-{size}"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("only root can mount a small disk")
        made.append(disk)
        return disk

    yield make
    for disk in made:
        subprocess.run(["umount", disk], check=True)


@pytest.fixture
def small_disk(small_disks):
    """A file system with room for a run's first checkpoint and not much more."""
    return small_disks("130k")


def test_a_full_disk_is_one_line_and_keeps_what_was_trained(vgglab, small_disk):
    code, out, err = vgglab("train", "--limit=100", f"--model={NETWORK}", "--epochs=3", "--out", small_disk, "--name=r")
    assert (code, out) == (1, "") and err.count("\n") == 1 and "no space left on the device" in err
    run = load(small_disk / "r")
    assert run.status == "failed" and len(run.history) == 1 and not list(run.folder.glob(".*.keras"))
    assert load_classifier(run.folder / "last.keras").classes == [str(digit) for digit in range(10)]


EACH = f"""
import json, sys
from vgglab.cli.app import app
from vgglab.cli.console import run_command
for options in json.loads(sys.argv[1]):
    print(run_command(app, ["train", "--limit=100", "--model={NETWORK}", "--epochs=1", *options]))
"""  # in one process, as most of its time is spent importing


@pytest.mark.long
def test_wherever_a_disk_becomes_full_it_is_one_line(small_disks):
    disks = [small_disks(size) for size in ("80k", "140k", "250k", "440k")]
    options = json.dumps([[f"--out={disk}", "--name=r"] for disk in disks])
    done = subprocess.run([sys.executable, "-c", EACH, options], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.split() == ["1"] * 4  # HDF5 would have ended the process
    assert len(done.stderr.splitlines()) == done.stderr.count("no space left on the device") == 4
    assert not [left for disk in disks for left in disk.glob("**/.*[0-9]-*")]


@pytest.fixture
def as_others():
    """What to put before a command so that permissions hold for it; for root they do not."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("this user may write anywhere")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def test_a_folder_without_write_permission_is_one_line_and_code_1(as_others, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    options = [f"--out={closed}/runs"], ["--data=cifar10", f"--data-dir={closed}/data"]
    command = [*as_others, sys.executable, "-c", EACH, json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"KERAS_HOME": str(tmp_path)})
    assert (done.returncode, done.stdout) == (0, "1\n1\n") and done.stderr.count("\n") == 2
    assert all(str(closed) in line and "permission" in line.lower() for line in done.stderr.splitlines())
    assert not list(closed.iterdir())
