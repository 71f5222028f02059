"""Training speed of VGG-16 at 32x32, batch 64, SGD: vgglab, plain Keras, plain PyTorch, in turns.

    python benchmarks/train_step.py --rounds 7 --steps 4

Each program lives in its own process, which blocks on its standard input while another is measured. Every
round measures every program once, from another one on each time. A figure counts the whole of `fit`, its end
included; processor seconds are shown beside it, as a wait that is no work shows only in the wall clock.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

BATCH, CLASSES, RATE = 64, 10, 0.1
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
# Each program and the library whose matrix product it is held against; no other library is needed.
PROGRAMS = {"vgglab": "tensorflow", "keras": "tensorflow", "torch": "torch", "torch-channels-last": "torch"}
MATMUL = 2048
LAB_STEPS = 625  # of an epoch of the lab: 40,000 images in batches of 64
Job = Callable[[int], float]  # steps -> work done: images, or floating-point operations


def data(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images (N, 32, 32, 3) uint8 and labels (N,) int64 for a number of steps."""
    random = np.random.default_rng(0)
    count = steps * BATCH
    return random.integers(0, 256, (count, 32, 32, 3), dtype="uint8"), random.integers(0, CLASSES, count)


def vgglab_job(width: float, batch_norm: bool) -> Job:
    """vgglab as people run it: signals, progress and checkpoints on.

    A round is an epoch of one single `fit`. What comes once an epoch (validation apart: checkpoint, signals)
    counts as it would in the lab's epoch of 40,000 images, not in one of a few steps.
    """
    import vgglab
    from vgglab.datasets.dataset import Part
    from vgglab.engines.fit import fit
    from vgglab.experiments.run import resolve_config, start_model, watch
    from vgglab.runs.record import RunRecord
    from vgglab.training.checkpoint import Checkpoint
    from vgglab.training.part import make_part
    from vgglab.training.phases import begin_phase, remaining
    from vgglab.training.progress import LiveProgress

    options = {"width": width, "batch_norm": batch_norm, "learning_rate": RATE, "epochs": 1_000}
    config = resolve_config(None, options)
    folder, record = Path(tempfile.mkdtemp()), RunRecord("benchmark", "running", "")
    turns = take_turns()

    def train(steps: int) -> None:
        dataset = vgglab.load_data("digits", limit=BATCH)
        images, labels = data(steps)
        dataset = replace(dataset, train=Part(images, labels, labels))
        model, (stretch,) = start_model(config, dataset), remaining(config.phases, 0)
        begin_phase(model, config, stretch.phase, len(images))
        part = make_part(model, dataset, config, "none")
        checkpoint = Checkpoint(folder, model, dataset, [], record)
        callbacks = watch(checkpoint, config, dataset, part, stretch, "none")
        callbacks += [LiveProgress(len(images), BATCH, config.train.epochs), turns]
        fit(part, BATCH, stretch.epochs, 0, callbacks)

    def work(steps: int) -> float:
        if not turns.started:
            turns.started = True
            threading.Thread(target=train, args=[steps], daemon=True).start()
        start = time.perf_counter()
        turns.go.release()
        turns.done.acquire()
        whole = time.perf_counter() - start
        once = whole - turns.stepping - turns.validating
        return steps * BATCH * whole / (turns.stepping + once * steps / LAB_STEPS)

    return work


def take_turns() -> Any:
    """A callback that waits for its turn before each epoch, and clocks the steps and the validation."""
    import keras

    class Turns(keras.callbacks.Callback):
        started, go, done = False, threading.Semaphore(0), threading.Semaphore(0)

        def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
            self.go.acquire()
            self.begun, self.validating = time.perf_counter(), 0.0

        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            self.stepping = time.perf_counter() - self.begun

        def on_test_begin(self, logs: dict | None = None) -> None:
            self.test_begun = time.perf_counter()

        def on_test_end(self, logs: dict | None = None) -> None:
            self.validating = time.perf_counter() - self.test_begun

        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            self.done.release()

    return Turns()


def keras_job(width: float, batch_norm: bool) -> Job:
    """What a good student writes with Keras."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)])
    for filters, depth in BLOCKS:
        for _ in range(depth):
            model.add(layers.Conv2D(int(filters * width), 3, padding="same", activation="relu"))
            if batch_norm:
                model.add(layers.BatchNormalization())
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    for _ in range(2):
        model.add(layers.Dense(int(4096 * width), activation="relu"))
    model.add(layers.Dense(CLASSES, activation="softmax"))
    model.compile(keras.optimizers.SGD(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"])

    def work(steps: int) -> float:
        images, labels = data(steps)
        model.fit(images, labels, batch_size=BATCH, verbose=0)
        return len(images)

    return work


def torch_model(width: float, batch_norm: bool):
    """The same network in PyTorch, channels first."""
    from torch import nn

    layers, channels = [], 3
    for filters, depth in BLOCKS:
        for _ in range(depth):
            layers += [nn.Conv2d(channels, int(filters * width), 3, padding=1), nn.ReLU()]
            channels = int(filters * width)
            if batch_norm:
                layers.append(nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01))
        layers.append(nn.MaxPool2d(2))
    layers.append(nn.Flatten())
    for _ in range(2):
        layers += [nn.Linear(channels, int(4096 * width)), nn.ReLU()]
        channels = int(4096 * width)
    return nn.Sequential(*layers, nn.Linear(channels, CLASSES))


def torch_job(width: float, batch_norm: bool, channels_last: bool = False) -> Job:
    """The standard PyTorch loop; loss and accuracy are counted as `fit` counts them."""
    import torch

    torch.manual_seed(0)
    order = torch.channels_last if channels_last else torch.contiguous_format
    model = torch_model(width, batch_norm).to(memory_format=order)
    optimizer, loss_of = torch.optim.SGD(model.parameters(), RATE), torch.nn.CrossEntropyLoss()

    def work(steps: int) -> float:
        images, labels = (torch.from_numpy(array) for array in data(steps))
        shuffled, total, right = torch.randperm(len(images)), 0.0, 0
        for rows in shuffled.split(BATCH):
            batch = images[rows].permute(0, 3, 1, 2).float().div(255).contiguous(memory_format=order)
            optimizer.zero_grad()
            logits = model(batch)
            loss = loss_of(logits, labels[rows])
            loss.backward()
            optimizer.step()
            total, right = total + loss.item(), right + (logits.argmax(1) == labels[rows]).sum().item()
        return len(images)

    return work


def matmul_job(library: str) -> Job:
    """Square fp32 matrix products; returns floating-point operations."""
    values = np.random.default_rng(0).normal(size=(MATMUL, MATMUL)).astype("float32")
    if library == "tensorflow":
        import tensorflow as tf

        matrix = tf.constant(values)
        multiply = lambda: tf.matmul(matrix, matrix).numpy()  # noqa: E731
    else:
        import torch

        matrix = torch.from_numpy(values)
        multiply = lambda: matrix @ matrix  # noqa: E731

    def work(steps: int) -> float:
        for _ in range(steps):
            multiply()
        return steps * 2.0 * MATMUL**3

    return work


def job(name: str, width: float, batch_norm: bool) -> Job:
    """The program of that name, built."""
    if name.startswith("matmul-"):
        return matmul_job(name.removeprefix("matmul-"))
    if name.startswith("torch"):
        return torch_job(width, batch_norm, name == "torch-channels-last")
    return {"vgglab": vgglab_job, "keras": keras_job}[name](width, batch_norm)


def contestants(programs: list[str]) -> list[str]:
    """The programs that were asked for, and the matrix products of their libraries."""
    return [*programs, *sorted({f"matmul-{PROGRAMS[name]}" for name in programs})]


def child(name: str, width: float, batch_norm: bool, steps: int) -> None:
    """Warm up, then do one measured piece of work for each line of standard input."""
    threading.excepthook = end_process
    work = job(name, width, batch_norm)
    work(steps)
    print("ready", flush=True)
    for _ in sys.stdin:
        processor, start = time.process_time(), time.perf_counter()
        done = work(steps)
        wall = time.perf_counter() - start
        print(json.dumps([done / wall, done / (time.process_time() - processor)]), flush=True)


def end_process(failure: threading.ExceptHookArgs) -> None:
    """Let a program whose thread failed end, as it would be waited for without end."""
    sys.excepthook(failure.exc_type, failure.exc_value, failure.exc_traceback)
    os._exit(1)


def start(name: str, args: argparse.Namespace, batch_norm: bool) -> subprocess.Popen:
    """A child that has warmed up and waits."""
    call = [sys.executable, __file__, "--child", name, "--steps", str(args.steps), "--width", str(args.width)]
    call.append("--batch-norm=on" if batch_norm else "--batch-norm=off")
    env = os.environ | {"KERAS_BACKEND": "tensorflow"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(call, **pipes, text=True, env=env)
    if process.stdout.readline().strip() != "ready":
        raise SystemExit(f"the program {name!r} did not start; run it alone with --child to see why")
    return process


def measure(names: list[str], args: argparse.Namespace, batch_norm: bool) -> dict[str, list[list[float]]]:
    """[per wall second, per processor second] of each program in each round."""
    children, rates = {name: start(name, args, batch_norm) for name in names}, {name: [] for name in names}
    for number in range(args.rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            children[name].stdin.write("go\n")
            children[name].stdin.flush()
            rates[name].append(json.loads(children[name].stdout.readline()))
            print(f"round {number + 1} {name}: {rates[name][-1][0]:.3g}/s", file=sys.stderr)
    for process in children.values():
        process.stdin.close()
        process.wait()
    return rates


def flops_per_image(width: float) -> float:
    """Operations to train on one image: forward, and twice that backward; two to a multiply-add."""
    side, channels, total = 32, 3, 0.0
    for filters, depth in BLOCKS:
        for _ in range(depth):
            total += side * side * 9 * channels * int(filters * width)
            channels = int(filters * width)
        side //= 2
    wide = int(4096 * width)
    return 3 * 2 * (total + channels * wide + wide * wide + wide * CLASSES)


def summarise(rates: dict[str, list[list[float]]], width: float) -> list[dict]:
    """A row per program: images/s, ratio of its median to each other's, share of the matrix product."""
    wall = {name: [pair[0] for pair in pairs] for name, pairs in rates.items()}
    middle = {name: statistics.median(values) for name, values in wall.items()}
    product = max(value for name, value in middle.items() if name.startswith("matmul-"))
    programs = [name for name in rates if not name.startswith("matmul-")]
    return [
        {
            "program": name,
            "images_per_second": [middle[name], min(wall[name]), max(wall[name])],
            "images_per_processor_second": statistics.median(pair[1] for pair in rates[name]),
            "ratios": {other: middle[name] / middle[other] for other in programs},
            "share_of_matmul": middle[name] * flops_per_image(width) / product,
            "matmul_gflops": product / 1e9,
        }
        for name in programs
    ]


def environment() -> dict:
    """Hardware, and the versions of what is installed."""
    from vgglab.runs.environment import installed_versions, processor_name

    cpu = {"cpu": processor_name(), "cores": os.cpu_count()}
    return cpu | {"python": platform.python_version()} | installed_versions()


def markdown(results: dict) -> str:
    """The results as a Markdown block."""
    lines = [", ".join(f"{key} {value}" for key, value in results["environment"].items())]
    lines.append(f"`{results['command']}`; n = {results['rounds']} rounds; median (min to max)")
    for label, rows in results["tables"].items():
        others = list(rows[0]["ratios"])
        lines += ["", f"{label}; matrix product {rows[0]['matmul_gflops']:.0f} GFLOP/s", ""]
        heads = ["program", "images/s", "images/processor-s", *(f"/ {name}" for name in others), "of matmul"]
        lines += ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
        for row in rows:
            middle, low, high = row["images_per_second"]
            cells = [row["program"], f"{middle:.1f} ({low:.1f} to {high:.1f})"]
            cells += [f"{row['images_per_processor_second']:.1f}"]
            cells += [f"{row['ratios'][name]:.3f}" for name in others] + [f"{row['share_of_matmul']:.0%}"]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4, help="training steps a program does in a round")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--batch-norm", choices=("on", "off", "both"), default="both")
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--json", type=Path, help="write every round's figures here")
    parser.add_argument("--markdown", type=Path, help="write the Markdown block here")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    args = parse()
    if args.child:
        return child(args.child, args.width, args.batch_norm == "on", args.steps)
    names = contestants(args.programs)
    results = {
        "environment": environment(),
        "command": " ".join(["python", *sys.argv]),
        "rounds": args.rounds,
    }
    raw, tables = {}, {}
    for on in {"on": (True,), "off": (False,), "both": (False, True)}[args.batch_norm]:
        label = f"{'with' if on else 'without'} BatchNormalization"
        raw[label] = measure(names, args, on)
        tables[label] = summarise(raw[label], args.width)
    results["tables"] = tables
    print(markdown(results))
    if args.json:
        args.json.write_text(json.dumps(results | {"raw": raw}, indent=1))
    if args.markdown:
        args.markdown.write_text(markdown(results) + "\n")


if __name__ == "__main__":
    main()
