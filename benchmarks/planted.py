"""How a small training with a planted fault is described, and how it is done; `plans*.py` list them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from vgglab.diagnosis.data import data_signals
from vgglab.diagnosis.signals import SignalRecorder, read_signals

SIDE, CLASSES = 16, 10
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Plan:
    """One training.

    Attributes:
        name: says what is planted, and in which form.
        causes: codes of findings that name the fault; none for a healthy run.
        network: makes the model, not compiled.
        fault: changes the data (a dict of x, y, vx, vy) before training.
        prepare: changes the compiled model.
        config: facts of the config beyond those that the fields give.
        group: 1 for trainings that the rules were made with; a higher one was judged once before it was looked at.
        source: makes the data from `limit` and `seed`, before the fault.
        classes: number of classes.
    """

    name: str
    causes: tuple[str, ...]
    network: Callable[[], keras.Model]
    optimizer: str = "adam"
    rate: float = 0.001
    epochs: int = 8
    batch: int = 40
    seed: int = 0
    limit: int = 800
    loss: Any = "sparse_categorical_crossentropy"
    momentum: float = 0.0
    fault: Callable[[Arrays], Arrays] = dict
    prepare: Callable[[keras.Model], None] = lambda model: None
    config: dict[str, Any] = field(default_factory=dict)
    group: int = 1
    source: Callable[[int, int], Arrays] | None = None
    classes: int = CLASSES


def digits(limit: int, seed: int) -> Arrays:
    """Digits as uint8 images (N, SIDE, SIDE, 3), split into x, y (training) and vx, vy (validation)."""
    found = load_digits()
    grey = (found.images * 255 / 16).astype("uint8").repeat(SIDE // 8, 1).repeat(SIDE // 8, 2)
    images = np.stack([grey] * 3, axis=-1)
    x, vx, y, vy = train_test_split(images, found.target, test_size=0.25, random_state=seed, stratify=found.target)
    return {"x": x[:limit], "y": y[:limit], "vx": vx, "vy": vy}


def normal(deviation: float) -> keras.Initializer:
    """Normal initial weights."""
    return keras.initializers.RandomNormal(0, deviation, seed=1)


def cnn(
    norm: bool = False,
    dropout: float = 0.0,
    filters: tuple[int, ...] = (16, 32, 32),
    activation: str = "relu",
    scale: float = 1 / 255,
    offset: float = 0.0,
    dense: int = 64,
    units: int = CLASSES,
    output: str | None = "softmax",
    momentum: float = 0.99,
    initializer: Any = "glorot_uniform",
    bias: float = 0.0,
    out_bias: float = 0.0,
) -> keras.Model:
    """A small convolutional network; the first three convolutions are followed by a pooling."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Rescaling(scale, offset, name="rescaling")(image)
    start = keras.initializers.Constant(bias)
    for number, width in enumerate(filters, 1):
        options = {"activation": activation, "kernel_initializer": initializer, "bias_initializer": start}
        x = layers.Conv2D(width, 3, padding="same", name=f"conv{number}", **options)(x)
        if norm:
            x = layers.BatchNormalization(name=f"conv{number}_bn", momentum=momentum)(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"conv{number}_dropout")(x)
        if number <= 3:
            x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    if dense:
        x = layers.Dense(dense, activation=activation, kernel_initializer=initializer, name="fc1")(x)
        if dropout:
            x = layers.Dropout(dropout, name="fc1_dropout")(x)
    start = np.zeros(units)
    start[0] = out_bias
    outer = keras.initializers.Constant(start) if out_bias else "zeros"
    x = layers.Dense(units, activation=output, bias_initializer=outer, name="predictions")(x)
    return keras.Model(image, x)


def deep(norm: bool = False, depth: int = 16, activation: str = "relu", width: int = 12, **options: Any) -> keras.Model:
    """A deep plain network: `depth` convolutions."""
    return cnn(norm=norm, filters=(width,) * depth, activation=activation, **options)


def mlp(widths: tuple[int, ...] = (64, 64), activation: str = "relu", **options: Any) -> keras.Model:
    """A multilayer perceptron."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Flatten(name="flatten")(layers.Rescaling(options.get("scale", 1 / 255), name="rescaling")(image))
    for number, width in enumerate(widths, 1):
        x = layers.Dense(width, activation=activation, name=f"fc{number}")(x)
    return keras.Model(image, layers.Dense(options.get("units", CLASSES), activation="softmax", name="predictions")(x))


class Keep(keras.callbacks.Callback):
    """Keeps the history and stops at a loss that is not finite, as `vgglab.training` does."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.rows: list[dict[str, Any]] = []
        self.message = ""

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if not math.isfinite(float(logs["loss"])):
            self.message = f"the loss became {float(logs['loss'])} in epoch {len(self.rows) + 1}, step {batch + 1}"
            raise FloatingPointError

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        values = {name: round(float(logs[name]), 6) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
        self.rows.append({"epoch": epoch + 1, **finite, "learning_rate": rate, "seconds": 0.0})


def train(plan: Plan, folder: Path) -> dict[str, Any]:
    """Train one plan; what a run folder would have recorded of it."""
    keras.utils.set_random_seed(plan.seed)
    data = plan.fault((plan.source or digits)(plan.limit, plan.seed))
    model = plan.network()
    options = {"momentum": plan.momentum} if plan.momentum else {}
    optimizer = {"class_name": plan.optimizer, "config": {"learning_rate": plan.rate, **options}}
    model.compile(keras.optimizers.get(optimizer), plan.loss, metrics=["accuracy"])
    plan.prepare(model)
    facts = data_signals((data["x"], data["y"]), (data["vx"], data["vy"]), plan.classes)
    path, keep = folder / "signals.jsonl", Keep()
    recorder = SignalRecorder(path, data["vx"], 0, data["vy"], (data["x"], data["y"]), facts)
    options = {"batch_size": plan.batch, "epochs": plan.epochs, "validation_data": (data["vx"], data["vy"])}
    status = "finished"
    try:
        model.fit(data["x"], data["y"], verbose=0, callbacks=[recorder, keep], **options)
    except FloatingPointError:
        status = "diverged"
    return {
        "name": plan.name,
        "causes": plan.causes,
        "group": plan.group,
        "status": status,
        "message": keep.message,
        "history": keep.rows,
        "signals": read_signals(path),
        "classes": plan.classes,
        "config": facts_of(plan),
    }


def facts_of(plan: Plan) -> dict[str, Any]:
    """The dotted config fields that the plan stands for."""
    return {
        "train.optimizer": plan.optimizer,
        "train.learning_rate": plan.rate,
        "train.epochs": plan.epochs,
        "train.batch_size": plan.batch,
        "train.momentum": plan.momentum,
        **plan.config,
    }


def shuffled(data: Arrays, parts: tuple[str, ...] = ("y", "vy")) -> Arrays:
    """Labels in another order."""
    rng = np.random.default_rng(1)
    return data | {part: rng.permutation(data[part]) for part in parts}


def permuted(data: Arrays) -> Arrays:
    """Validation labels that number the classes in another order."""
    return data | {"vy": np.random.default_rng(3).permutation(CLASSES)[data["vy"]]}


def grey(data: Arrays) -> Arrays:
    """Images of one grey."""
    return data | {part: data[part] * 0 + 100 for part in ("x", "vx")}


def with_duplicates(data: Arrays, share: float) -> Arrays:
    """Some validation images replaced by training images."""
    count = int(share * len(data["vy"]))
    return data | {
        "vx": np.concatenate([data["x"][:count], data["vx"][count:]]),
        "vy": np.concatenate([data["y"][:count], data["vy"][count:]]),
    }


def imbalanced(data: Arrays, keep: int) -> Arrays:
    """All of class 3 and `keep` images of each other class, in both parts."""
    changed = {}
    for x, y in (("x", "y"), ("vx", "vy")):
        chosen = np.concatenate([np.flatnonzero(data[y] == c)[: None if c == 3 else keep] for c in range(CLASSES)])
        copies = np.concatenate([chosen] + [np.flatnonzero(data[y] == 3)] * (6 if x == "x" else 2))
        varied = data[x][copies].astype(int) + np.random.default_rng(len(x)).integers(0, 3, data[x][copies].shape)
        changed |= {x: np.clip(varied, 0, 255).astype("uint8"), y: data[y][copies]}
    return changed


def pretrained(freeze: bool = True, norm: bool = False, train_norm: bool = False) -> keras.Model:
    """A network whose convolutions learned digits 0 to 4 before; frozen, with a new head."""
    model = cnn(norm=norm, momentum=0.9)
    model.compile("adam", "sparse_categorical_crossentropy")
    data = digits(800, 7)
    few = data["y"] < 5
    model.fit(data["x"][few], data["y"][few], epochs=4, verbose=0)
    for layer in model.layers:
        if layer.name.startswith("conv"):
            layer.trainable = not freeze or (train_norm and layer.name.endswith("bn"))
    fresh = {"fc1", "predictions"}
    for layer in model.layers:
        if layer.name in fresh:
            layer.kernel.assign(keras.initializers.GlorotUniform(seed=1)(layer.kernel.shape))
    return model


def freeze(*names: str) -> Callable[[keras.Model], None]:
    """Freezes layers and compiles again."""

    def change(model: keras.Model) -> None:
        for name in names:
            model.get_layer(name).trainable = False
        model.compile(
            model.optimizer.__class__.from_config(model.optimizer.get_config()), model.loss, metrics=["accuracy"]
        )

    return change


def kill(name: str) -> Callable[[keras.Model], None]:
    """Gives a layer a bias so low that its ReLU never fires."""
    return lambda model: model.get_layer(name).bias.assign(np.full(model.get_layer(name).bias.shape, -20.0))


def stop_gradient_after_first() -> keras.Model:
    """A network whose first convolution gets no gradient."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Rescaling(1 / 255, name="rescaling")(image)
    x = layers.Conv2D(16, 3, activation="relu", name="conv1")(x)
    x = StopGradient(name="stop")(x)
    x = layers.Conv2D(32, 3, activation="relu", name="conv2")(layers.MaxPooling2D(2)(x))
    x = layers.Flatten()(layers.MaxPooling2D(2)(x))
    return keras.Model(image, layers.Dense(CLASSES, activation="softmax", name="predictions")(x))


class StopGradient(keras.layers.Layer):
    """Passes values on and no gradient back."""

    def call(self, values: Any) -> Any:
        return keras.ops.stop_gradient(values)


def double_softmax() -> keras.Model:
    """A network with a second softmax after its own."""
    model = cnn()
    return keras.Model(model.input, layers.Softmax(name="again")(model.output))
