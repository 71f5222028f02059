"""The whole lab, eleven runs, from cold: nothing is compiled or computed beforehand; seconds of each run.

    KERAS_BACKEND=jax python benchmarks/gpu/lab.py --seconds 330 --out results

Where ImageNet's weights are not at hand, `--weights none` gives the pretrained networks first weights by chance: they
take the same time, and their accuracies say nothing.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from common import Row, keep, parse, say, settings, show

from vgglab.config.study_file import load_study
from vgglab.config.yaml_text import dump_yaml
from vgglab.report.compare import find_runs

PUT_AWAY = 20  # seconds that a study has to put itself away, when its time is over


def study_text(weights: str) -> str:
    """The lab's file, with other weights for its pretrained networks where these are named."""
    tree = load_study("vgg16-lab").model_dump(exclude_defaults=True)
    for step in tree["runs"]:
        if weights and "backbone.name" in step.get("set", {}):
            step["set"]["backbone.weights"] = weights
    return dump_yaml(tree)


def spoken(command: list[str], folder: Path, seconds: float) -> Iterator[tuple[float, str]]:
    """Lines that a command says on stderr, each with the seconds since it began; it is ended after `seconds`."""
    environment = os.environ | {"VGGLAB_CACHE": str(folder / "cache"), "PYTHONUNBUFFERED": "1"}
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment)
    end = threading.Timer(seconds, process.terminate)
    end.start()
    with contextlib.closing(process.stderr) as lines:
        for line in lines:
            yield time.perf_counter() - started, line.rstrip()
    end.cancel()
    yield time.perf_counter() - started, f"code {process.wait()}"


def main(arguments: Sequence[str] | None = None) -> list[Row]:
    """Do the study in a process of its own, and read its folder."""
    given = parse(__doc__, arguments, weights="", only="*")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "lab.yaml").write_text(study_text(given.weights), encoding="utf-8")
        options = [f"--set={field}={value}" for field, value in settings(given).items()]
        command = [sys.executable, "-m", "vgglab", "study", str(folder / "lab.yaml"), "--out", str(folder / "runs")]
        said = []
        for at, line in spoken([*command, "--only", given.only, *options], folder, max(1, given.seconds - PUT_AWAY)):
            say(f"{at:6.1f} {line}")
            said.append((at, line))
        rows = rows_of(said, folder / "runs", given)
        keep(given, "lab", rows, weights=given.weights, lines=said, seconds=round(said[-1][0], 1))
    show(rows)
    print(f"the whole: {said[-1][0]:.1f} s, {said[-1][1]}")
    return rows


def rows_of(said: list[tuple[float, str]], folder: Path, given: Namespace) -> list[Row]:
    """A row a run: its seconds in epochs and in all, from where the study names it to where it names the next."""
    marks = [(at, line.partition("] ")[2]) for at, line in said if line.startswith("[")]
    ends = [at for at, _ in marks[1:]] + [said[-1][0]]
    whole = {name: end - at for (at, name), end in zip(marks, ends, strict=True)}
    return [
        {
            "run": run.name,
            "status": run.status,
            "epochs": run.record.epochs_done,
            "in epochs": round(run.record.seconds, 1),
            "whole": round(whole[run.name], 1),
            "first epoch": run.history[0]["seconds"] if run.history else None,
            "val_accuracy": run.best["val_accuracy"] if run.best else None,
        }
        for run in sorted(find_runs([folder]), key=lambda run: list(whole).index(run.name))
    ]


if __name__ == "__main__":
    main()
