"""What is recorded of somebody's own training, whatever it is: the lines of `diagnosis.records`, in memory."""

import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.diagnosis.kernels import kernel_arrays
from vgglab.diagnosis.outputs import Answer, accuracy_of, describe_answers, explained_share
from vgglab.diagnosis.probe import Gradients, Prober, loss_in
from vgglab.diagnosis.recorder import Recorder
from vgglab.diagnosis.records import short
from vgglab.diagnosis.task import describe_task
from vgglab.keras_tools.ending import loss_options
from vgglab.keras_tools.fitting import build, current_fit, validation_iterator
from vgglab.keras_tools.passes import Values, kept_values, parts_of, values_of
from vgglab.watching.data import Data, Heard, joined, length, rows, seen_at_once
from vgglab.watching.describe import describe_data, describe_network, end_of, unseen_in

LOOK_STEPS = 100  # a look costs a small network as much as a few steps: at most one in so many steps
LOOK_SHARE = 0.03  # of what an epoch computes; a step computes about three times as much of an input as a look
ALWAYS = 2  # epochs that are looked at whatever it costs


class TaskRecorder(Recorder):
    """Records a training of any model on any data; it is told of the training as a callback is.

    Args:
        every: epochs from one look to the next; fewer are looked at where a look would cost too much.
        told: called when a line is complete.
    """

    def __init__(self, every: int, told: Callable[[], None]):
        super().__init__(None, [])
        self.every, self.told = every, told
        self.data, self.unseen = Data(), set()
        self.heard: dict[str, Heard] = {}
        self.first_values: Values | None = None
        self.kernels = {}
        self.answer: Answer | None = None
        self.gradients: Gradients | None = None
        self.epochs, self.steps_an_epoch, self.first, self.looking = 0, 0, True, True

    def on_train_begin(self, logs: dict | None = None) -> None:
        """See what there is to be seen of data and network; the first line, where that is enough for it."""
        started, model = time.perf_counter(), self.model
        fitting = current_fit(model)
        begun = fitting.begins if fitting else 0
        self.planned = self.epochs + int((self.params or {}).get("epochs") or 0) - begun
        if self.lines:
            return
        if fitting is not None:
            self.data = seen_at_once(fitting)
            if "training" not in self.data.halves:
                self.heard["training"] = Heard(fitting.iterator)
            inputs = self.data.halves["training"].inputs if "training" in self.data.halves else None
            self.attempt("no_start", lambda: build(model, fitting.iterator, inputs), False)
        if not model.built:
            self.unseen.add("no_start")
        elif "training" in self.heard:
            self.first_values, self.kernels = kept_values(model), kernel_arrays(model)
        else:
            self.kernels = kernel_arrays(model)
            self.begin(values_of(model), started)

    def begin(self, values: Values, started: float) -> None:
        """The line before the first step."""
        model, line = self.model, self.line
        self.line = {"epoch": 0}
        self.prober = Prober(model, parts_of(model))
        self.moving = self.moving_means()
        signals, outputs = self.probe(values)
        task = describe_task(model, self.data.targets, self.data.whole, end_of(model, self.prober.last))
        logits = bool(loss_options(model).get("from_logits", False))
        self.answer = Answer(task["kind"], task["form"], logits)
        network = describe_network(model, values, self.prober.last)
        planned = self.params or {}
        self.line |= {"task": task, "steps": {"steps": planned.get("steps"), "epochs": self.planned or None}}
        scaled = "input" in signals or not signals  # not so where the first layer looks words up
        self.line |= describe_data(self.data, task, scaled) | signals | self.answers(outputs, values)
        self.line["norm"] = self.norms()
        self.line |= self.gradient_signals(values)
        self.line["model"] = network | {"unseen": sorted({*unseen_in(model, self.data), *self.unseen})}
        self.cost, cost = 0.0, self.cost
        self.finish(started)
        self.line, self.cost, self.first_values = line, cost + time.perf_counter() - started, None
        self.told()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """A new line, and whether it will be of a look."""
        looked, self.looking = self.looking, self.looks_at(self.epochs + 1)
        self.begin_line(self.epochs + 1, self.epochs == 0)
        if self.looking and not looked:
            with self.timed():
                self.kernels, self.moving = kernel_arrays(self.model), self.moving_means()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """As of any recording; and the first line, once enough batches have passed."""
        self.steps_an_epoch = max(self.steps_an_epoch, batch + 1)
        super().on_train_batch_end(batch, logs)
        if "training" in self.heard and self.heard["training"].enough:
            self.begin_late()

    def begin_late(self) -> None:
        """The first line, from what passed and the weights that there were before it."""
        started, heard = time.perf_counter(), self.heard.pop("training", None)
        if heard is not None:
            heard.end()
            if heard.batches:
                self.data.add_batches("training", heard.batches)
        self.kernels = self.kernels or kernel_arrays(self.model)
        self.begin(self.first_values or values_of(self.model), started)

    def record_step(self, batch: int, loss: float | None) -> None:
        """As of any recording, where there are weights to compare with."""
        if self.kernels or batch:
            super().record_step(batch, loss)

    def record_break(self, batch: int, loss: float) -> None:
        """Say once that the loss is no number any more; somebody's own training goes on."""
        if self.broken is None:
            self.line["nonfinite"] = {"step": batch + 1, "loss": str(loss), "layers": self.broken_layers()}
            self.told()

    @property
    def broken(self) -> dict[str, Any] | None:
        """Where the loss stopped being a number, and the epoch; None where it is one."""
        found = (line for line in [*self.lines, self.line] if "nonfinite" in line)
        return next(({"epoch": line["epoch"], **line["nonfinite"]} for line in found), None)

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Listen to validation batches, where validation data does not lie in memory."""
        iterator = validation_iterator(self.model)
        if iterator is not None and not {"validation"} & {*self.data.halves, *self.heard}:
            self.heard["validation"] = Heard(iterator)

    def on_test_end(self, logs: dict | None = None) -> None:
        """See the validation half by the batches that passed."""
        heard = self.heard.pop("validation", None)
        if heard is not None:
            heard.end()
            if heard.batches:
                self.data.add_batches("validation", heard.batches)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """The line of the epoch, where it is looked at or something happened in it."""
        self.epochs += 1
        if not self.lines:
            self.begin_late()
        started = time.perf_counter()
        if self.looking and self.broken is None and self.lines:
            self.record_changes()
            self.look()
        elif "nonfinite" not in self.line:
            return
        self.finish(started)
        self.told()

    def on_train_end(self, logs: dict | None = None) -> None:
        """A last look, where the last epoch was none: the training was to go on."""
        if self.lines and self.broken is None and self.epochs > self.lines[-1]["epoch"]:
            started, self.cost = time.perf_counter(), 0.0
            self.line, self.kernels = {"epoch": self.epochs}, kernel_arrays(self.model)
            self.look()
            self.finish(started)
            self.told()

    def look(self) -> None:
        """What the probe shows now."""
        values = values_of(self.model)
        signals, outputs = self.probe(values)
        signals.pop("input", None)  # it does not change: line 0 has it
        self.line |= signals | self.answers(outputs, values) | {"norm": self.norms()}
        if self.first:
            self.line |= self.gradient_signals(values)

    def looks_at(self, epoch: int) -> bool:
        """Whether an epoch is looked at: the first ones, the last one, and as many between as cost little."""
        if epoch <= ALWAYS or epoch == self.planned:
            return True
        steps = max(self.steps_an_epoch, 1)
        inputs = self.data.counts.get("training") or steps * (self.data.size or 1)
        probe = sum(length(half.inputs) for half in self.data.halves.values())
        least = max(LOOK_STEPS / steps, probe / (3 * LOOK_SHARE * max(inputs, 1)))
        return epoch % max(self.every, math.ceil(least)) == 0

    def probe(self, values: Values) -> tuple[dict[str, Any], Any]:
        """What both halves, one after the other, show inside the network, and its outputs; {} and None without any."""
        if not self.data.halves:
            return {}, None
        inputs = [half.inputs for half in self.data.halves.values()]
        return self.attempt("no_call", lambda: self.prober.run(joined(inputs), values), ({}, None))

    def answers(self, outputs: Any, values: Values) -> dict[str, Any]:
        """What outputs of the probe say, and how good they are on each half."""
        if not isinstance(outputs, np.ndarray) or outputs.ndim < 2 or not outputs.size:
            return {}
        told, start = describe_answers(outputs, self.answer), 0
        for part, half in self.data.halves.items():
            own = outputs[start : start + length(half.inputs)]
            start += len(own)
            if isinstance(half.targets, np.ndarray):
                loss = self.attempt("no_loss", lambda own=own, half=half: self.loss_of(half, own, values), None)
                told[part] = {"loss": loss, "accuracy": accuracy_of(own, half.targets, self.answer)}
                if self.answer.kind == "regression":
                    told.setdefault("fit", {})[part] = explained_share(own, half.targets)
        return told

    def loss_of(self, half: Any, outputs: np.ndarray, values: Values) -> float | None:
        """The model's own loss on a half."""
        given = (ops.convert_to_tensor(half.targets), ops.convert_to_tensor(outputs))
        return short(float(ops.convert_to_numpy(loss_in(self.model, values, half.inputs, *given))))

    def gradient_signals(self, values: Values) -> dict[str, Any]:
        """The gradient by each kernel, relative to it, on inputs of training; none where it can't be had."""
        half = self.data.halves.get("training")
        if half is None or half.targets is None or not self.kernels:
            return {}
        first = np.arange(max(length(half.inputs) // 2, 1))
        self.gradients = self.gradients or Gradients(self.model)
        found = self.attempt("no_gradient", lambda: self.ratios(half, first, values), None)
        return {} if found is None else {"gradient": found}

    def ratios(self, half: Any, first: np.ndarray, values: Values) -> dict[str, float | None]:
        """As `Gradients.ratios`, of some inputs of a half."""
        given = (
            keras.tree.map_structure(ops.convert_to_tensor, rows(one, first)) for one in (half.inputs, half.targets)
        )
        return self.gradients.ratios(*given, values)

    def attempt(self, code: str, function: Callable[[], Any], otherwise: Any) -> Any:
        """What a function gives; where somebody's own model or loss is not made for it, that is noted.

        What Keras would warn of a second time is not said. Random states are left alone, as batches may be drawn now.
        """
        try:
            with warnings.catch_warnings(action="ignore"):
                return function()
        except Exception:
            self.unseen.add(code)
            return otherwise
