"""Wall time of a study of six small runs on the digits, one after the other and beside each other, in turns.

    python benchmarks/beside.py --rounds 3 --workers 1 2

Each study is a command of its own, in a folder of its own. The order of the numbers of workers turns with the rounds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vgglab.keras_tools.threads import cores
from vgglab.runs.environment import installed_versions, processor_name

STUDY = """
name: six
defaults:
  data: {{name: digits}}
  model: {{width: {width}, batch_norm: true}}
  train: {{epochs: {epochs}, learning_rate: 0.1}}
runs: [{{name: run, matrix: {{train.seed: [1, 2, 3, 4, 5, 6]}}}}]
"""


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--width", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args()
    taken: dict[int, list[float]] = {count: [] for count in given.workers}
    for number in range(given.rounds):
        for count in given.workers if number % 2 == 0 else given.workers[::-1]:
            taken[count].append(seconds_of(count, STUDY.format(width=given.width, epochs=given.epochs)))
            print(f"round {number + 1}, {count} workers: {taken[count][-1]:.1f} s", file=sys.stderr)
    versions = ", ".join(f"{name} {version}" for name, version in installed_versions().items())
    print(f"{processor_name()}, {cores()} cores; {versions}; n = {given.rounds}\n")
    print("| workers | seconds, median | all | times as fast |\n|---|---|---|---|")
    first = statistics.median(taken[given.workers[0]])
    for count, seconds in taken.items():
        middle = statistics.median(seconds)
        told = ", ".join(f"{each:.1f}" for each in seconds)
        print(f"| {count} | {middle:.1f} | {told} | {first / middle:.2f} |")


def seconds_of(workers: int, study: str) -> float:
    """Wall time of the command that does the study from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "six.yaml").write_text(study)
        command = [sys.executable, "-m", "vgglab", "study", "six.yaml", "--workers", str(workers)]
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, env=dict(os.environ), check=True, capture_output=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
