"""Ways to have pictures decoded ahead of a network, all with the decoding that vgglab has.

    python benchmarks/decoding_ways.py FOLDER --size 224 --rounds 3

Each way reads every JPEG below FOLDER, in a process of its own, ways in turns: pictures/s after the first batch,
milliseconds of all processes' processors a picture, and seconds until the first batch. Grain (`pip install grain`) is
left out with `--ways serial threads pipes tf_data`.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from vgglab.datasets.decode import decode_in_thread, try_decode
from vgglab.datasets.layout import Pictures
from vgglab.datasets.parallel import cores, map_parallel
from vgglab.datasets.streamed import Decoder

BATCH, AHEAD = 64, 4

Way = Callable[[list[str], int], Iterator[np.ndarray]]


def stacked(images: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Images in batches."""
    while batch := list(islice(images, BATCH)):
        yield np.stack(batch)


def serial(files: list[str], size: int) -> Iterator[np.ndarray]:
    """One after the other."""
    return stacked(decode_in_thread(file, size) for file in files)


def threads(files: list[str], size: int) -> Iterator[np.ndarray]:
    """As vgglab does."""
    everything = Pictures(Path("/"), ("a",), tuple(files), np.zeros(len(files), np.int64), {}, False)
    decoder, rows = Decoder(everything, size), np.arange(len(files))
    coming = [decoder.begin(rows[start : start + BATCH]) for start in range(0, AHEAD * BATCH, BATCH)]
    for start in range(AHEAD * BATCH, len(files) + AHEAD * BATCH, BATCH):
        yield coming.pop(0).result()
        coming.append(decoder.begin(rows[start : start + BATCH]))


def pipes(files: list[str], size: int) -> Iterator[np.ndarray]:
    """Processes that send pixels back."""
    return stacked(map_parallel(partial(try_decode, size=size), files, cores()))


def grain_threads(files: list[str], size: int) -> Iterator[np.ndarray]:
    """Grain, its threads."""
    import grain

    decoded = grain.MapDataset.source(files).map(partial(decode_in_thread, size=size))
    reading = grain.ReadOptions(num_threads=cores(), prefetch_buffer_size=AHEAD * BATCH)
    return iter(decoded.to_iter_dataset(reading).batch(BATCH))


def grain_processes(files: list[str], size: int) -> Iterator[np.ndarray]:
    """Grain, its processes."""
    import grain
    from absl import flags

    flags.FLAGS.mark_as_parsed()
    batches = grain.MapDataset.source(files).map(partial(decode_in_thread, size=size)).batch(BATCH)
    reading = grain.ReadOptions(num_threads=1, prefetch_buffer_size=2)
    working = grain.MultiprocessingOptions(num_workers=cores(), per_worker_buffer_size=2)
    return iter(batches.to_iter_dataset(reading).mp_prefetch(working))


def tf_data(files: list[str], size: int) -> Iterator[np.ndarray]:
    """`tf.data`, the function in Python."""
    import tensorflow as tf

    def decoded(path):
        image = tf.numpy_function(lambda name: decode_in_thread(name.decode(), size), [path], tf.uint8)
        return tf.ensure_shape(image, (size, size, 3))

    paths = tf.data.Dataset.from_tensor_slices(files)
    batches = paths.map(decoded, num_parallel_calls=cores(), deterministic=True).batch(BATCH).prefetch(AHEAD)
    return (batch.numpy() for batch in batches)


WAYS: dict[str, Way] = {way.__name__: way for way in (serial, threads, pipes, grain_threads, grain_processes, tf_data)}


def measure(way: Way, folder: str, size: int) -> tuple[float, float, float]:
    """Pictures a second, processor milliseconds a picture, seconds until the first batch."""
    files = sorted(map(str, Path(folder).absolute().rglob("*.jpg")))
    files = [files[row] for row in np.random.default_rng(0).permutation(len(files))]
    used, started = _used(), time.perf_counter()
    batches = iter(way(files, size))
    next(batches)
    first = time.perf_counter()
    rest = sum(map(len, batches))
    rate = rest / (time.perf_counter() - first)
    return rate, 1000 * (_used() - used) / len(files), first - started


def _used() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _spread(figures: tuple[float, ...], digits: int) -> str:
    middle = statistics.median(figures)
    return f"{middle:,.{digits}f} ({min(figures):,.{digits}f} to {max(figures):,.{digits}f})"


def main() -> None:
    """Measure, and print a table for docs/results/scale.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(WAYS[arguments.one], arguments.folder, arguments.size)))
        return
    found: dict[str, list[tuple[float, ...]]] = {way: [] for way in arguments.ways}
    for _ in range(arguments.rounds):
        for way, rounds in found.items():
            command = [sys.executable, __file__, arguments.folder, "--size", str(arguments.size), "--one", way]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=os.environ)
            rounds.append(tuple(json.loads(done.stdout)))
    print("| way | pictures/s | processor ms a picture | first batch s |\n|---|---|---|---|")
    for way, rounds in found.items():
        rates, used, first = zip(*rounds, strict=True)
        print(f"| {way} | {_spread(rates, 0)} | {_spread(used, 2)} | {_spread(first, 2)} |")


if __name__ == "__main__":
    main()
