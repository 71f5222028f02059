"""What several tests share: a tiny training run on the built-in digits, done once."""

import atexit
import gc
import os
import shutil
import signal
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_network import NETWORK

import vgglab  # before any test imports Keras: it chooses the kernels that TensorFlow computes with
from vgglab.__main__ import SELDOM

if os.environ.get("KERAS_BACKEND") == "jax" and "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    # Nearly all of the time is XLA's compiling: less thorough it takes a third, and each network is compiled once.
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="vgglab-tests-")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.1"
    os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # else each program that is read back says on stderr how it was made
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)

# Where the tests were started with Ctrl-C ignored, as a shell does for what it puts in the background, the processes
# that they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)

gc.set_threshold(*SELDOM)  # as on the command line

TINY = {"model": NETWORK, "limit": 100, "learning_rate": 0.1, "epochs": 3}

SCORES = {"class": "a", "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 10}
METRICS = {"schema": 1, "n": 10, "accuracy_interval": [0.2, 0.9], "loss": None, "loss_interval": None}
METRICS |= {"per_class": [SCORES], "most_confused": []}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more worker than cores: now and then one waits for a process that it started."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is marked as long comes first, so that no core waits for it at the end, and may take its time."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(2400))
    gc.freeze()  # what was imported stays: not to be looked through again and again


@pytest.fixture(scope="session")
def tiny() -> dict:
    """Options of a run that takes seconds."""
    return dict(TINY)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A finished run; tests that change its folder make a copy."""
    return vgglab.run(**TINY, name="trained", out=tmp_path_factory.mktemp("runs"), progress="none")


@pytest.fixture(scope="session")
def vgg(tmp_path_factory):
    """A finished run of the lab's network, for what looks at its layers."""
    network = {"width": 0.05, "batch_norm": True, "dropout": 0.2}
    return vgglab.run(**network, limit=100, epochs=1, name="vgg", out=tmp_path_factory.mktemp("runs"), progress="none")


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory):
    """Features of frozen layers are kept below the tests' own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VGGLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))  # which code was trained with
        yield


@pytest.fixture
def write_run(tmp_path):
    """Write a run folder without training: `write_run("a", losses=[2.3, 1.1], options={"epochs": 3})`.

    The training loss is `losses`, the validation loss a half more, the validation accuracy `accuracies`.
    """
    from vgglab.config.resolve import from_options, make_config
    from vgglab.runs.files import write_csv, write_json
    from vgglab.runs.record import HISTORY_FIELDS
    from vgglab.runs.store import Run, create_run

    def write(name, losses=(), accuracies=None, options=None, test_accuracy=None, status="finished", parent=tmp_path):
        folder, _ = create_run(make_config({"name": name}, from_options(options or {})), parent)
        pairs = zip(losses, accuracies or [0.5] * len(losses), strict=True)
        rows = [(epoch, loss, 0.6, loss + 0.5, good, 0.1, 2.0, 1) for epoch, (loss, good) in enumerate(pairs, 1)]
        write_csv(folder / "history.csv", HISTORY_FIELDS, [dict(zip(HISTORY_FIELDS, row, strict=True)) for row in rows])
        if test_accuracy is not None:
            write_json(folder / "metrics.json", METRICS | {"accuracy": test_accuracy})
        run = Run(folder)
        run.record.status, run.record.epochs_done, run.record.seconds = status, len(rows), 2.0 * len(rows)
        run.record.parameters, run.record.flops = {"total": 1234, "trainable": 1200, "frozen": 34}, 5678
        run.record.save(folder)
        return Run(folder)

    return write


TASK = {"kind": "regression", "form": "values", "columns": 1, "classes": None, "guess_loss": 2.0}
TASK |= {"least": -3.0, "largest": 3.0, "mean": 0.1, "deviation": 1.4}
CLASSES = {"kind": "classes", "form": "numbers", "columns": 1, "classes": 3, "guess_loss": 1.0986}
OUTPUTS = {"least": -1.0, "largest": 1.0, "mean": 0.0, "deviation": 0.5, "between": 0.5}
WATCHED_MODEL = {
    "layers": [{"name": "dense", "kind": "Dense", "trainable": True}],
    "optimizer": "adam",
    "loss": "mean_squared_error",
    "from_logits": False,
    "outputs": 1,
    "softmaxes": 0,
}


@pytest.fixture(scope="session")
def watch_in():
    """Write the folder of a watched run without training: `watch_in(folder, "a", [2.0, 0.5], [2.1, 0.6])`.

    A regression with training and validation losses; of three classes where there are validation `accuracies`.
    """
    from vgglab.config.watched import make_watched_config
    from vgglab.diagnosis.records import write_signals
    from vgglab.runs.store import Run
    from vgglab.runs.watched import create_watched_run

    def write(parent, name, losses, val_losses=None, accuracies=None, status="finished", **train):
        known = {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 32, "loss": "mean_squared_error"}
        tree = {"name": name, "model": {"class": "Sequential", "layers": 2, "parameters": 97}, "train": known | train}
        run = create_watched_run(parent / name, make_watched_config(tree))
        for loss, val_loss, good in zip(losses, val_losses or losses, accuracies or [None] * len(losses), strict=True):
            run.add_epoch({"loss": loss, "val_loss": val_loss, "accuracy": good, "val_accuracy": good}, 0.01, 0.5)
        lines = [
            {"epoch": epoch, "norm": {"dense": 1.0}, "dead": {}, "outputs": dict(OUTPUTS)}
            for epoch in range(len(losses) + 1)
        ]
        task, outputs = (CLASSES, 3) if accuracies else (TASK, 1)
        lines[0] |= {"task": task, "model": WATCHED_MODEL | {"outputs": outputs}}
        write_signals(run.folder / "signals.jsonl", lines)
        run.end(status)
        return Run(run.folder)

    return write


@pytest.fixture
def write_watched(watch_in, tmp_path):
    """The same in a folder of the test's own: `write_watched("a", [2.0, 0.5])`."""
    return partial(watch_in, tmp_path)


@pytest.fixture
def told(capfd):
    """Call the command line: (exit code, stdout, stderr)."""
    from vgglab.cli.app import app
    from vgglab.cli.console import run_command

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run_command(app, [str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return call


@pytest.fixture
def make_folder(tmp_path, monkeypatch):
    """Write a folder of noise pictures, no two alike: `make_folder({"cats": 3, "dogs": 4})`."""
    monkeypatch.setenv("VGGLAB_DATA", str(tmp_path / "home"))

    def make(counts: dict[str, int], name: str = "pictures", size: tuple[int, int] = (24, 20), suffix="png") -> Path:
        for folder, count in counts.items():
            (tmp_path / name / folder).mkdir(parents=True)
            for number in range(count):
                write_noise(tmp_path / name / folder / f"{number:03}.{suffix}", size)
        return tmp_path / name

    return make


def write_noise(path: Path, size: tuple[int, int]) -> None:
    """A picture that is a function of its path's end."""
    random = np.random.default_rng(list("/".join(path.parts[-3:]).encode()))
    blocks = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    blocks.resize(size, Image.Resampling.NEAREST).save(path)
