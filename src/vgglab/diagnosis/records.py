"""`signals.jsonl`: reading and writing it, and how its numbers are kept short. Imports no backend.

A record is one line; `epoch` 0 is the state before the first step, the others are epochs, counted from 1. Every value
may be missing, as older versions recorded less, and null where it was not finite. Layers are named as in the model.

Line 0:
    data                      what `diagnosis.data.data_signals` found in images and labels
    model                     layers (name, kind, trainable), optimizer, loss, outputs: `probe.describe_model`
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
