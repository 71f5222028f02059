"""The callback that records what a diagnosis needs while a run trains; `records.py` says what its lines hold."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.diagnosis.data import SUBSET, drawn, held_out, places
from vgglab.diagnosis.kernels import Kernels, kernel_snapshots
from vgglab.diagnosis.probe import (
    Gradients,
    Prober,
    describe_model,
    describe_predictions,
    score,
    targets_for,
)
from vgglab.diagnosis.recorder import SAMPLED_STEPS, Recorder
from vgglab.diagnosis.records import read_signals
from vgglab.keras_tools.precision import full_precision

__all__ = ["SAMPLED_STEPS", "SignalRecorder", "read_signals"]

PROBE_IMAGES = 64  # of each half, validation and training
GRADIENT_IMAGES = 32
WORSE = 0.15  # of accuracy; other names of the classes are looked for from there on


class SignalRecorder(Recorder):
    """Records a line before the first step and one after each epoch; see `diagnosis.records`.

    It looks at `self.model` as it is given, so `probe` and `seen` are whatever that model takes: images, or features
    where only a head is fitted. It should come before a callback that stops at a loss that is not finite.

    Args:
        path: the `signals.jsonl` to write.
        probe: validation inputs of the model; PROBE_IMAGES of them are used.
        epochs_done: epochs that an earlier process trained; their lines are kept, later ones dropped.
        labels: class numbers of `probe`, for losses; None for none.
        seen: training inputs and their class numbers, of which PROBE_IMAGES are used; None for none.
        data: what `data_signals` found.
        judged: inside it the model is as it was validated.
    """

    def __init__(
        self,
        path: Path,
        probe: np.ndarray,
        epochs_done: int = 0,
        labels: np.ndarray | None = None,
        seen: tuple[np.ndarray, np.ndarray] | None = None,
        data: dict[str, Any] | None = None,
        judged: Callable[[], AbstractContextManager[None]] = nullcontext,
    ):
        super().__init__(path, [line for line in read_signals(path) if line["epoch"] <= epochs_done])
        self.data, self.starts, self.judged = data, epochs_done == 0, judged
        self.halves = [("validation", _probe(probe), None if labels is None else _probe(labels))]
        if seen is not None:
            rows = places(len(seen[1]), PROBE_IMAGES)  # of features of several views the first
            self.halves.append(("training", np.asarray(seen[0][rows]), np.asarray(seen[1][rows])))
        self.validation = probe, labels
        self.inputs = np.concatenate([inputs for _, inputs, _ in self.halves])

    def on_train_begin(self, logs: dict | None = None) -> None:
        started = time.perf_counter()
        self.prober = Prober(self.model)
        self.kernels, self.moving = self.copied_kernels(), self.moving_means()
        if self.starts and not self.lines:
            self.line = {"epoch": 0, "model": describe_model(self.model)}
            self.line |= {"data": self.data} if self.data is not None else {}
            self.line |= self.probe_signals() | self.gradient_signals()
            self.finish(started)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.begin_line(epoch + 1, epoch == 0)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        started = time.perf_counter()
        self.record_changes()
        with self.judged():
            self.line |= self.probe_signals()
            if self.first:
                self.line |= self.gradient_signals()
            if epoch + 1 == self.params.get("epochs") and self.worse_on_validation(logs or {}):
                self.line |= self.other_names()
        self.finish(started)

    def worse_on_validation(self, logs: dict) -> bool:
        """Whether the network is right on validation images much less often than on those that it trains on."""
        return logs.get("accuracy", 0.0) - logs.get("val_accuracy", 1.0) >= WORSE

    def other_names(self) -> dict[str, Any]:
        """What other names of the classes would gain the network on validation images that they were not chosen by."""
        inputs, labels = (values if values is None else drawn(values, SUBSET) for values in self.validation)
        classes = self.model.output_shape[-1]
        if labels is None or not 0 <= labels.min() <= labels.max() < classes:
            return {}
        guesses = self.model.predict(inputs, batch_size=PROBE_IMAGES, verbose=0).argmax(axis=1)
        return {"held": {name: held_out(guesses, labels, classes, name == "renamed") for name in ("renamed", "merged")}}

    def copied_kernels(self) -> Kernels:
        """A copy of the kernel of each layer that trains, which stays on JAX's device."""
        return kernel_snapshots(self.model)

    def probe_signals(self) -> dict[str, Any]:
        """What the probe shows: inside the network, and of its predictions."""
        signals, outputs = self.prober.run(self.inputs)
        signals.pop("saturated", None)  # gates of pretrained networks are meant to be
        signals |= describe_predictions(outputs)
        signals["norm"] = self.norms()
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
        with full_precision(self.model):  # in half precision small ones would be lost, as no scaled loss is taken here
            return {"gradient": self.gradients.ratios(inputs[:GRADIENT_IMAGES], targets)}


def _probe(values: np.ndarray) -> np.ndarray:
    return drawn(values, PROBE_IMAGES)
