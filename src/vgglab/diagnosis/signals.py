"""What is recorded for a diagnosis while a network trains: cheap, and next to the history.

Each line of `signals.jsonl` is one epoch's signals; the first holds those of the first steps as well:

    first_update, update      change of each kernel by the first step, by the epoch, relative to its norm
    step_loss                 loss of each step of the first epoch
    dead                      share of each ReLU layer's units that are zero for every probe image
    classes_predicted, entropy, spread      of the predictions on the probe images
    initial_statistics        share of their initial values that BatchNormalization's moving statistics still hold
"""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.runs.files import write_text

PROBE_IMAGES = 128


class SignalRecorder(keras.callbacks.Callback):
    """Records losses by step, sizes of updates, dead units and what is predicted on a fixed probe batch.

    Args:
        path: the `signals.jsonl` to write.
        probe: raw images (N, H, W, 3); the first PROBE_IMAGES are used.
        epochs_done: epochs that an earlier process trained; their lines are kept, later ones dropped.
    """

    def __init__(self, path: Path, probe: np.ndarray, epochs_done: int = 0):
        super().__init__()
        self.path, self.probe = path, probe[:PROBE_IMAGES]
        self.lines = read_signals(path)[:epochs_done]

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.relu_names, self.prober = build_prober(self.model)
        self.kernels = kernel_arrays(self.model)
        norms = [layer for layer in self.model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        self.momentum = max((layer.momentum for layer in norms if layer.trainable), default=None)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.first = epoch == 0
        self.line: dict[str, Any] = {"epoch": epoch + 1}
        self.running_loss = 0.0
        self.step_losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if not self.first:
            return
        total = float(logs["loss"]) * (batch + 1)  # Keras reports the mean over the epoch so far
        self.step_losses.append(round(total - self.running_loss, 5))
        self.running_loss = total
        if batch == 0:
            self.line["first_update"] = relative_changes(self.kernels, kernel_arrays(self.model))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if self.first:
            self.line["step_loss"] = self.step_losses
        kernels = kernel_arrays(self.model)
        self.line["update"] = relative_changes(self.kernels, kernels)
        self.kernels = kernels
        if self.momentum is not None:
            steps = int(ops.convert_to_numpy(self.model.optimizer.iterations))
            self.line["initial_statistics"] = round(self.momentum**steps, 5)
        self.line |= self.probe_signals()
        self.write()

    def probe_signals(self) -> dict[str, Any]:
        """Dead units by layer, and how varied the predictions on the probe batch are."""
        *largest, probabilities = self.prober.predict_on_batch(self.probe)
        dead = [round(float(np.mean(values <= 0)), 4) for values in largest]
        return {"dead": dict(zip(self.relu_names, dead, strict=True)), **describe_predictions(probabilities)}

    def write(self) -> None:
        """Write all lines anew, the running epoch's last."""
        self.lines.append(self.line)
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in self.lines))


def read_signals(path: Path) -> list[dict[str, Any]]:
    """The lines of a `signals.jsonl`; none where there is no such file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def kernel_arrays(model: keras.Model) -> dict[str, np.ndarray]:
    """Layer name -> its kernel, for each trainable one."""
    weights = {weight.path: weight for weight in model.trainable_weights if weight.name == "kernel"}
    return {path.split("/")[-2]: ops.convert_to_numpy(weight) for path, weight in weights.items()}


def relative_changes(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> dict[str, float | None]:
    """Layer name -> size of the change of its kernel relative to the kernel's size (2-norms)."""
    changes = {}
    for name, kernel in before.items():
        ratio = float(np.linalg.norm(after[name] - kernel) / (np.linalg.norm(kernel) + 1e-12))
        changes[name] = float(f"{ratio:.4g}") if np.isfinite(ratio) else None
    return changes


def describe_predictions(probabilities: np.ndarray) -> dict[str, float | int | None]:
    """How many classes are predicted, mean entropy (nats), and how much the outputs differ between images."""
    if not np.isfinite(probabilities).all():
        return {"classes_predicted": 0, "entropy": None, "spread": None}
    clipped = np.clip(probabilities.astype("float64"), 1e-12, 1)
    return {
        "classes_predicted": len(np.unique(probabilities.argmax(axis=1))),
        "entropy": round(float(-(clipped * np.log(clipped)).sum(axis=1).mean()), 5),
        "spread": float(f"{probabilities.std(axis=0).max():.3g}"),
    }


def build_prober(model: keras.Model) -> tuple[list[str], keras.Model]:
    """Names of the ReLU layers, and a model that gives the largest value of each of their units, then the output.

    A unit is a channel (of a convolution) or a neuron; the largest is over images and positions.
    """
    layers = [layer for layer in model.layers if _is_relu(layer)]
    largest = [ops.max(layer.output, axis=tuple(range(len(layer.output.shape) - 1))) for layer in layers]
    return [layer.name for layer in layers], keras.Model(model.input, [*largest, model.output])


def _is_relu(layer: keras.layers.Layer) -> bool:
    return getattr(layer, "activation", None) is keras.activations.relu or isinstance(layer, keras.layers.ReLU)
