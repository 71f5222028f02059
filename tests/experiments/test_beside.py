"""Runs beside each other: in their order, so many at a time, a choice after its candidates; all of it ends at once."""

import threading

import pytest

import vgglab
from vgglab.config.study_file import Study, plan_runs
from vgglab.errors import RunError, UsageError
from vgglab.experiments.estimate import estimates_text, place
from vgglab.experiments.grid import shares
from vgglab.experiments.grid.beside import Order, work_beside
from vgglab.experiments.grid.child import Labelled
from vgglab.experiments.grid.room import room_of_workers
from vgglab.experiments.grid.shares import count_workers, share_out
from vgglab.experiments.study import order_of, run_study, want_only
from vgglab.keras_tools import threads
from vgglab.keras_tools.threads import threads_of
from vgglab.runs.record import HISTORY_FIELDS

RUNS = [{"name": name} for name in "abcd"]
CHOICE = {"name": "best", "select": {"best": "val_accuracy", "among": ["*"]}}
STUDY = Study(name="s", runs=[*RUNS, CHOICE, {"name": "last"}])
PLANNED = plan_runs(STUDY, {})


def pretend(folder, quiet):
    """A run that was never trained, and is done."""
    run = vgglab.load(folder)
    (folder / "history.csv").write_text(f"{','.join(HISTORY_FIELDS)}\n1,2.3,0.1,2.3,0.5,0.01,1.0,1\n")
    run.record.status = "finished"
    run.record.save(folder)


def test_two_workers_do_two_runs_at_a_time_and_a_choice_after_all_of_its_candidates(tmp_path):
    met, said, begun = threading.Barrier(2, timeout=60), [], []

    def train(folder, quiet):
        begun.append((folder.name, sum(one.status == "finished" for one in map(vgglab.load, tmp_path.glob("?")))))
        met.wait()
        pretend(folder, quiet)

    assert not run_study(STUDY, PLANNED, tmp_path, True, said.append, train, workers=2)
    assert dict(begun)["best"] == 4 and len(begun) == 6
    reason = "best: a has the best val_accuracy of 4 runs: 0.5000 in epoch 1; next is b with 0.5000"
    assert "[1/6] a" in said and reason in said


def test_a_run_whose_candidates_fail_has_nothing_to_choose_from_and_the_others_go_on(tmp_path):
    def train(folder, quiet):
        if folder.name == "last":
            return pretend(folder, quiet)
        raise RunError("no light")

    failures = run_study(STUDY, PLANNED, tmp_path, True, lambda line: None, train, workers=3)
    assert failures.keys() == {*"abcd", "best"} and vgglab.load(tmp_path / "last").status == "finished"


def test_what_is_not_wanted_is_neither_done_nor_waited_for():
    order = order_of(want_only(PLANNED, "d,best"))
    assert (order.ready(), order.ready()) == ("d", None)
    order.over("d")
    assert (order.take(), order.take()) == ("best", None)


def test_where_one_raises_the_others_are_stopped_and_nothing_more_begins():
    order, stopped, begun = Order({"a": [], "b": [], "c": ["a"]}), threading.Event(), []

    def work():
        begun.append(order.take())
        if begun[-1] == "b":
            raise KeyboardInterrupt
        return begun[-1] is not None and stopped.wait(60)

    with pytest.raises(KeyboardInterrupt):
        work_beside(work, 2, lambda: (order.close(), stopped.set()))
    assert sorted(begun) == ["a", "b"]


@pytest.fixture
def machine(monkeypatch):
    """A machine of some cores, with GPUs by name, on which nothing is set."""

    def make(cores: int, gpus: str = "", backend: str = "jax") -> None:
        for name in (*threads.VARIABLES.values(), threads.BESIDE, "JAX_PLATFORMS", "XLA_PYTHON_CLIENT_MEM_FRACTION"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", gpus)
        monkeypatch.setenv("KERAS_BACKEND", backend)
        monkeypatch.setattr(shares, "cores", lambda: cores)
        monkeypatch.setattr(shares, "package_version", {"jax-cuda12-plugin": "1", "torch": "2+cpu"}.get)

    return make


def test_cores_are_shared_out_evenly_and_one_worker_has_the_machine_as_it_is(machine, monkeypatch):
    machine(cores=7)
    assert share_out(1) == [{}]
    (share,) = {tuple(share.items()) for share in share_out(3)}
    assert dict(share) == dict.fromkeys((*threads.VARIABLES.values(), threads.BESIDE), "2")
    assert set(share_out(9)[8].values()) == {"1"}
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert share_out(2)[1]["OMP_NUM_THREADS"] == "5" and threads_of("torch") == 5 != threads_of("jax")


@pytest.mark.parametrize(
    ("gpus", "workers", "given"),
    [
        ("0,1", 2, ["0", "1"]),
        ("4,5,6,7", 2, ["4,5", "6,7"]),
        ("GPU-a,GPU-b", 3, ["GPU-a", "GPU-b", "GPU-a"]),
        ("-1", 2, [None, None]),
    ],
)
def test_gpus_are_shared_out_and_where_there_are_too_few_so_is_their_memory(machine, gpus, workers, given):
    machine(8, gpus)
    found = share_out(workers)
    assert [share.get("CUDA_VISIBLE_DEVICES") for share in found] == given
    assert [share.get("XLA_PYTHON_CLIENT_MEM_FRACTION") for share in found] == [
        None if workers < 3 else "0.38"
    ] * workers


@pytest.mark.parametrize(
    ("backend", "gpus", "devices", "workers"),
    [
        ("jax", "0,1,2", 1, 3),
        ("jax", "", 1, 1),
        ("torch", "0,1", 1, 1),
        ("tensorflow", "0,1", 1, 1),
        ("jax", "0,1", 2, 1),
    ],
)
def test_auto_is_a_run_on_each_gpu_that_the_backend_can_use_and_none_needs_for_more(
    machine, backend, gpus, devices, workers
):
    machine(8, gpus, backend)
    assert count_workers("auto", [one.config for one in plan_runs(STUDY, {"train.devices": devices})]) == workers


@pytest.mark.parametrize("asked", ["0", "-1", "two", "1.5", "9999", ""])
def test_workers_that_are_none_are_refused(asked):
    with pytest.raises(UsageError, match=rf"--workers is '{asked}'; expected how many"):
        count_workers(asked, [])


def test_a_dry_run_adds_up_for_workers_in_the_order_in_which_they_would_run():
    rows = [{"run": name, "seconds": seconds} for name, seconds in zip("abcd", (9, 2, 3, 1), strict=True)]
    rows += [{"run": "best", "seconds": 100}, {"run": "last", "seconds": 5}]
    place(rows, order_of(PLANNED), room := room_of_workers(2))
    assert [row["begins"] for row in rows] == [0, 0, 2, 5, 9, 6]
    assert estimates_text(rows, room).startswith("about 1 min 49 s on this machine with 2 workers")
    place(rows, order_of(PLANNED), room := room_of_workers(1))
    assert estimates_text(rows, room).startswith("about 2 min 00 s on this machine, from")


def test_lines_of_several_runs_begin_with_their_names_and_come_whole():
    written: list[str] = []
    stream = Labelled(type("Stream", (), {"write": staticmethod(written.append), "encoding": "utf-8"}), "a/seed-1")
    print("one\ntwo", end="", file=stream)
    assert written[-1] == "a/seed-1: one\n"
    print(" more", file=stream)
    assert written == ["a/seed-1: one\n", "a/seed-1: two more\n"]
    assert stream.encoding == "utf-8"
