"""The first two groups of planted faults: those that the rules were made with, and others of other forms."""

from dataclasses import replace

import keras
from planted import (
    CLASSES,
    Arrays,
    Plan,
    cnn,
    deep,
    double_softmax,
    freeze,
    grey,
    imbalanced,
    kill,
    mlp,
    normal,
    permuted,
    pretrained,
    shuffled,
    stop_gradient_after_first,
    with_duplicates,
)

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
    return [replace(plan, name=f"unseen: {plan.name}", group=2) for plan in plans]


def from_one(data: Arrays) -> Arrays:
    """Class numbers that start at one."""
    return data | {"y": data["y"] + 1, "vy": data["vy"] + 1}


FIRST_AND_SECOND = [*healthy(), *rates(), *signal(), *fitting(), *data_faults(), *structure(), *unseen()]
