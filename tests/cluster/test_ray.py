"""A study on a real cluster of three machines: its driver is killed, then a machine; the bits are those of one."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_network import NETWORK

import vgglab
from vgglab.config.resolve import make_config
from vgglab.config.study_file import load_study, plan_runs
from vgglab.config.yaml_text import dump_yaml
from vgglab.experiments.grid.ray import Rays
from vgglab.experiments.study import run_study
from vgglab.runs.files import write_text
from vgglab.runs.store import load

cluster_utils = pytest.importorskip("ray.cluster_utils", reason="needs the extra ray")
pytestmark = pytest.mark.timeout(1800)

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NAMES = "abcdef"
CODE = ("source/held.py", "source/source.json")
SOON = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 1000, "health_check_failure_threshold": 3}
SOON |= {"worker_niceness": 0}  # else they wait for whatever else the machine does
STUDY = {
    "name": "six",
    "defaults": {
        "data": {"limit": 100},
        "model": {"name": f"{Path(__file__).parent / 'held.py'}:make"},
        "train": {"epochs": 4, "learning_rate": 0.1, "momentum": 0.9},
    },
    "runs": [{"name": name, "set": {"train.seed": seed}} for seed, name in enumerate(NAMES)],
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Three machines with a core each; two runs wait before the epoch that a file has."""
    with pytest.MonkeyPatch.context() as patch:
        held = tmp_path_factory.mktemp("cluster") / "held"
        held.write_text("2")
        for name, value in {
            "VGGLAB_TEST_HOLD": held,
            "TF_NUM_INTRAOP_THREADS": 1,
            "VGGLAB_DATA": tmp_path_factory.mktemp("data"),
            "RAY_USAGE_STATS_ENABLED": 0,
        }.items():
            patch.setenv(name, str(value))
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        made = cluster_utils.Cluster(
            True, head_node_args={"num_cpus": 1, "_system_config": SOON, "include_dashboard": False}
        )
        made.held = held
        for _ in range(2):
            made.add_node(num_cpus=1)
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def begun(cluster, tmp_path_factory):
    """The study's file, its folder, and what a run has that was finished when the driver was killed in mid-study."""
    out = tmp_path_factory.mktemp("runs")
    (out / "six.yaml").write_text(dump_yaml(STUDY))
    command = [
        sys.executable,
        "-m",
        "vgglab",
        "study",
        str(out / "six.yaml"),
        "--ray",
        cluster.address,
        "--name",
        "six",
    ]
    with subprocess.Popen([*command, "--out", str(out)], stderr=subprocess.PIPE, text=True) as driver:
        said = ""
        for line in driver.stderr:
            said += line
            done = [epochs_of(out / "six" / name) for name in NAMES]
            if done[0] == 4 and 2 in done[1:3] and load(out / "six" / "a").status == "finished":
                break
        driver.send_signal(signal.SIGKILL)
    assert load(out / "six" / "a").status == "finished", said
    while any(load(path.parent).status == "running" for path in (out / "six").glob("*/run.json")):
        time.sleep(0.1)  # what was cut off puts itself away
    return out / "six.yaml", out / "six", times(out / "six" / "a")


@pytest.fixture(scope="module")
def done(begun, cluster):
    """The folder of the study once it is done, and what was said; a machine of the cluster was killed in mid-run."""
    path, folder, _ = begun
    study, said = load_study(str(path)), []
    head, killed = cluster.head_node.node_id, []
    write_text(cluster.held, "3")  # whole: it is being read

    def kill(run, place):
        if not killed and run.name in "bc" and run.record.epochs_done == 3 and place.node != head:
            killed.append(run.record.name)
            cluster.remove_node(next(n for n in cluster.worker_nodes if n.node_id == place.node), allow_graceful=False)

    def say(line):
        said.append(line)
        if "machine is gone" in line:  # not before: what was on it lives on for a moment, and could do an epoch more
            cluster.held.unlink()

    with Rays(cluster.address, say, kill, sharing=False) as train:
        failures = run_study(study, plan_runs(study, {}), folder, True, said.append, train, len(NAMES))
    assert not failures and killed
    return folder, killed[0], said


def epochs_of(folder: Path) -> int:
    return load(folder).record.epochs_done if (folder / "run.json").exists() else 0


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != ".lock"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def left_with(text: str) -> list[str]:
    """The processes in whose environment there is a text, after the time that they may take to end."""
    until = time.monotonic() + 60
    while (left := processes_with(text)) and time.monotonic() < until:
        time.sleep(0.1)
    return left


def processes_with(text: str) -> list[str]:
    """The processes in whose environment there is a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            found += [path.parent.name] * (text.encode() in path.read_bytes())
    return found


def test_a_run_whose_machine_dies_goes_on_from_its_last_epoch_on_another(done):
    folder, killed, said = done
    assert f"  {killed}: its machine is gone; another goes on with it after epoch 3" in said, "\n".join(said)
    assert [vgglab.load(folder / name).status for name in NAMES] == ["finished"] * 6


def test_what_was_finished_when_the_driver_died_is_not_done_again(begun, done):
    assert times(done[0] / "a") == begun[2]


def test_killed_or_not_a_study_has_on_a_cluster_the_bits_that_it_has_on_one_machine(begun, done, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from same_runs import differences

    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    study = load_study(str(begun[0]))
    assert not run_study(study, plan_runs(study, {}), tmp_path / "six", True, lambda line: None)
    assert differences(tmp_path / "six", done[0]) == ["extra: report.html"] * (done[0] / "report.html").exists()


def test_weights_of_a_run_travel_with_their_code_to_a_machine_that_does_not_see_them(
    begun, cluster, tmp_path, monkeypatch
):
    monkeypatch.setattr("vgglab.experiments.grid.freight.listing", lambda place, beside=(): "seen by none")
    first = shutil.copytree(begun[1] / "a", tmp_path / "runs" / "first")
    monkeypatch.chdir(tmp_path)
    options = {"limit": 60, "weights": "run:first", "epochs": 1, "name": "next"}
    (run,) = vgglab.run_seeds(seeds=1, ray=cluster.address, out=tmp_path, progress="none", **options)
    (copy,) = Path(os.environ["VGGLAB_DATA"]).glob("travelled/*/best.keras")
    assert contents(copy) == {name: (first / name).read_bytes() for name in ("best.keras", *CODE)}
    assert run.status == "finished" and run.config.backbone.weights == "run:first"


def test_what_is_to_end_does_not_wait_for_pictures_that_are_being_read(monkeypatch, tmp_path):
    for name, stand_in in {"connect": print, "everywhere": print, "alive": lambda: [{"CPU": 1.0}]}.items():
        monkeypatch.setattr(f"vgglab.experiments.grid.ray.{name}", stand_in)
    rays, begun = Rays("auto", print), threading.Event()

    def read(freight, path):  # as of a folder that is large
        begun.set()
        while not time.sleep(0.01):
            freight.check()

    monkeypatch.setattr("vgglab.experiments.grid.freight.Freight._hash", read)
    (tmp_path / "cat.png").touch()
    config = make_config({"data": {"name": str(tmp_path)}})
    with ThreadPoolExecutor() as threads:
        bringing = threads.submit(rays.hold.bring, None, config)
        assert begun.wait(60) and not rays.stop()
        assert isinstance(bringing.exception(60), KeyboardInterrupt)


def test_ctrl_c_is_one_line_and_leaves_nothing_running_of_a_cluster_that_was_started_for_a_command(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("VGGLAB_TEST_MARK", str(tmp_path))
    command = [sys.executable, "-m", "vgglab", "train", "--model", NETWORK, "--limit=60", "--epochs=10000", "--name=c"]
    command += ["--seeds=1", "--ray=local", "--out", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as driver:
        assert next((line for line in driver.stderr if ": epoch " in line), "")
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does
        (said,) = [line for line in driver.stderr if ": epoch " not in line]
    assert driver.returncode == 130 and said.startswith("vgglab: interrupted; whole epochs are kept")
    assert vgglab.load(tmp_path / "c" / "seed-0").status == "interrupted"
    assert not left_with(str(tmp_path))
