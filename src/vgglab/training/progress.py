"""What a person or a machine is told while a network trains."""

import json
import sys
import time
from typing import Any, Literal

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vgglab.runs.record import MEASURES

ProgressMode = Literal["auto", "lines", "json", "none"]


def make_progress(mode: ProgressMode, images: int, batch_size: int, epochs: int) -> list[keras.callbacks.Callback]:
    """The callbacks that tell of the progress: a live line on a terminal, JSON lines, or nothing.

    Args:
        mode: `auto` (live on a terminal, else quiet), `lines` (one an epoch, on stderr), `json` (one object an epoch,
            on stdout) or `none`.
        images: training images in an epoch.
        batch_size: images per step.
        epochs: epochs in all.
    """
    if mode == "json":
        return [JsonProgress()]
    if mode == "lines":
        return [LineProgress(images, epochs)]
    if mode == "auto" and sys.stderr.isatty():
        return [LiveProgress(images, batch_size, epochs)]
    return []


class JsonProgress(keras.callbacks.Callback):
    """One JSON object per epoch on stdout."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        seconds = round(time.perf_counter() - self.started, 3)
        emit({"event": "epoch", "epoch": epoch + 1, **measures(logs or {}), "seconds": seconds})


class LineProgress(keras.callbacks.Callback):
    """A line for each epoch that is done."""

    def __init__(self, images: int, epochs: int):
        super().__init__()
        self.images, self.epochs = images, epochs
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        seconds = time.perf_counter() - self.started
        left = seconds * (self.epochs - epoch - 1)
        figures = " ".join(f"{name} {value:.4f}" for name, value in measures(logs or {}).items())
        self.console.print(
            f"epoch {epoch + 1}/{self.epochs} {figures} {self.images / seconds:,.0f} images/s "
            f"{format_seconds(seconds)}, {format_seconds(left)} left"
        )


class LiveProgress(LineProgress):
    """A live line for the running epoch, too."""

    def __init__(self, images: int, batch_size: int, epochs: int):
        super().__init__(images, epochs)
        self.batch_size = batch_size

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
        )
        self.task = self.bar.add_task("", total=self.images, epoch=epoch + 1, epochs=self.epochs, figures="")
        self.bar.start()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        done = min((batch + 1) * self.batch_size, self.images)
        rate = done / (time.perf_counter() - self.started)
        figures = f"loss {float(logs['loss']):.4f} accuracy {float(logs['accuracy']):.4f} {rate:,.0f} images/s"
        self.bar.update(self.task, completed=done, figures=figures)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.close()
        super().on_epoch_end(epoch, logs)

    def close(self) -> None:
        """Take the live line away; safe to call twice."""
        self.bar.stop()


def close_progress(callbacks: list[keras.callbacks.Callback]) -> None:
    """Leave the terminal as it was, whatever ended the training."""
    for callback in callbacks:
        if isinstance(callback, LiveProgress) and hasattr(callback, "bar"):
            callback.close()


def tell(mode: ProgressMode, text: str) -> None:
    """A line for a person on stderr, in the mode that is for persons."""
    if mode == "auto":
        print(f"vgglab: {text}", file=sys.stderr, flush=True)


def emit(event: dict[str, Any]) -> None:
    """One line of JSON on stdout, at once."""
    print(json.dumps(event), flush=True)


def measures(logs: dict[str, float]) -> dict[str, float]:
    """The four figures of an epoch, in their order, those that are there."""
    return {name: round(float(logs[name]), 6) for name in MEASURES if name in logs}


def format_seconds(seconds: float) -> str:
    """`41 s`, `12 min 05 s`, `3 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
