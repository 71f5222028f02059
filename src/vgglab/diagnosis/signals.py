"""The callback that records what a diagnosis needs while a network trains; `records.py` says what its lines hold."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.diagnosis.probe import (
    Gradients,
    Prober,
    describe_model,
    describe_predictions,
    kernel_arrays,
    relative_changes,
    score,
    targets_for,
)
from vgglab.diagnosis.records import read_signals, short, write_signals

__all__ = ["SignalRecorder", "read_signals"]

PROBE_IMAGES = 64  # of each half, validation and training
GRADIENT_IMAGES = 32
SAMPLED_STEPS = (1, 2, 4, 16, 64, 256)  # of the first epoch, from 1


class SignalRecorder(keras.callbacks.Callback):
    """Records a line before the first step and one after each epoch; see `diagnosis.records`.

    It looks at `self.model` as it is given, so `probe` and `seen` are whatever that model takes: images, or features
    where only a head is fitted. It should come before a callback that stops at a loss that is not finite.

    Args:
        path: the `signals.jsonl` to write.
        probe: validation inputs of the model; the first PROBE_IMAGES are used.
        epochs_done: epochs that an earlier process trained; their lines are kept, later ones dropped.
        labels: class numbers of `probe`, for losses; None for none.
        seen: training inputs and their class numbers, of which the first PROBE_IMAGES are used; None for none.
        data: what `data_signals` found.
    """

    def __init__(
        self,
        path: Path,
        probe: np.ndarray,
        epochs_done: int = 0,
        labels: np.ndarray | None = None,
        seen: tuple[np.ndarray, np.ndarray] | None = None,
        data: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.path, self.data, self.starts = path, data, epochs_done == 0
        self.halves = [("validation", _first(probe), None if labels is None else _first(labels))]
        if seen is not None:
            self.halves.append(("training", _first(seen[0]), _first(seen[1])))
        self.inputs = np.concatenate([inputs for _, inputs, _ in self.halves])
        self.lines = [line for line in read_signals(path) if line["epoch"] <= epochs_done]
        self.line: dict[str, Any] = {}

    def on_train_begin(self, logs: dict | None = None) -> None:
        started = time.perf_counter()
        self.prober = Prober(self.model)
        self.kernels, self.moving = kernel_arrays(self.model), self.moving_means()
        if self.starts and not self.lines:
            self.line = {"epoch": 0, "model": describe_model(self.model)}
            self.line |= {"data": self.data} if self.data is not None else {}
            self.line |= self.probe_signals() | self.gradient_signals()
            self.finish(started)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.first = epoch == 0
        self.line = {"epoch": epoch + 1}
        self.running_loss, self.cost = 0.0, 0.0
        self.step_losses: list[float | None] = []

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        if self.first and batch and batch + 1 in SAMPLED_STEPS:
            with self.timed():
                self.before = kernel_arrays(self.model)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if self.first:
            self.record_step(batch, loss)
        if not math.isfinite(loss):
            self.line["nonfinite"] = {"step": batch + 1, "loss": str(loss), "layers": self.broken_layers()}
            self.finish(time.perf_counter())

    def record_step(self, batch: int, loss: float) -> None:
        """Keep a step's loss and, for a few, how much it changed the kernels."""
        total = loss * (batch + 1)  # Keras reports the mean over the epoch so far
        self.step_losses.append(short(total - self.running_loss))
        self.running_loss = total
        self.line["step_loss"] = self.step_losses
        if batch + 1 in SAMPLED_STEPS:
            with self.timed():
                changes = relative_changes(self.before if batch else self.kernels, kernel_arrays(self.model))
            if batch == 0:
                self.line["first_update"] = changes
            else:
                self.line.setdefault("step_update", {})[str(batch + 1)] = changes

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        started = time.perf_counter()
        kernels, moving = kernel_arrays(self.model), self.moving_means()
        self.line["update"] = relative_changes(self.kernels, kernels)
        if moving:
            self.line["moving_update"] = {name: moved(self.moving[name], now) for name, now in moving.items()}
            self.line |= self.initial_statistics()
        self.kernels, self.moving = kernels, moving
        self.line |= self.probe_signals()
        if self.first:
            self.line |= self.gradient_signals()
        self.finish(started)

    def probe_signals(self) -> dict[str, Any]:
        """What the probe shows: inside the network, and of its predictions."""
        signals, outputs = self.prober.run(self.inputs)
        signals |= describe_predictions(outputs)
        signals["norm"] = {name: short(float(np.linalg.norm(kernel))) for name, kernel in self.kernels.items()}
        start = 0
        for name, inputs, labels in self.halves:
            own = outputs[start : start + len(inputs)]
            start += len(inputs)
            if labels is not None:
                signals[name] = score(own, labels)
        if self.line.get("epoch"):
            signals.pop("input", None)  # it does not change: line 0 has it
        return signals

    def gradient_signals(self) -> dict[str, Any]:
        """The gradient by each kernel, relative to it, on inputs that have labels; none where none fit the model."""
        _, inputs, labels = self.halves[-1]
        if labels is None or not 0 <= labels.min() <= labels.max() < self.model.output_shape[-1]:
            return {}
        if not self.kernels:
            return {}
        self.gradients = getattr(self, "gradients", None) or Gradients(self.model)
        targets = targets_for(self.model, labels[:GRADIENT_IMAGES])
        return {"gradient": self.gradients.ratios(inputs[:GRADIENT_IMAGES], targets)}

    def moving_means(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Layer name -> moving mean and deviation of each BatchNormalization."""
        return {
            layer.name: (
                np.array(ops.convert_to_numpy(layer.moving_mean)),
                np.sqrt(ops.convert_to_numpy(layer.moving_variance) + layer.epsilon),
            )
            for layer in self.prober.norms.values()
        }

    def initial_statistics(self) -> dict[str, float]:
        """Share of the initial values that the slowest moving statistics of layers that train still hold."""
        momentum = max((layer.momentum for layer in self.prober.norms.values() if layer.trainable), default=None)
        if momentum is None:
            return {}
        return {"initial_statistics": round(momentum ** int(ops.convert_to_numpy(self.model.optimizer.iterations)), 5)}

    def broken_layers(self) -> list[str]:
        """Layers whose kernels hold NaN or infinity."""
        return [name for name, kernel in kernel_arrays(self.model).items() if not np.isfinite(kernel).all()]

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the block's time as recording."""
        started = time.perf_counter()
        yield
        self.cost += time.perf_counter() - started

    def finish(self, started: float) -> None:
        """Close the line and write the file."""
        self.line["seconds"] = round(time.perf_counter() - started + getattr(self, "cost", 0.0), 3)
        self.lines.append(self.line)
        write_signals(self.path, self.lines)


def moved(before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]) -> float | None:
    """Median change of the moving means of a layer, in moving deviations."""
    return short(float(np.median(np.abs(after[0] - before[0]) / before[1])))


def _first(values: np.ndarray) -> np.ndarray:
    return np.asarray(values[:PROBE_IMAGES])
