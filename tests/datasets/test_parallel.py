"""Work in other processes: in order, with little waiting, and nothing left running."""

import operator
import os
import signal
from functools import partial

import pytest

from vgglab.datasets import parallel
from vgglab.datasets.parallel import map_parallel
from vgglab.errors import DataError


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_order(workers):
    assert list(map_parallel(partial(operator.mul, 3), range(1000), workers)) == list(range(0, 3000, 3))


def test_nothing_is_started_for_a_few_items():
    assert set(map_parallel(partial(operator.call, os.getpid), [])) == set()
    assert set(map_parallel(eval, ["__import__('os').getpid()"] * 5)) == {os.getpid()}


def test_several_processes_work():
    pids = set(map_parallel(eval, ["__import__('time').sleep(0.001) or __import__('os').getpid()"] * 500, 2))
    assert len(pids) == 2 and os.getpid() not in pids


def test_items_are_taken_only_as_results_are(monkeypatch):
    asked = []
    ask_one = parallel._ask_one
    monkeypatch.setattr(parallel, "_ask_one", lambda idle, items: asked.append(len(items)) or ask_one(idle, items))
    results = map_parallel(abs, range(100_000), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert sum(asked) <= 6 * parallel.CHUNK
    results.close()


def test_processes_end_with_the_one_who_asks():
    results = map_parallel(eval, ["__import__('os').getpid()"] * 1000, 2)
    pid = next(results)
    results.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_a_function_prints_is_no_result(capfd):
    assert list(map_parallel(eval, ["print('noise', flush=True) or 5"] * 40, 2)) == [5] * 40
    assert "noise" in capfd.readouterr().err


def test_a_process_that_is_killed_is_one_line_with_advice():
    killing = f"__import__('os').kill(__import__('os').getpid(), {int(signal.SIGKILL)})"
    with pytest.raises(DataError, match=r"a process that reads pictures died \(code -9\): free some memory"):
        list(map_parallel(eval, [killing] * 64, 2))


def test_ctrl_c_is_not_for_the_processes():
    interrupted = "__import__('os').kill(__import__('os').getpid(), 2) or 7"
    assert list(map_parallel(eval, [interrupted] * 40, 2)) == [7] * 40
