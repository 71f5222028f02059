"""Pictures decoded on the way: what starting and memory cost by number of pictures, and pictures/s beside kept ones.

    python benchmarks/streamed.py --start FOLDER FOLDER ...
    python benchmarks/streamed.py --rates FOLDER --size 224 --rounds 5

`--start` trains a small VGG-16 on each folder in a process of its own, up to step STEPS, and tells seconds to the end
of the first step, the listing apart, and the peak of resident memory. `--rates` reads batches in the order of an
epoch, both ways in turns, in one process and in two at once, each of which reads all of it; rates of two are added.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS, BATCH = 100, 64


def measure_start(folder: str) -> dict[str, float]:
    """Seconds and peak megabytes of a training that is stopped after STEPS steps."""
    import vgglab
    from vgglab.config.schema import DataConfig
    from vgglab.datasets.layout import find_pictures
    from vgglab.engines import fit

    ends: list[tuple[float, float]] = []

    def note(self, batch: int, logs: dict | None = None) -> None:
        ends.append(_clocks())
        if len(ends) == STEPS:
            raise KeyboardInterrupt

    fit.StopOnNonFinite.on_train_batch_end = note
    began = _clocks()
    count = len(find_pictures(DataConfig(name=folder)).files)
    listed, listing = _peak(), [now - then for now, then in zip(_clocks(), began, strict=True)]
    began = _clocks()
    with tempfile.TemporaryDirectory() as out:
        common = {"width": 0.05, "image_size": 32, "batch_size": BATCH, "progress": "none", "out": out}
        try:
            vgglab.run(data=folder, stream="on", epochs=1, **common)
        except KeyboardInterrupt:
            record = next(Path(out).glob("*/split.json")).stat().st_size
    first, used = (ends[0][clock] - began[clock] - listing[clock] for clock in (0, 1))
    told = {"count": count, "listing": listing[0], "first": first, "used": used, "listed": listed, "record": record}
    return told | {"peak": _peak()}


def measure_rates(folder: str, size: int, rounds: int) -> list[tuple[float, float]]:
    """Of each round pictures a second of an epoch, the first batch apart: those that are kept, then on the way."""
    from vgglab.datasets import load_data
    from vgglab.training.batches import Batches, in_turn

    parts = [load_data(folder, image_size=size, stream=stream).train for stream in ("off", "on")]
    rates = []
    for seed in range(rounds):
        found = []
        for part in parts:
            batches = in_turn(Batches(part.images, part.labels, BATCH, seed=seed))
            next(batches)
            started = time.perf_counter()
            count = sum(len(images) for images, _ in batches if images.any())
            found.append(count / (time.perf_counter() - started))
        rates.append(tuple(found))
    return rates


def in_processes(count: int, *arguments: str) -> list[dict]:
    """What so many processes at once print."""
    command = [sys.executable, __file__, *arguments]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) for _ in range(count)]
    return [json.loads(process.communicate()[0]) for process in running]


def _clocks() -> tuple[float, float]:
    """Seconds on the clock, and of the processor."""
    return time.perf_counter(), time.process_time()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux


def tell_starts(folders: list[str]) -> None:
    """Print a row a folder."""
    print(
        "| pictures | listing s | from it to the end of step 1, s | processor s | peak MB | listed MB | split.json MB |"
    )
    print("|---|---|---|---|---|---|---|")
    for folder in folders:
        (m,) = in_processes(1, "--one", folder)
        cells = [f"{m[name]:.1f}" for name in ("listing", "first", "used")]
        cells += [f"{m['peak']:.0f}", f"{m['listed']:.0f}", f"{m['record'] / 1e6:.1f}"]
        print(f"| {m['count']:,} | {' | '.join(cells)} |", flush=True)


def tell_rates(folder: str, size: int, rounds: int) -> None:
    """Print a row for one process and one for two."""
    print(f"| size | processes | kept, pictures/s | decoded on the way, pictures/s | ratio of medians (n = {rounds}) |")
    print("|---|---|---|---|---|")
    for processes in (1, 2):
        each = in_processes(processes, "--rate", folder, str(size), str(rounds))
        kept, streamed = (
            [sum(rates) for rates in zip(*way, strict=True)] for way in zip(*map(_turned, each), strict=True)
        )
        ratio = statistics.median(streamed) / statistics.median(kept)
        print(f"| {size} | {processes} | {_spread(kept)} | {_spread(streamed)} | {ratio:.2g} |", flush=True)


def _turned(rounds: list[tuple[float, float]]) -> list[tuple[float, ...]]:
    return list(zip(*rounds, strict=True))


def _spread(figures: list[float]) -> str:
    return f"{statistics.median(figures):,.0f} ({min(figures):,.0f} to {max(figures):,.0f})"


def main() -> None:
    """Measure, and print tables for docs/results/scale.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", nargs="+", default=[])
    parser.add_argument("--rates")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--rate", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure_start(arguments.one)))
    elif arguments.rate:
        folder, size, rounds = arguments.rate
        print(json.dumps(measure_rates(folder, int(size), int(rounds))))
    else:
        if arguments.start:
            tell_starts(arguments.start)
        if arguments.rates:
            tell_rates(arguments.rates, arguments.size, arguments.rounds)


if __name__ == "__main__":
    main()
