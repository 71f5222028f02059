"""What the command line costs before it does anything, and what a listing costs for each run.

    python benchmarks/starting.py --rounds 7

Every round measures every command once, in processor seconds: what else the machine does is not in them. Each is told
beside an empty Python in the same rounds, as the ratio of medians.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 100


def seconds_of(arguments: list[str]) -> float:
    """Processor seconds of a Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_runs(parent: Path, count: int) -> Path:
    """Folders of runs that were not trained, 20 epochs each."""
    from vgglab.config.resolve import make_config
    from vgglab.runs.files import write_csv
    from vgglab.runs.record import HISTORY_FIELDS
    from vgglab.runs.store import create_run

    for number in range(count):
        folder, _ = create_run(make_config({"name": f"run-{number}", "train": {"seed": number}}), parent)
        rows = [(epoch, 2.3, 0.1, 2.3, 0.1, 0.1, 2.0, 1) for epoch in range(1, 21)]
        write_csv(folder / "history.csv", HISTORY_FIELDS, [dict(zip(HISTORY_FIELDS, row, strict=True)) for row in rows])
    return parent


def main() -> None:
    from vgglab.runs.environment import installed_versions, processor_name

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        one, many = (str(write_runs(Path(folder) / str(count), count)) for count in (1, RUNS))
        commands = {
            "an empty Python": ["-c", "pass"],
            "vgglab --help": ["-m", "vgglab", "--help"],
            "vgglab train --help": ["-m", "vgglab", "train", "--help"],
            "vgglab compare, 1 run": ["-m", "vgglab", "compare", one],
            f"vgglab compare, {RUNS} runs": ["-m", "vgglab", "compare", many],
        }
        taken = {name: [] for name in commands}
        for _ in range(rounds):
            for name, arguments in commands.items():
                taken[name].append(seconds_of(arguments))
    print(f"{processor_name()}, {os.cpu_count()} cores, Python {platform.python_version()}, {installed_versions()}")
    print(f"n = {rounds} rounds; processor seconds, median (min to max)\n")
    empty = statistics.median(taken["an empty Python"])
    print("| command | seconds | / an empty Python |\n|---|---|---|")
    for name, values in taken.items():
        middle = statistics.median(values)
        print(f"| {name} | {middle:.2f} ({min(values):.2f} to {max(values):.2f}) | {middle / empty:.1f} |")


if __name__ == "__main__":
    main()
