"""What `vgglab.check` costs: seconds on the clock, and processor seconds, in which other processes do not count.

    python benchmarks/checking.py --rounds 3

Each round checks each network once, with new weights, on noise: the first round warms up the backend where there are
several. No row may be one that could not be done.
"""

import argparse
import os
import platform
import statistics
import time

import vgglab
from vgglab.keras_tools.backend import import_keras

EXAMPLES, CLASSES = 64, 1000


def networks() -> dict:
    """Name -> (a function that makes the network, shape of its inputs)."""
    import keras

    def small() -> keras.Model:
        layers = [keras.Input((64,)), keras.layers.Dense(128, "relu"), keras.layers.Dense(CLASSES, "softmax")]
        return keras.Sequential(layers)

    return {
        "two dense layers, 64 columns": (small, (64,)),
        "VGG-16, 32x32": (lambda: vgglab.vgg16((32, 32, 3), CLASSES), (32, 32, 3)),
        "ResNet-50, 224x224": (lambda: keras.applications.ResNet50(weights=None), (224, 224, 3)),
    }


def seconds_of(make, shape: tuple[int, ...]) -> tuple[float, float, str]:
    """Seconds and processor seconds of a check, and what it says of learning by heart."""
    import numpy as np

    random = np.random.default_rng(0)
    x, y = random.random((EXAMPLES, *shape), dtype="float32"), random.integers(0, CLASSES, EXAMPLES)
    model = make()
    model.compile("adam", "sparse_categorical_crossentropy")
    started, used = time.perf_counter(), time.process_time()
    found = vgglab.check(model, x[:48], y[:48], validation_data=(x[48:], y[48:]))
    taken = time.perf_counter() - started, time.process_time() - used
    assert "undone" not in [row.verdict for row in found.rows], str(found)
    return *taken, next(found.seen(row) for row in found.rows if row.check == "by_heart")


def spread(values: list[float]) -> str:
    """`1.2 (1.1 to 1.4)`: median, least, largest."""
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    from vgglab.runs.environment import installed_versions, processor_name

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="Part of the names of the networks to check.")
    given = parser.parse_args()
    import_keras()
    import keras

    versions = installed_versions()
    shown = {name: versions[name] for name in ("keras", keras.backend.backend()) if name in versions}
    print(
        f"{processor_name()}, {os.cpu_count()} cores, Python {platform.python_version()}, {shown}, n = {given.rounds}"
    )
    print("| network | seconds | processor seconds | learnt by heart |\n|---|---|---|---|")
    for name, (make, shape) in networks().items():
        if given.only in name:
            rounds = [seconds_of(make, shape) for _ in range(given.rounds)]
            clock, processors, said = zip(*rounds, strict=True)
            print(f"| {name} | {spread(clock)} | {spread(processors)} | {said[-1]} |", flush=True)


if __name__ == "__main__":
    main()
