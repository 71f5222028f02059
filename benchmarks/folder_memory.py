"""Memory and speed of training on a folder of pictures: peak memory by number of pictures, decoding by cores.

    python benchmarks/folder_memory.py --counts 1000 10000 50000 --rounds 5

Each number of pictures is loaded by a process of its own: listed, split, decoded into the cache, hashed for the
record of the split, and read once in random batches, as an epoch does. Its peak is the resident memory the kernel
saw, mapped pages included; that of its decoding processes is told apart. Then photos are decoded by one process, two,
and so on to all cores, in turns.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from vgglab.datasets import load_data
from vgglab.datasets.decode import try_decode
from vgglab.datasets.parallel import map_parallel
from vgglab.datasets.split import split_text
from vgglab.keras_tools.threads import cores

CLASSES, SIDE, BATCH = 10, 64, 64
PHOTO, PHOTOS, PHOTO_SIDE, FEW = (500, 375), 2000, 224, 64


def write_pictures(folder: Path, count: int, size: tuple[int, int]) -> Path:
    """JPEGs of soft noise, no two alike, in `CLASSES` classes."""
    random = np.random.default_rng(0)
    for name in range(CLASSES):
        (folder / f"class {name}").mkdir(parents=True)
    for number in range(count):
        noise = Image.fromarray(random.integers(0, 256, (16, 16, 3), dtype=np.uint8))
        noise.resize(size, Image.Resampling.BILINEAR).save(folder / f"class {number % CLASSES}" / f"{number}.jpg")
    return folder


def measure_folder(folder: Path) -> dict[str, float]:
    """Load a folder and read an epoch of it in this process: seconds and peak megabytes."""
    before, started = _peak(resource.RUSAGE_SELF), time.perf_counter()
    dataset = load_data(str(folder), image_size=SIDE)
    loaded = time.perf_counter()
    sum(map(len, split_text(dataset)))
    hashed = time.perf_counter()
    order = np.random.default_rng(0).permutation(len(dataset.train))
    for start in range(0, len(order), BATCH):
        dataset.train.images[order[start : start + BATCH]].sum()
    return {
        "start": before,
        "peak": _peak(resource.RUSAGE_SELF),
        "worker": _peak(resource.RUSAGE_CHILDREN),
        "load": loaded - started,
        "hash": hashed - loaded,
        "epoch": time.perf_counter() - hashed,
    }


def measure_decoding(folder: Path, rounds: int) -> dict[int, list[tuple[float, ...]]]:
    """Workers -> for each round the figures of `decode_all`, the start of the processes taken off."""
    files = sorted(map(str, folder.rglob("*.jpg")))
    figures: dict[int, list[tuple[float, ...]]] = {workers: [] for workers in range(1, cores() + 1)}
    for _ in range(rounds):
        for workers, found in figures.items():
            few, all_of_them = decode_all(files[:FEW], workers), decode_all(files, workers)
            seconds = (more - less for less, more in zip(few, all_of_them, strict=True))
            found.append(tuple(1000 * each / (len(files) - FEW) for each in seconds))
    return figures


def decode_all(files: list[str], workers: int) -> tuple[float, float, float]:
    """Seconds on the clock, of this process's processor time, and of that of the processes it started."""
    started, own, others = time.perf_counter(), _used(resource.RUSAGE_SELF), _used(resource.RUSAGE_CHILDREN)
    for _ in map_parallel(partial(try_decode, size=PHOTO_SIDE), files, workers):
        pass
    return (
        time.perf_counter() - started,
        _used(resource.RUSAGE_SELF) - own,
        _used(resource.RUSAGE_CHILDREN) - others,
    )


def _peak(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024  # kilobytes on Linux


def _used(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def in_process(folder: Path, home: Path) -> dict[str, float]:
    """`measure_folder` in a process of its own, with a cache of its own."""
    command = [sys.executable, __file__, "--one", str(folder)]
    done = subprocess.run(command, env=os.environ | {"VGGLAB_DATA": str(home)}, capture_output=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    """Measure, and print tables for docs/results/folders.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure_folder(arguments.one)))
        return
    versions = ", ".join(f"{name} {version(name)}" for name in ("vgglab", "pillow", "numpy"))
    print(f"{cores()} cores, Python {platform.python_version()}, {versions}\n")
    with tempfile.TemporaryDirectory() as place:
        print("| pictures | peak MB | before MB | a worker's peak MB | decoded images MB | load s | hash s | epoch s |")
        print("|---|---|---|---|---|---|---|---|")
        for count in arguments.counts:
            folder = write_pictures(Path(place) / str(count), count, (128, 96))
            m = in_process(folder, Path(place) / "home")
            print(
                f"| {count:,} | {m['peak']:.0f} | {m['start']:.0f} | {m['worker']:.0f} "
                f"| {count * SIDE**2 * 3 / 1e6:,.0f} | {m['load']:.1f} | {m['hash']:.2f} | {m['epoch']:.2f} |",
                flush=True,
            )
        photos = write_pictures(Path(place) / "photos", PHOTOS, PHOTO)
        print("\n| processes | pictures/s | processor ms a picture: the processes | the one that collects |")
        print("|---|---|---|---|")
        for workers, found in measure_decoding(photos, arguments.rounds).items():
            clock, own, others = zip(*found, strict=True)
            rates = _spread([1000 / milliseconds for milliseconds in clock], 0)
            if workers == 1:
                own, others = others, own  # nothing is started for one
            print(f"| {workers} | {rates} | {_spread(others, 2)} | {_spread(own, 2)} |")


def _spread(figures: Sequence[float], digits: int) -> str:
    low, high = min(figures), max(figures)
    return f"{statistics.median(figures):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


if __name__ == "__main__":
    main()
