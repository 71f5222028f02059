"""A benchmark needs what it was asked for to be installed, and nothing else."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "train_step.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("train_step", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("programs", "products"),
    [
        (["vgglab", "keras"], ["matmul-tensorflow"]),
        (["torch"], ["matmul-torch"]),
        (["keras", "torch"], ["matmul-tensorflow", "matmul-torch"]),
    ],
)
def test_only_the_libraries_of_the_programs_asked_for_are_needed(benchmark, programs, products):
    assert benchmark.contestants(programs) == programs + products


def test_what_is_not_installed_is_left_out_of_the_versions(benchmark, monkeypatch):
    monkeypatch.setattr("vgglab.runs.environment.PACKAGES", ("numpy", "not-installed"))
    assert "numpy" in benchmark.environment() and "not-installed" not in benchmark.environment()


def test_programs_of_one_library_are_built_and_run_without_another(benchmark, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    monkeypatch.setattr(benchmark, "MATMUL", 16)
    assert benchmark.job("keras", 0.03, False)(1) == benchmark.BATCH
    assert benchmark.job("matmul-tensorflow", 0.03, False)(2) == 2 * 2 * 16**3


@pytest.mark.long
def test_vgglab_trains_as_a_program_that_waits_for_its_turns():
    command = [sys.executable, SCRIPT, "--child", "vgglab", "--steps", "1", "--width", "0.03", "--batch-norm=off"]
    done = subprocess.run(command, input="go\n", capture_output=True, text=True)
    ready, rates = done.stdout.splitlines()
    assert done.returncode == 0 and ready == "ready" and min(json.loads(rates)) > 0
