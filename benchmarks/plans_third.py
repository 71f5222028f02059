"""The third group of planted faults: new forms, networks, optimizers and data; frozen before its first judgement."""

from dataclasses import replace

import keras
import numpy as np
from plans import LARGE, LOGITS, LOST, PRETRAINED, SMALL
from planted import (
    CLASSES,
    Plan,
    cnn,
    deep,
    freeze,
    imbalanced,
    kill,
    mlp,
    normal,
    pretrained,
    shuffled,
    with_duplicates,
)
from planted_others import (
    averaged,
    blackened,
    both,
    changed,
    decayed,
    few,
    grained,
    ignored_branch,
    leaked,
    noisy_labels,
    photos,
    residual,
    swapped,
    weighted,
)

SHORT, DEAD, SCALE = "training_too_short", "dead_units", "inputs_out_of_scale"
UNLIKE, RENAMED, NOISY = "validation_unlike_training", "labels_renamed", "labels_noisy"


def healthy() -> list[Plan]:
    """Trainings with nothing wrong."""
    three, two, five = ({"source": few(n), "classes": n} for n in (3, 2, 5))
    pictures = {"source": photos, "classes": 3}
    fine = {"config": PRETRAINED}
    return [
        Plan("healthy photos", (), lambda: cnn(units=3), epochs=15, **pictures),
        Plan("healthy photos norm", (), lambda: cnn(True, units=3, momentum=0.9), "sgd", 0.05, epochs=12, **pictures),
        Plan("healthy photos gelu", (), lambda: residual(3), "adamw", 0.001, epochs=12, batch=64, **pictures),
        Plan("healthy three classes", (), lambda: mlp(units=3), epochs=15, **three),
        Plan("healthy two classes", (), lambda: cnn(units=2), "sgd", 0.02, epochs=15, momentum=0.9, **two),
        Plan("healthy five classes", (), lambda: cnn(units=5), "adamax", 0.003, epochs=15, **five),
        Plan("healthy averaged", (), averaged, rate=0.005, epochs=30),
        Plan("healthy averaged photos", (), lambda: averaged(3, "leaky_relu"), "nadam", 0.003, epochs=15, **pictures),
        Plan("healthy leaky", (), lambda: cnn(activation="leaky_relu"), "rmsprop", 0.0007, epochs=15),
        Plan("healthy gelu", (), lambda: cnn(activation="gelu"), "adamw", 0.001, epochs=15, seed=2),
        Plan("healthy residual", (), residual, epochs=15),
        Plan("healthy residual sgd", (), lambda: residual(width=24), "sgd", 0.02, epochs=20, momentum=0.9),
        Plan("healthy small batch", (), cnn, "sgd", 0.02, epochs=12, batch=8),
        Plan("healthy large batch", (), cnn, rate=0.004, epochs=25, batch=200),
        Plan("healthy adagrad", (), mlp, "adagrad", 0.03, epochs=20),
        Plan("healthy lion", (), cnn, "lion", 1e-4, epochs=15),
        Plan("healthy fine-tuning sgd", (), lambda: pretrained(False), "sgd", 0.01, epochs=15, momentum=0.9, **fine),
        Plan("healthy fine-tuning rmsprop", (), pretrained, "rmsprop", 0.0005, epochs=15, seed=3, **fine),
        Plan("healthy one channel", (), cnn, epochs=12, fault=both(lambda images: images * np.uint8([1, 0, 0]))),
        Plan("healthy dark", (), cnn, epochs=20, fault=both(lambda images: images // 3)),
        Plan("healthy 70 to 30", (), lambda: cnn(units=2), epochs=12, fault=weighted((0.7, 0.3)), **two),
        Plan("healthy few duplicates", (), cnn, epochs=12, fault=lambda d: with_duplicates(d, 0.005)),
        Plan("healthy tanh deep", (), lambda: deep(depth=5, activation="tanh", width=16), rate=0.001, epochs=15),
        Plan(
            "healthy dropout half",
            (),
            lambda: cnn(dropout=0.3, filters=(32, 32)),
            epochs=30,
            config={"model.dropout": 0.3},
        ),
    ]


def steps() -> list[Plan]:
    """Steps too large, too small or too few; signals that do not arrive."""
    three, two = ({"source": few(n), "classes": n} for n in (3, 2))
    pictures = {"source": photos, "classes": 3}
    negative = keras.initializers.RandomUniform(-0.2, -0.05, seed=1)
    large, fine = (LARGE, "diverged"), {"config": PRETRAINED}
    gelu, leaky = (lambda: cnn(activation="gelu")), (lambda: cnn(activation="leaky_relu"))
    return [
        Plan("large momentum gelu", large, gelu, "sgd", 0.5, momentum=0.9),
        Plan("large adamw residual", large, residual, "adamw", 0.2),
        Plan("large adagrad", large, mlp, "adagrad", 3.0),
        Plan("large adam three classes", large, lambda: cnn(units=3), rate=0.05, batch=8, **three),
        Plan("large adamax averaged", large, averaged, "adamax", 3.0),
        Plan("large fine-tuning", large, lambda: pretrained(False), rate=0.1, **fine),
        Plan("large rmsprop leaky", large, leaky, "rmsprop", 0.05),
        Plan("large lion mlp", large, mlp, "lion", 0.05),
        Plan("large photos", large, lambda: cnn(units=3), "nadam", 0.1, **pictures),
        Plan(
            "large norm small batch",
            (*large, "validation_unsettled", "statistics_unsettled"),
            lambda: cnn(True),
            "sgd",
            5.0,
            batch=16,
        ),
        Plan("diverged leaky", ("diverged", LARGE), lambda: deep(depth=6, activation="leaky_relu"), "sgd", 20.0),
        Plan("small adamw norm", (SMALL,), lambda: cnn(True, momentum=0.9), "adamw", 3e-6),
        Plan("small sgd large batch", (SMALL,), gelu, "sgd", 1e-4, batch=200),
        Plan("small adagrad", (SMALL,), lambda: mlp(units=3), "adagrad", 1e-5, **three),
        Plan("small head", (SMALL,), pretrained, "sgd", 1e-5, **fine),
        Plan("small adadelta", (SMALL,), cnn, "adadelta", 0.001),
        Plan("small photos", (SMALL,), lambda: cnn(units=3), "adamax", 3e-6, **pictures),
        Plan("short rmsprop", (SHORT,), lambda: cnn(filters=(8, 16)), "rmsprop", 3e-4, epochs=2),
        Plan("short momentum", (SHORT,), cnn, "sgd", 0.01, epochs=3, momentum=0.9, batch=64),
        Plan("short averaged", (SHORT,), averaged, "adamw", 0.001, epochs=3),
        Plan("dead bias fc2", (DEAD,), lambda: mlp((48, 48, 48), units=3), "sgd", 0.05, prepare=kill("fc2"), **three),
        Plan("dead negative deep", (DEAD,), lambda: deep(depth=4, initializer=negative), "sgd", 0.05, momentum=0.9),
        Plan("dead photos", (DEAD,), lambda: cnn(units=3), "nadam", prepare=kill("conv2"), **pictures),
        Plan(
            "lost deep tanh", (LOST,), lambda: deep(depth=12, activation="tanh", initializer=normal(0.02)), "sgd", 0.05
        ),
        Plan("lost sigmoid nine", (LOST,), lambda: mlp((48,) * 9, "sigmoid"), "sgd", 0.01, momentum=0.9),
        Plan("lost deep three classes", (LOST,), lambda: deep(depth=22, width=8, units=3), "sgd", 0.02, **three),
        Plan("lost zero weights", (LOST, DEAD), lambda: cnn(initializer="zeros"), rate=0.001),
        Plan("collapsed three classes", ("collapsed",), lambda: cnn(units=3, out_bias=100.0), "sgd", 0.0005, **three),
        Plan("collapsed two classes", ("collapsed",), lambda: cnn(units=2, out_bias=100.0), "sgd", 0.0005, **two),
    ]


def fitting() -> list[Plan]:
    """Too much learned by heart, too little learned, statistics that are not settled."""
    three = {"source": few(3), "classes": 3}
    pictures = {"source": photos, "classes": 3}
    over, noisy = ("overfitting",), (NOISY, "overfitting")
    young = ("statistics_unsettled",)
    return [
        Plan("overfit wide tanh", over, lambda: mlp((512,), "tanh"), "adamw", 0.002, epochs=50, limit=60),
        Plan("overfit photos", over, lambda: cnn(units=3), rate=0.002, epochs=60, limit=30, **pictures),
        Plan(
            "overfit fine-tuning", over, lambda: pretrained(False), rate=0.001, epochs=40, limit=40, config=PRETRAINED
        ),
        Plan("overfit residual", over, residual, "rmsprop", 0.001, epochs=40, limit=50, seed=2),
        Plan("noisy third", noisy, cnn, epochs=50, fault=noisy_labels(0.35)),
        Plan("noisy fifth both", noisy, lambda: mlp((256, 256)), epochs=50, fault=noisy_labels(0.25, ("y", "vy"))),
        Plan(
            "noisy three classes", noisy, lambda: cnn(units=3), epochs=50, fault=noisy_labels(0.4, classes=3), **three
        ),
        Plan(
            "underfit dropout narrow",
            ("underfitting",),
            lambda: cnn(dropout=0.7, filters=(8, 8)),
            epochs=20,
            config={"model.dropout": 0.7},
        ),
        Plan(
            "underfit tanh two",
            ("underfitting",),
            lambda: cnn(filters=(2, 2), dense=2, activation="tanh"),
            "rmsprop",
            0.003,
            epochs=30,
        ),
        Plan("underfit penalty", ("underfitting",), lambda: decayed(0.1), epochs=20),
        Plan("statistics young sgd", young, lambda: cnn(True, momentum=0.999), "sgd", 0.1, epochs=6, batch=80),
        Plan("statistics young three", young, lambda: deep(True, 6, units=3), rate=0.003, epochs=6, batch=80, **three),
    ]


def data_faults() -> list[Plan]:
    """Images and labels that are not what they should be."""
    three, two = ({"source": few(n), "classes": n} for n in (3, 2))
    pictures = {"source": photos, "classes": 3}
    turned = {0: 1, 1: 2, 2: 0}
    return [
        Plan("scale 255 tanh", (SCALE,), lambda: mlp(activation="tanh", scale=1.0), "nadam"),
        Plan("scale added hundred", (SCALE,), lambda: cnn(offset=100.0), "sgd", 0.05),
        Plan("scale divided twice three", (SCALE,), lambda: cnn(units=3, scale=1 / 255**2), **three),
        Plan("scale 255 photos", (SCALE,), lambda: cnn(units=3, scale=1.0), "sgd", 0.05, momentum=0.9, **pictures),
        Plan("constant most", ("images_constant",), cnn, fault=both(blackened(0.7))),
        Plan("constant third", ("images_constant",), cnn, epochs=15, fault=both(blackened(0.3))),
        Plan("shuffled photos", ("labels_shuffled",), lambda: cnn(units=3), epochs=15, fault=shuffled, **pictures),
        Plan("shuffled training only", ("labels_shuffled",), residual, epochs=20, fault=lambda d: shuffled(d, ("y",))),
        Plan("shuffled two classes", ("labels_shuffled",), lambda: mlp(units=2), epochs=25, fault=shuffled, **two),
        Plan("renamed training", (RENAMED,), cnn, "rmsprop", fault=changed("y", lambda y: (y + 1) % CLASSES)),
        Plan(
            "renamed two swapped", (RENAMED,), cnn, epochs=10, fault=changed("vy", lambda y: swapped(y, {3: 5, 5: 3}))
        ),
        Plan(
            "renamed photos",
            (RENAMED,),
            lambda: cnn(units=3),
            fault=changed("vy", lambda y: swapped(y, turned)),
            **pictures,
        ),
        Plan(
            "labels from one three",
            ("labels_outside", "wrong_outputs"),
            lambda: cnn(units=4),
            fault=lambda d: d | {"y": d["y"] + 1, "vy": d["vy"] + 1},
            **three,
        ),
        Plan("unlike transposed", (UNLIKE,), cnn, epochs=10, fault=changed("vx", lambda x: x.swapaxes(1, 2))),
        Plan("unlike grained", (UNLIKE,), mlp, epochs=12, fault=changed("vx", grained)),
        Plan(
            "unlike channels",
            (UNLIKE,),
            lambda: cnn(units=3),
            epochs=10,
            fault=changed("vx", lambda x: x[..., ::-1]),
            **pictures,
        ),
        Plan("unlike shifted", (UNLIKE,), cnn, "rmsprop", epochs=10, fault=changed("vx", lambda x: np.roll(x, 5, 2))),
        Plan("unlike half the labels", (UNLIKE, NOISY), cnn, epochs=10, fault=noisy_labels(0.5, ("vy",))),
        Plan("leak all", ("duplicates",), cnn, epochs=10, fault=leaked),
        Plan(
            "leak twentieth", ("duplicates",), averaged, rate=0.005, epochs=15, fault=lambda d: with_duplicates(d, 0.05)
        ),
        Plan("leak nearly alike", ("duplicates",), lambda: mlp((128,)), epochs=12, fault=lambda d: leaked(d, 2)),
        Plan(
            "imbalance two classes",
            ("class_imbalance",),
            lambda: mlp(units=2),
            "sgd",
            0.0005,
            epochs=4,
            fault=weighted((0.95, 0.05)),
            **two,
        ),
        Plan(
            "imbalance three classes",
            ("class_imbalance",),
            lambda: cnn(units=3),
            "adamax",
            1e-4,
            epochs=4,
            fault=weighted((0.9, 0.05, 0.05)),
            **three,
        ),
        Plan(
            "imbalance rmsprop", ("class_imbalance",), cnn, "rmsprop", 5e-5, epochs=4, fault=lambda d: imbalanced(d, 3)
        ),
    ]


def structure() -> list[Plan]:
    """Networks that are not put together as they should be."""
    three, two = ({"source": few(n), "classes": n} for n in (3, 2))
    mismatch = ("loss_mismatch",)
    return [
        Plan("frozen conv2", ("layers_frozen",), cnn, "nadam", prepare=freeze("conv2")),
        Plan("frozen mlp", ("nothing_trainable",), mlp, prepare=freeze("fc1", "fc2", "predictions")),
        Plan(
            "frozen random backbone", ("layers_frozen",), averaged, epochs=15, prepare=freeze("conv1", "conv2", "conv3")
        ),
        Plan(
            "frozen norm trains sgd",
            ("frozen_batch_norm_trains",),
            lambda: pretrained(True, True, True),
            "sgd",
            0.05,
            config=PRETRAINED,
        ),
        Plan("ignored branch", ("layer_never_moves",), ignored_branch, epochs=10),
        Plan("softmax into logits three", mismatch, lambda: cnn(units=3), "rmsprop", loss=LOGITS, **three),
        Plan("logits into probabilities three", mismatch, lambda: cnn(units=3, output=None), "sgd", 0.02, **three),
        Plan("sigmoid output two", mismatch, lambda: cnn(units=2, output="sigmoid"), **two),
        Plan("units 100", ("wrong_outputs",), lambda: cnn(units=100), "adamw"),
        Plan("units five for three", ("wrong_outputs",), lambda: cnn(units=5), "sgd", 0.05, **three),
    ]


EVERY = [*healthy(), *steps(), *fitting(), *data_faults(), *structure()]
THIRD = [replace(plan, name=f"third: {plan.name}", group=3) for plan in EVERY]
