"""Pictures that `vgglab predict` scores a second, by engine and against another checkout; a Markdown table.

    python benchmarks/scoring.py runs/quarter --photos PHOTOS --pictures 2000 --rounds 5 --old ../before/src

JPEGs of 500 x 375 pixels are made of the photos. Every round runs each command once, in turn, in a process of its own,
so that what else the machine does meets them alike; processor seconds (of the command and all it starts) are told
beside those of the clock, which other programs lengthen.
"""

import argparse
import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

from PIL import Image, ImageOps

SIZE = (500, 375)
SETTLED = 500  # pictures that are decoded before the clock starts: processes take a while to be there
HEADER = (
    "| | pictures | s by the clock | s of the processor | pictures/s | largest process, MB |\n|---|---|---|---|---|---|"
)
SOURCE = Path(__file__).parents[1] / "src"


def make_pictures(photos: Path, folder: Path, count: int) -> float:
    """Write JPEGs; returns their mean size in kB."""
    encoded = []
    for path in sorted(path for path in photos.rglob("*") if path.is_file()):
        buffer = io.BytesIO()
        ImageOps.fit(Image.open(path).convert("RGB"), SIZE).save(buffer, "JPEG", quality=85)
        encoded.append(buffer.getvalue())
    for number in range(count):
        (folder / f"{number:06}.jpg").write_bytes(encoded[number % len(encoded)])
    return sum(map(len, encoded)) / len(encoded) / 1000


def measured(command: list, source: Path) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of the processor, and the largest process in MB."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(source)}, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(said.decode())
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


def commands_of(run: Path, given: list, out: Path, old: Path | None) -> Iterator[tuple[str, list, Path]]:
    """Name, command and source of what is compared; a file that is written is new each time."""
    predict = [sys.executable, "-m", "vgglab", "predict", run, *given]
    if old:
        yield "before", [*predict, "--csv", out], old
    for engine in ("keras", "onnx"):
        yield engine, [*predict, "--csv", out, "--engine", engine], SOURCE
    yield "onnx, Parquet", [*predict, "-o", out.with_suffix(".parquet"), "--engine", "onnx"], SOURCE


def compare(run: Path, folder: Path, rounds: int, old: Path | None) -> None:
    """Print rows: one picture, and all of them."""
    for given in ([folder / "000000.jpg"], [folder]):
        number = 1 if given[0].is_file() else len(list(folder.iterdir()))
        taken = {}
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as place:
                for name, command, source in commands_of(run, given, Path(place) / "out.csv", old):
                    for left in Path(place).iterdir():
                        left.unlink()
                    taken.setdefault(name, []).append(measured(command, source))
        for name, rows in taken.items():
            clock, processor, memory = zip(*rows, strict=True)
            rate = f"{number / statistics.median(clock):,.0f}" if number > 1 else ""
            print(
                f"| {name} | {number:,} | {told(clock)} | {told(processor)} | {rate} | {max(memory):,.0f} |", flush=True
            )


def compare_decoders(folder: Path, side: int, rounds: int) -> None:
    """Print rows: what decodes the pictures on all cores, threads or processes."""
    from vgglab.datasets.decode import try_decode
    from vgglab.datasets.parallel import map_parallel
    from vgglab.keras_tools.threads import cores

    files, decode = sorted(map(str, folder.iterdir())), partial(try_decode, size=side)
    ways = {"processes": lambda: map_parallel(decode, files), "threads": lambda: threads.map(decode, files)}
    taken = {name: [] for name in ways}
    with ThreadPoolExecutor(cores()) as threads:
        for _ in range(rounds):
            for name, way in ways.items():
                pictures = way()
                deque(islice(pictures, SETTLED), maxlen=0)
                begun = time.perf_counter()
                assert not any(isinstance(picture, str) for picture in pictures)
                taken[name].append((len(files) - SETTLED) / (time.perf_counter() - begun))
    for name, rates in taken.items():
        print(f"| {name} | {side} | {told(rates, 0)} |", flush=True)


def told(values: tuple[float, ...] | list[float], digits: int = 2) -> str:
    median, low, high = statistics.median(values), min(values), max(values)
    return f"{median:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def main() -> None:
    from vgglab.exporting.kept import open_kept
    from vgglab.runs.environment import installed_versions, package_version, processor_name

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--old", type=Path, help="the src folder of another checkout")
    parser.add_argument("--decoders", action="store_true", help="compare what decodes, and nothing else")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        kilobytes = make_pictures(arguments.photos, Path(place), arguments.pictures)
        print(f"{arguments.pictures:,} JPEGs of {SIZE[0]}x{SIZE[1]}, {kilobytes:.0f} kB; n = {arguments.rounds} rounds")
        print(f"{processor_name()}, {os.cpu_count()} cores, Python {platform.python_version()}, {installed_versions()}")
        print(f"onnxruntime {package_version('onnxruntime')}, load before {os.getloadavg()[0]:.1f}\n")
        if arguments.decoders:
            print("| decoded by | side | pictures/s |\n|---|---|---|")
            for side in (32, 224):
                compare_decoders(Path(place), side, arguments.rounds)
            return
        open_kept(arguments.run, tell=print)
        print(HEADER)
        compare(arguments.run, Path(place), arguments.rounds, arguments.old)
    print(f"\nload after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
