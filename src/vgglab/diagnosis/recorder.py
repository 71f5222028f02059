"""What every recording of a training has in common: steps of the first epoch, moving statistics, and what it costs."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.diagnosis.kernels import Kernels, kernel_arrays, relative_changes, sizes
from vgglab.diagnosis.probe import Prober
from vgglab.diagnosis.records import short, write_signals

SAMPLED_STEPS = (1, 2, 4, 16, 64, 256)  # of the first epoch, from 1


class Recorder(keras.callbacks.Callback):
    """Records lines; a subclass says what is looked at, and when.

    Args:
        path: the `signals.jsonl` to write; None for none.
        lines: those that there are already.

    Attributes:
        lines: what was recorded.
        prober: looks into the network; a subclass makes it.
        kernels: of the last look.
    """

    prober: Prober
    kernels: Kernels

    def __init__(self, path: Path | None, lines: list[dict[str, Any]]):
        super().__init__()
        self.path, self.lines = path, lines
        self.line: dict[str, Any] = {}
        self.cost, self.running_loss, self.steps_done = 0.0, 0.0, 0
        self.before: Kernels = {}
        self.step_losses: list[float | None] = []

    def begin_line(self, epoch: int, first: bool) -> None:
        """A new line, of an epoch counted from 1; of the `first` one the steps are recorded."""
        self.first, self.line = first, {"epoch": epoch}
        self.running_loss, self.steps_done, self.cost, self.step_losses = 0.0, 0, 0.0, []

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        if self.first and batch and batch + 1 in SAMPLED_STEPS:
            with self.timed():
                self.before = self.copied_kernels()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        loss = (logs or {}).get("loss")
        loss = None if loss is None else float(loss)
        if self.first:
            self.record_step(batch, loss)
        if loss is not None and not math.isfinite(loss):
            self.record_break(batch, loss)

    def record_step(self, batch: int, loss: float | None) -> None:
        """Keep the mean loss of the steps since the last call, mostly one, and for a few how much it changed kernels.

        Args:
            batch: the last step, from 0.
            loss: mean over the epoch so far, as Keras reports it; None where a training has no such number.
        """
        steps, self.steps_done = batch + 1 - self.steps_done, batch + 1
        if loss is not None:
            total = loss * (batch + 1)
            self.step_losses.append(short((total - self.running_loss) / steps))
            self.running_loss = total
            self.line["step_loss"] = self.step_losses
        if steps > 1 or batch + 1 not in SAMPLED_STEPS:
            return
        with self.timed():
            changes = relative_changes(self.before if batch else self.kernels, self.copied_kernels())
        if batch == 0:
            self.line["first_update"] = changes
        else:
            self.line.setdefault("step_update", {})[str(batch + 1)] = changes

    def record_break(self, batch: int, loss: float) -> None:
        """The loss is no number any more: the line ends here."""
        self.line["nonfinite"] = {"step": batch + 1, "loss": str(loss), "layers": self.broken_layers()}
        self.finish(time.perf_counter())

    def record_changes(self) -> None:
        """How far kernels and moving statistics came since the last look."""
        kernels, moving = self.copied_kernels(), self.moving_means()
        self.line["update"] = relative_changes(self.kernels, kernels)
        if moving:
            self.line["moving_update"] = {name: moved(self.moving[name], now) for name, now in moving.items()}
            self.line |= self.initial_statistics()
        self.kernels, self.moving = kernels, moving

    def norms(self) -> dict[str, float | None]:
        """Layer name -> 2-norm of its kernel."""
        return sizes(self.kernels)

    def copied_kernels(self) -> Kernels:
        """A copy of the kernel of each layer that trains."""
        return kernel_arrays(self.model)

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
        self.line["seconds"] = round(time.perf_counter() - started + self.cost, 3)
        self.lines.append(self.line)
        if self.path is not None:
            write_signals(self.path, self.lines)


def moved(before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]) -> float | None:
    """Median change of the moving means of a layer, in moving deviations."""
    return short(float(np.median(np.abs(after[0] - before[0]) / before[1])))
