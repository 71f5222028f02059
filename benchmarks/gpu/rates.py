"""Images a second of VGG-16 with BatchNormalization: vgglab, plain Keras, raw PyTorch; 40,000 images an epoch.

    KERAS_BACKEND=jax python benchmarks/gpu/rates.py --seconds 230 --out results

vgglab is measured as people run it: 10,000 validation images, signals and checkpoints in its epochs. Keras and
PyTorch do nothing but train. Each figure is that of the median epoch after the first.
"""

import importlib.util
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import Clock, Row, keep, known, parse, say, settings, show, train

EPOCHS = 4
# Program -> precision, batch size, further settings of a run of vgglab's. By priority, with the seconds each may take.
VGGLAB = {
    "vgglab": ("float32", 64, {}),
    "vgglab bf16, 512": ("bfloat16", 512, {}),
    "vgglab bf16": ("bfloat16", 64, {}),
    "vgglab, not resident": ("float32", 64, {"train.resident": "off"}),
}
KERAS = {"keras": ("float32", 64), "keras bf16, 512": ("bfloat16", 512)}
TORCH = {"torch tf32": ("float32", 64), "torch bf16, 512": ("bfloat16", 512)}
NEEDED = 45  # seconds for a row, most of them to compile
ORDER = ("vgglab", "keras", "vgglab bf16, 512", "vgglab bf16", "torch", "keras bf16, 512", "vgglab, not resident")


def vgglab_row(name: str, given: Namespace) -> Row:
    """A run of EPOCHS epochs."""
    precision, batch_size, more = VGGLAB[name]
    tree = {"model.batch_norm": True, "train.learning_rate": 0.1, "train.epochs": EPOCHS} | more
    return train(tree | {"train.precision": precision, "train.batch_size": batch_size} | settings(given))


def keras_row(name: str, given: Namespace) -> Row:
    """Keras's `fit` on arrays, of the same network."""
    import keras

    from vgglab.config.resolve import make_config
    from vgglab.datasets.load import read_data
    from vgglab.experiments.run import start_model

    precision, batch_size = KERAS[name]
    config = make_config({}, known({"model.batch_norm": True} | settings(given)))
    part = (dataset := read_data(config)).train
    keras.config.set_dtype_policy(precision if precision == "float32" else f"mixed_{precision}")
    try:
        model = start_model(config, dataset)
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return clocked(lambda: model.fit(part.images, part.labels, batch_size=batch_size, verbose=0), len(part.labels))
    finally:
        keras.config.set_dtype_policy("float32")


def torch_row(precision: str, batch_size: int, count: int, width: float) -> Row:
    """The standard loop of PyTorch, images on the device, channels last."""
    import torch

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from train_step import torch_model

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
    images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, device=device)
    labels = torch.randint(0, 10, (count,), device=device)
    model = torch_model(width, True).to(device, memory_format=torch.channels_last)
    optimizer, loss_of = torch.optim.SGD(model.parameters(), 0.1), torch.nn.CrossEntropyLoss()
    half = torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16")

    def epoch() -> None:
        total = torch.zeros((), device=device)
        for rows in torch.randperm(count, device=device).split(batch_size):
            batch = images[rows].to(torch.float32, memory_format=torch.channels_last) / 255
            optimizer.zero_grad()
            with half:
                loss = loss_of(model(batch), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        total.item()

    return clocked(epoch, count)


def clocked(epoch: Callable[[], Any], images: int) -> Row:
    """An epoch, done EPOCHS times."""
    seconds = []
    for _ in range(EPOCHS):
        started = time.perf_counter()
        epoch()
        seconds.append(time.perf_counter() - started)
    middle = float(np.median(seconds[1:] or seconds))
    return {"first": round(seconds[0], 3), "epoch": round(middle, 3), "images_per_second": round(images / middle)}


def torch_rows(given: Namespace) -> list[Row]:
    """PyTorch's rows, from a process of its own: JAX does not give back the memory that it has."""
    if importlib.util.find_spec("torch") is None:
        return [{"program": name, "status": "torch is not installed"} for name in TORCH]
    command = [sys.executable, __file__, "--torch", f"{given.images},{given.width}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=max(1, given.clock.left()))
    if done.returncode:
        return [{"program": name, "status": done.stderr.strip().splitlines()[-1]} for name in TORCH]
    numbers = [line.split("\t") for line in done.stdout.strip().splitlines()]
    return [
        {"program": name, "first": float(first), "epoch": float(epoch), "images_per_second": int(rate)}
        for name, first, epoch, rate in numbers
    ]


def rows_of(name: str, given: Namespace) -> list[Row]:
    """The rows of a program; what fails is a row that says so."""
    say(f"{name}, {given.clock.left():.0f} s left")
    try:
        if name == "torch":
            return torch_rows(given)
        return [{"program": name} | (keras_row if name in KERAS else vgglab_row)(name, given)]
    except Exception as error:
        return [{"program": name, "status": f"{type(error).__name__}: {error}"}]


def main(arguments: Sequence[str] | None = None) -> list[Row]:
    """Measure what there is time for."""
    given = parse(__doc__, arguments, torch="", images=40_000, width=1.0, programs=";".join(ORDER))
    if given.torch:  # in the process of its own
        count, width = given.torch.split(",")
        for name, (precision, batch_size) in TORCH.items():
            row = torch_row(precision, batch_size, int(count), float(width))
            print(name, row["first"], row["epoch"], row["images_per_second"], sep="\t")
        return []
    given.clock, rows = Clock(given.seconds), []
    for name in given.programs.split(";"):
        rows += rows_of(name, given) if given.clock.allows(NEEDED) else [{"program": name, "status": "no time left"}]
        keep(given, "rates", rows)
    show(rows)
    return rows


if __name__ == "__main__":
    main()
