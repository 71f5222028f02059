"""The fourth group of planted faults: planned after the rules were mended for the third; frozen like it."""

from dataclasses import replace

import keras
import numpy as np
from plans import LARGE, LOST, PRETRAINED, SMALL
from plans_third import DEAD, NOISY, RENAMED, SCALE, SHORT, UNLIKE
from planted import CLASSES, Plan, cnn, deep, freeze, imbalanced, kill, mlp, pretrained, shuffled, with_duplicates
from planted_others import averaged, blackened, both, changed, few, leaked, noisy_labels, photos, residual, weighted


def healthy() -> list[Plan]:
    """Trainings with nothing wrong."""
    four, pictures = {"source": few(4), "classes": 4}, {"source": photos, "classes": 3}
    return [
        Plan("healthy four classes", (), lambda: averaged(4), "rmsprop", 0.002, epochs=20, **four),
        Plan("healthy photos small rate", (), lambda: cnn(units=3), "adamw", 5e-4, epochs=25, batch=20, **pictures),
        Plan("healthy elu mlp", (), lambda: mlp((96, 48), "elu"), "sgd", 0.05, epochs=20, momentum=0.5),
        Plan("healthy norm nadam", (), lambda: cnn(True, momentum=0.9), "nadam", 0.001, epochs=12, batch=64),
        Plan(
            "healthy 80 to 20",
            (),
            lambda: mlp(units=2),
            "adamax",
            0.002,
            epochs=20,
            source=few(2),
            classes=2,
            fault=weighted((0.8, 0.2)),
        ),
        Plan("healthy residual wide", (), lambda: residual(width=24, blocks=2), "adamax", 0.002, epochs=15, seed=1),
        Plan("healthy fine-tuning adamw", (), lambda: pretrained(False), "adamw", 5e-4, epochs=15, config=PRETRAINED),
    ]


def faulty() -> list[Plan]:
    """One fault each."""
    four, two = {"source": few(4), "classes": 4}, {"source": few(2), "classes": 2}
    pictures = {"source": photos, "classes": 3}
    tiny = keras.initializers.RandomNormal(0, 1e-5, seed=2)
    cycled = {label: (label + 1) % 4 for label in range(4)}
    return [
        Plan("large adam four classes", (LARGE,), lambda: mlp((128, 64), units=4), rate=0.5, **four),
        Plan("large sgd residual", (LARGE, "diverged"), residual, "sgd", 0.5, momentum=0.5),
        Plan("large fine-tuning head", (LARGE, "diverged"), pretrained, "rmsprop", 0.3, config=PRETRAINED),
        Plan("small nadam four", (SMALL,), lambda: cnn(units=4), "nadam", 2e-6, **four),
        Plan("small sgd residual", (SMALL,), residual, "sgd", 2e-5, epochs=6),
        Plan("short adamax", (SHORT,), lambda: mlp((64,)), "adamax", 5e-4, epochs=3, batch=64),
        Plan("dead bias four", (DEAD,), lambda: cnn(units=4), "adamax", 0.002, prepare=kill("conv3"), **four),
        Plan(
            "lost sigmoid deep four",
            (LOST,),
            lambda: deep(depth=10, activation="sigmoid", units=4),
            "sgd",
            0.05,
            **four,
        ),
        Plan(
            "lost tiny weights mlp", (LOST,), lambda: cnn(initializer=tiny, filters=(16, 16)), "sgd", 0.05, momentum=0.5
        ),
        Plan("collapsed two sure", ("collapsed",), lambda: cnn(units=2, out_bias=40.0), "sgd", 0.0005, epochs=5, **two),
        Plan(
            "overfit four", ("overfitting",), lambda: mlp((512, 512), units=4), rate=0.002, epochs=50, limit=24, **four
        ),
        Plan(
            "noisy two classes",
            (NOISY, "overfitting"),
            lambda: mlp(units=2),
            epochs=30,
            fault=noisy_labels(0.5, classes=2),
            **two,
        ),
        Plan(
            "noisy photos",
            (NOISY, "overfitting"),
            lambda: cnn(units=3),
            epochs=40,
            fault=noisy_labels(0.4, classes=3),
            **pictures,
        ),
        Plan(
            "underfit dropout wide",
            ("underfitting",),
            lambda: cnn(dropout=0.75),
            epochs=15,
            batch=64,
            config={"model.dropout": 0.75},
        ),
        Plan(
            "statistics young photos",
            ("statistics_unsettled",),
            lambda: cnn(True, units=3, momentum=0.9995),
            "adamax",
            0.002,
            epochs=8,
            **pictures,
        ),
        Plan("scale 255 residual", (SCALE,), lambda: cnn(scale=1.0, activation="gelu"), "adamw", 0.01),
        Plan("constant tenth", ("images_constant",), cnn, epochs=12, fault=both(blackened(0.1))),
        Plan("shuffled four", ("labels_shuffled",), lambda: averaged(4), rate=0.003, epochs=20, fault=shuffled, **four),
        Plan(
            "renamed four",
            (RENAMED,),
            lambda: mlp(units=4),
            fault=changed("vy", lambda y: np.vectorize(cycled.get)(y)),
            **four,
        ),
        Plan(
            "unlike bright",
            (UNLIKE,),
            cnn,
            epochs=10,
            fault=changed("vx", lambda x: np.clip(x.astype(int) + 100, 0, 255).astype("uint8")),
        ),
        Plan("leak nearly, some", ("duplicates",), cnn, epochs=10, fault=lambda d: leaked(d, 3)),
        Plan(
            "leak tenth four",
            ("duplicates",),
            lambda: mlp(units=4),
            epochs=12,
            fault=lambda d: with_duplicates(d, 0.1),
            **four,
        ),
        Plan(
            "imbalance four",
            ("class_imbalance",),
            lambda: cnn(units=4),
            "adam",
            1e-4,
            epochs=4,
            fault=weighted((0.85, 0.05, 0.05, 0.05)),
            **four,
        ),
        Plan(
            "imbalance adamw",
            ("class_imbalance",),
            lambda: cnn(filters=(8, 8)),
            "adamw",
            2e-4,
            epochs=3,
            fault=lambda d: imbalanced(d, 5),
        ),
        Plan("frozen fc1", ("layers_frozen",), lambda: mlp((64, 64)), "rmsprop", prepare=freeze("fc1")),
        Plan("logits two softmaxes", ("loss_mismatch",), lambda: cnn(output="sigmoid"), "rmsprop"),
        Plan("units too few", ("wrong_outputs", "labels_outside"), lambda: cnn(units=CLASSES + 2), "nadam"),
    ]


FOURTH = [replace(plan, name=f"fourth: {plan.name}", group=4) for plan in [*healthy(), *faulty()]]
