"""`signals.jsonl`: reading and writing it, and how its numbers are kept short. Imports no backend.

A record is one line; `epoch` 0 is the state before the first step, the others are epochs, counted from 1. Every value
may be missing, as older versions recorded less, and null where it was not finite. Layers are named as in the model.

Line 0:
    data                      what `diagnosis.data.data_signals` found in images and labels; and `validation_scale`: the
                              inputs of each part, least, largest, mean, deviation
    task                      what is learned, and how it is written; own runs, which learn classes, record none.
                              kind: `classes`, `binary`, `labels` (several at once, each on or off), `regression` or
                              `unknown`; form of the targets: `numbers` (of classes), `one-hot`, `column` (of 0 and 1),
                              `signs` (-1 and 1), `several` (columns of 0 and 1), `values` (real numbers) or `unknown`;
                              columns and classes (null where there are none); least, largest, mean, deviation of the
                              targets; guess_loss: the model's own loss of the best constant output for them
    model                     layers (name, kind, trainable, activation, shape, fan_in and initial kernel_deviation),
                              optimizer (class in lower case; the inner one of a LossScaleOptimizer), learning_rate
                              (null: a schedule), loss (in snake_case), metrics, outputs (columns), activation (of the
                              outputs; null where it cannot be seen), unseen (codes of what could not be looked into)
    columns                   of a table: count, least, largest, least_deviation and largest_deviation of the columns
                              that are not constant, and how many are constant
    batch                     size; classes: how many there are in each of the first batches (at most 8); one_class:
                              share of these batches that have but one
    steps                     in an epoch (null: unknown); and epochs planned
    input                     what the first layer with weights sees: its name, channels, least, largest, mean,
                              deviation, `between`: the deviation between images at the same place, and `images`:
                              whether the network takes images, not features
    gradient                  norm of the loss's gradient by each kernel, on the probe, relative to the kernel's norm
Every line:
    norm                      2-norm of each kernel
    dead                      share of each activation layer's units that are zero for every probe input
    mean, deviation           of each activation layer's values; `between`: their deviation between inputs
    classes_predicted, entropy, spread      of the predictions: how many classes, mean entropy (nats), largest standard
                              deviation of a class's probability between inputs
    largest_probability, row_sum            of the outputs: the largest; least and largest sum over the classes
    validation, training      loss and accuracy on the probe's validation and training half, as in inference
    saturated                 share of the values of each tanh, sigmoid or softsign layer beyond 0.99 of its limit
    outputs                   of the network: least, largest, mean, deviation, and `between`: the deviation between
                              inputs, of the column where it is largest
    fit                       share of the targets' variance that a regression explains, on each half of the probe
    batch_norm                each BatchNormalization: `shift` and `ratio` of the probe's mean and variance against the
                              moving ones, in moving deviations and as a factor (medians over channels)
    seconds                   what recording this line cost
Lines of epochs:
    update                    change of each kernel in the epoch, relative to its norm
    moving_update             change of each BatchNormalization's moving mean in the epoch, in moving deviations
    initial_statistics        share of their initial values that the moving statistics still hold
    held                      of the last epoch, where validation is much worse: how many validation images other names
                              of the classes, chosen by other images, make right and wrong, as in `data.check`
Line 1:
    first_update              change of each kernel by the first step, relative to its norm
    step_update               the same for a few later steps: number of the step -> changes
    step_loss                 loss of each step
    gradient                  as in line 0, after the epoch
The line in which the loss stopped being finite:
    nonfinite                 step and loss; layers whose kernels are not finite
"""

import json
import math
from pathlib import Path
from typing import Any

from vgglab.diagnosis.signal_shapes import SignalLine
from vgglab.runs.door import read_lines
from vgglab.runs.files import write_text


def read_signals(path: Path) -> list[dict[str, Any]]:
    """The lines of a `signals.jsonl`; none where there is no such file.

    Raises:
        RunError: it is damaged.
    """
    return read_lines(path, SignalLine) if path.exists() else []


def write_signals(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write all lines anew, whole or not at all."""
    write_text(path, "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))


def short(value: float) -> float | None:
    """Four significant digits; None for what is not finite."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
