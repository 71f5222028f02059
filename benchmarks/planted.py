"""Small trainings on digits: healthy ones, and the same with one fault planted in each."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
        held_out: not looked at while the rules were written.
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
    held_out: bool = False


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
    return keras.Model(image, layers.Dense(CLASSES, activation="softmax", name="predictions")(x))


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
    data = plan.fault(digits(plan.limit, plan.seed))
    model = plan.network()
    options = {"momentum": plan.momentum} if plan.momentum else {}
    optimizer = {"class_name": plan.optimizer, "config": {"learning_rate": plan.rate, **options}}
    model.compile(keras.optimizers.get(optimizer), plan.loss, metrics=["accuracy"])
    plan.prepare(model)
    facts = data_signals((data["x"], data["y"]), (data["vx"], data["vy"]), CLASSES)
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
        "held_out": plan.held_out,
        "status": status,
        "message": keep.message,
        "history": keep.rows,
        "signals": read_signals(path),
        "classes": CLASSES,
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


LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
LARGE, SMALL, LOST = "learning_rate_too_large", "learning_rate_too_small", "signal_lost"
PRETRAINED = {"backbone.weights": "digits-0-4"}


def healthy() -> list[Plan]:
    """Trainings with nothing wrong."""
    return [
        Plan("healthy cnn adam", (), cnn, epochs=10),
        Plan("healthy cnn adam seed 1", (), cnn, epochs=10, seed=1),
        Plan("healthy cnn sgd 0.05", (), cnn, "sgd", 0.05, epochs=15, momentum=0.9),
        Plan("healthy cnn sgd plain", (), cnn, "sgd", 0.1, epochs=20),
        Plan("healthy cnn rmsprop", (), cnn, "rmsprop", epochs=10),
        Plan("healthy cnn adamw large batch", (), cnn, "adamw", 0.003, epochs=15, batch=128),
        Plan("healthy norm sgd", (), lambda: cnn(norm=True, momentum=0.9), "sgd", 0.1, epochs=10),
        Plan("healthy norm adam", (), lambda: cnn(norm=True, momentum=0.9), epochs=10),
        Plan("healthy norm default momentum", (), lambda: cnn(norm=True), epochs=20, batch=16),
        Plan("healthy norm dropout", (), lambda: cnn(norm=True, dropout=0.2, momentum=0.9), epochs=15),
        Plan("healthy dropout", (), lambda: cnn(dropout=0.2), epochs=15),
        Plan("healthy mlp adam", (), mlp, epochs=15),
        Plan("healthy mlp sgd", (), mlp, "sgd", 0.1, epochs=20),
        Plan("healthy mlp tanh", (), lambda: mlp(activation="tanh"), epochs=15),
        Plan("healthy wide", (), lambda: cnn(filters=(32, 64)), epochs=8),
        Plan("healthy narrow", (), lambda: cnn(filters=(8, 12), dense=32), epochs=20),
        Plan("healthy deep norm", (), lambda: deep(True, 8, momentum=0.9), epochs=15),
        Plan("healthy centred inputs", (), lambda: cnn(scale=1 / 127.5, offset=-1.0), epochs=10),
        Plan("healthy he", (), lambda: cnn(initializer="he_normal"), epochs=10),
        Plan("healthy fine-tuning frozen", (), pretrained, epochs=15, config=PRETRAINED),
        Plan("healthy fine-tuning all", (), lambda: pretrained(False), rate=3e-4, epochs=12, config=PRETRAINED),
        Plan("healthy fine-tuning norm", (), lambda: pretrained(norm=True), epochs=15, config=PRETRAINED),
        Plan("healthy nadam", (), cnn, "nadam", epochs=10),
        Plan("healthy slight imbalance", (), cnn, epochs=12, fault=lambda d: imbalanced(d, 60)),
    ]


def rates() -> list[Plan]:
    """Steps too large or too small, trainings too short."""
    return [
        Plan("large adam 0.1", (LARGE,), cnn, rate=0.1),
        Plan("large adam 0.3 norm", (LARGE,), lambda: cnn(norm=True), rate=0.3),
        Plan("large adam 1", (LARGE, "diverged"), cnn, rate=1.0),
        Plan("large adam 0.1 deep", (LARGE,), lambda: deep(depth=8), rate=0.1),
        Plan("large sgd 1", (LARGE, "diverged"), cnn, "sgd", 1.0),
        Plan("large sgd 3 momentum", (LARGE, "diverged"), cnn, "sgd", 3.0, momentum=0.9),
        Plan("large rmsprop 0.1", (LARGE,), cnn, "rmsprop", 0.1),
        Plan("large mlp adam 0.1", (LARGE,), mlp, rate=0.1),
        Plan("large mlp sgd 5", (LARGE, "diverged"), mlp, "sgd", 5.0),
        Plan("large lion 0.03", (LARGE,), cnn, "lion", 0.03),
        Plan("large tanh adam 0.3", (LARGE,), lambda: mlp(activation="tanh"), rate=0.3),
        Plan("small sgd 1e-5", (SMALL,), cnn, "sgd", 1e-5),
        Plan("small adam 1e-6", (SMALL,), cnn, rate=1e-6),
        Plan("small adam 1e-5", (SMALL,), cnn, rate=1e-5),
        Plan("small norm sgd 1e-5", (SMALL,), lambda: cnn(norm=True, momentum=0.9), "sgd", 1e-5),
        Plan("small mlp sgd 1e-4", (SMALL,), mlp, "sgd", 1e-4),
        Plan("short adam", ("training_too_short",), cnn, epochs=2, batch=128),
        Plan("short sgd", ("training_too_short",), lambda: cnn(initializer="he_normal"), "sgd", 0.03, epochs=2),
        Plan("short mlp", ("training_too_short",), mlp, "sgd", 0.02, epochs=3),
        Plan("diverged mlp sgd 100", ("diverged", LARGE), mlp, "sgd", 100.0),
        Plan("diverged cnn sgd 30 momentum", ("diverged", LARGE), cnn, "sgd", 30.0, momentum=0.9),
        Plan(
            "diverged large weights",
            ("diverged",),
            lambda: deep(depth=8, initializer=normal(1e6)),
        ),
    ]


def signal() -> list[Plan]:
    """Units that are dead, signals that do not arrive."""
    negative = keras.initializers.RandomUniform(-0.1, 0.0, seed=1)
    return [
        Plan("dead bias conv2", ("dead_units",), cnn, prepare=kill("conv2")),
        Plan("dead bias fc1", ("dead_units",), cnn, "sgd", 0.05, prepare=kill("fc1")),
        Plan("dead bias conv1", ("dead_units",), lambda: cnn(norm=True, momentum=0.9), prepare=kill("conv1")),
        Plan("dead negative weights", ("dead_units",), lambda: cnn(initializer=negative, bias=-0.01)),
        Plan("lost deep sgd", (LOST,), lambda: deep(depth=20), "sgd", 0.1),
        Plan("lost deep sgd small", (LOST,), lambda: deep(depth=24, width=16), "sgd", 0.01),
        Plan("lost deep sigmoid", (LOST,), lambda: deep(depth=8, activation="sigmoid"), "sgd", 0.1),
        Plan("lost mlp sigmoid", (LOST,), lambda: mlp((64,) * 12, "sigmoid"), "sgd", 0.1),
        Plan(
            "lost tiny weights",
            (LOST,),
            lambda: cnn(initializer=normal(1e-4)),
            "sgd",
            0.1,
        ),
        Plan("collapsed output bias", ("collapsed",), lambda: cnn(out_bias=60.0), "sgd", 0.001, epochs=6),
    ]


def fitting() -> list[Plan]:
    """Too much learned by heart, or too little learned."""
    tiny = {"limit": 60, "epochs": 40}
    return [
        Plan("overfit mlp", ("overfitting",), lambda: mlp((256, 256)), rate=0.003, **tiny),
        Plan("overfit cnn", ("overfitting",), cnn, rate=0.003, **tiny),
        Plan("overfit sgd", ("overfitting",), mlp, "sgd", 0.1, limit=50, epochs=80),
        Plan("underfit tiny", ("underfitting",), lambda: cnn(filters=(1, 1), dense=2), rate=0.01, epochs=25),
        Plan("underfit dropout", ("underfitting",), lambda: cnn(dropout=0.8), epochs=15, config={"model.dropout": 0.8}),
        Plan("underfit narrow mlp", ("underfitting",), lambda: mlp((2,), "tanh"), epochs=25),
        Plan("statistics young", ("statistics_unsettled",), lambda: cnn(True, momentum=0.999), rate=0.003, epochs=5),
        Plan(
            "statistics young deep", ("statistics_unsettled",), lambda: deep(True, 10), rate=0.003, epochs=4, batch=64
        ),
    ]


def data_faults() -> list[Plan]:
    """Images and labels that are not what they should be."""
    scale, shuffle = ("inputs_out_of_scale",), ("labels_shuffled",)
    unlike, renamed = ("validation_unlike_training",), ("labels_renamed",)
    return [
        Plan("scale 255 sgd", scale, lambda: cnn(scale=1.0), "sgd", 0.1),
        Plan("scale 255 adam", scale, lambda: cnn(scale=1.0)),
        Plan("scale 255 mlp", scale, lambda: mlp(scale=1.0), "sgd", 0.01),
        Plan("scale twice divided", scale, lambda: cnn(scale=1 / 255**2), "sgd", 0.05),
        Plan(
            "constant images",
            ("images_constant",),
            cnn,
            fault=grey,
        ),
        Plan("shuffled adam", shuffle, cnn, fault=shuffled, epochs=15),
        Plan("shuffled mlp by heart", shuffle, lambda: mlp((256, 256)), fault=shuffled, epochs=40),
        Plan("shuffled norm sgd", shuffle, lambda: cnn(norm=True, momentum=0.9), "sgd", 0.1, fault=shuffled),
        Plan("renamed off by one", renamed, cnn, fault=lambda d: d | {"vy": (d["vy"] + 1) % CLASSES}),
        Plan(
            "renamed permuted",
            renamed,
            mlp,
            fault=permuted,
        ),
        Plan("unlike inverted", unlike, cnn, fault=lambda d: d | {"vx": 255 - d["vx"]}),
        Plan("unlike not scaled", unlike, cnn, fault=lambda d: d | {"vx": d["vx"] // 255}),
        Plan("unlike shuffled validation", (*unlike, *renamed), cnn, fault=lambda d: shuffled(d, ("vy",))),
        Plan("duplicates half", ("duplicates",), cnn, fault=lambda d: with_duplicates(d, 0.5), epochs=10),
        Plan("duplicates tenth", ("duplicates",), mlp, fault=lambda d: with_duplicates(d, 0.1), epochs=15),
        Plan("imbalance", ("class_imbalance",), cnn, "sgd", 0.003, fault=lambda d: imbalanced(d, 5), epochs=5),
        Plan("imbalance adam", ("class_imbalance",), lambda: mlp((8,)), rate=1e-4, fault=lambda d: imbalanced(d, 6)),
    ]


def structure() -> list[Plan]:
    """Networks that are not put together as they should be."""
    every = ("conv1", "conv2", "conv3", "fc1", "predictions")
    mismatch = ("loss_mismatch",)
    return [
        Plan("frozen all", ("nothing_trainable",), cnn, prepare=freeze(*every)),
        Plan("frozen convs random", ("layers_frozen",), cnn, prepare=freeze(*every[:3])),
        Plan("frozen head", ("layers_frozen",), cnn, prepare=freeze("predictions")),
        Plan("unreached conv1", ("layer_never_moves",), stop_gradient_after_first),
        Plan(
            "frozen norm trains",
            ("frozen_batch_norm_trains",),
            lambda: pretrained(True, True, True),
            config=PRETRAINED,
        ),
        Plan("softmax twice", mismatch, double_softmax),
        Plan("softmax into logits", mismatch, cnn, loss=LOGITS),
        Plan("logits into probabilities", mismatch, lambda: cnn(output=None)),
        Plan("sigmoid output", mismatch, lambda: cnn(output="sigmoid")),
        Plan("units too many", ("wrong_outputs",), lambda: cnn(units=13)),
    ]


def unseen() -> list[Plan]:
    """Other forms of the faults, and other healthy trainings; the rules were written without looking at them."""
    plans = [
        Plan("healthy elu", (), lambda: cnn(activation="elu"), epochs=10),
        Plan("healthy adamax", (), cnn, "adamax", 0.002, epochs=15, batch=16),
        Plan("healthy half the data", (), lambda: cnn(dropout=0.1), epochs=20, limit=700, seed=4),
        Plan("healthy deep norm sgd", (), lambda: deep(True, 6, width=16, momentum=0.9), "sgd", 0.05, epochs=12),
        Plan("healthy mlp wide", (), lambda: mlp((256,)), epochs=12, seed=3),
        Plan("healthy norm momentum", (), lambda: cnn(True, 0.1, momentum=0.9), "sgd", 0.02, epochs=12, momentum=0.9),
        Plan("large nadam 0.2", (LARGE,), cnn, "nadam", 0.2),
        Plan("large adam 0.05 deep", (LARGE,), lambda: deep(depth=6, width=24), rate=0.05),
        Plan("large momentum 0.5", (LARGE, "diverged"), cnn, "sgd", 0.5, momentum=0.95),
        Plan("small rmsprop 1e-6", (SMALL,), cnn, "rmsprop", 1e-6),
        Plan("small momentum 1e-6", (SMALL,), mlp, "sgd", 1e-6, momentum=0.9),
        Plan("short adamw", ("training_too_short",), cnn, "adamw", 3e-4, epochs=2, batch=64),
        Plan("lost mlp sigmoid 7", (LOST,), lambda: mlp((32,) * 7, "sigmoid"), "sgd", 0.05),
        Plan("lost deep 12", (LOST,), lambda: deep(depth=14, width=8), "sgd", 0.05, momentum=0.5),
        Plan("dead bias conv3", ("dead_units",), cnn, "rmsprop", prepare=kill("conv3")),
        Plan("collapsed output bias 200", ("collapsed",), lambda: cnn(out_bias=200.0), "sgd", 0.001),
        Plan("overfit norm", ("overfitting",), lambda: cnn(True, momentum=0.9), rate=0.003, epochs=40, limit=50),
        Plan("underfit one filter", ("underfitting",), lambda: cnn(filters=(1,), dense=1), rate=0.01, epochs=20),
        Plan("statistics slow", ("statistics_unsettled",), lambda: cnn(True, momentum=0.9995), epochs=8),
        Plan("scale hundredth", ("inputs_out_of_scale",), lambda: cnn(scale=1 / 25500), "sgd", 0.1),
        Plan("scale 16 bit", ("inputs_out_of_scale",), lambda: cnn(scale=257.0), "rmsprop"),
        Plan("shuffled rmsprop", ("labels_shuffled",), cnn, "rmsprop", fault=shuffled, epochs=25, seed=2),
        Plan("renamed by three", ("labels_renamed",), mlp, fault=lambda d: d | {"vy": (d["vy"] + 3) % CLASSES}),
        Plan("unlike turned", ("validation_unlike_training",), cnn, fault=lambda d: d | {"vx": d["vx"][:, ::-1]}),
        Plan("unlike dark", ("validation_unlike_training",), mlp, fault=lambda d: d | {"vx": d["vx"] // 4}),
        Plan("duplicates third", ("duplicates",), cnn, "rmsprop", fault=lambda d: with_duplicates(d, 0.3)),
        Plan("imbalance sgd", ("class_imbalance",), mlp, "sgd", 0.001, epochs=4, fault=lambda d: imbalanced(d, 4)),
        Plan("labels from one", ("labels_outside", "wrong_outputs"), lambda: cnn(units=11), fault=from_one),
        Plan("frozen conv1", ("layers_frozen",), cnn, "rmsprop", prepare=freeze("conv1")),
        Plan("softmax into logits mlp", ("loss_mismatch",), mlp, "sgd", 0.1, loss=LOGITS),
        Plan("units 20", ("wrong_outputs",), lambda: cnn(units=20), "rmsprop"),
    ]
    return [replace(plan, name=f"unseen: {plan.name}", held_out=True) for plan in plans]


def from_one(data: Arrays) -> Arrays:
    """Class numbers that start at one."""
    return data | {"y": data["y"] + 1, "vy": data["vy"] + 1}


PLANS = [*healthy(), *rates(), *signal(), *fitting(), *data_faults(), *structure(), *unseen()]
