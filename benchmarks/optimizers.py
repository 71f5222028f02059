"""Every optimizer of Keras at rates from far too small to far too large: what comes of it, what is said of it.

    python benchmarks/optimizers.py [--seeds 2] [--only ftrl,lion]

A table of 3 classes, a network with two hidden layers; each optimizer at its usual rate times 10 to the -4 to 4. What a
rate is, follows from what the trainings came to: good where the loss at the end is at most half again that of the best;
too small or too large where it is that of guessing; between them rather small or large, where nothing has to be said.
"""

import argparse
from collections import Counter

import keras
import numpy as np
from keras import layers

import vgglab
from vgglab.diagnosis.findings.optimizers import USUAL

CLASSES = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "schedulefreeadamw": getattr(keras.optimizers, "ScheduleFreeAdamW", None),
    "adamax": keras.optimizers.Adamax,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "ftrl": keras.optimizers.Ftrl,
    "lion": keras.optimizers.Lion,
    "lamb": keras.optimizers.Lamb,
    "muon": keras.optimizers.Muon,
    "adafactor": keras.optimizers.Adafactor,
}
FACTORS = [10.0**power for power in range(-4, 5)]
GOOD, GUESSING = 0.2, 0.97  # loss at the end, in losses of guessing
EPOCHS = 12
ABOUT_RATES = {"learning_rate_too_large": "large", "learning_rate_too_small": "small", "diverged": "large"}


def data(seed: int) -> tuple[tuple, tuple]:
    """Rows of ten columns and three classes, for training and for validation."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(1500, 10)).astype("float32")
    classes = (inputs[:, 0] + inputs[:, 1] > 0).astype(int) + (inputs[:, 2] * inputs[:, 3] > 0)
    return (inputs[:1000], classes[:1000]), (inputs[1000:], classes[1000:])


def trained(optimizer: keras.optimizers.Optimizer, seed: int) -> tuple[float, vgglab.Watch]:
    """The loss at the end, in losses of guessing, and the watch over it."""
    training, validation = data(seed)
    keras.utils.set_random_seed(seed)
    inside = [layers.Dense(32, "relu"), layers.Dense(32, "relu"), layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((10,)), *inside])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    watch = vgglab.Watch()
    history = model.fit(
        *training, validation_data=validation, epochs=EPOCHS, batch_size=20, verbose=0, callbacks=[watch]
    )
    return history.history["loss"][-1] / watch.signals[0]["task"]["guess_loss"], watch


def verdict(losses: list[float], place: int) -> str:
    """What a rate is among others, by the losses that they came to: `good`, `small`, `large`, or between them."""
    best, loss = min(range(len(losses)), key=losses.__getitem__), losses[place]
    side = "small" if place < best else "large"
    if loss > GUESSING:
        return side
    return "good" if loss < max(1.5 * losses[best], GOOD) else f"rather {side}"


def main() -> None:
    """Train all and print a row each, and how often what is said fits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    names = (
        given.only.split(",") if given.only else [*(name for name in CLASSES if CLASSES[name]), "lossscaleoptimizer"]
    )
    counts: Counter = Counter()
    for name in names:
        for seed in range(given.seeds):
            rows = []
            for factor in FACTORS:
                inner = "sgd" if name == "lossscaleoptimizer" else name
                rate = USUAL[inner][0] * factor
                optimizer = CLASSES[inner](rate)
                if name != inner:
                    optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=1024.0)
                rows.append((rate, *trained(optimizer, seed)))
            losses = [row[1] if np.isfinite(row[1]) else np.inf for row in rows]
            for place, (rate, loss, watch) in enumerate(rows):
                codes = [f"{one['code']}.{one['case']}".strip(".") for one in watch.findings]
                found = [ABOUT_RATES[one["code"]] for one in watch.findings if one["code"] in ABOUT_RATES]
                truth, said = verdict(losses, place), found[0] if found else "nothing"
                counts[truth, said] += 1
                tried = [one["try"] for one in watch.findings][:1]
                print(
                    f"| {name} | {rate:.1e} | {loss:.3g} | {truth} | {said} | {', '.join(codes)} | {tried} ", flush=True
                )
    for (truth, said), count in sorted(counts.items()):
        print(f"{truth}: {said} is said of {count}")


if __name__ == "__main__":
    main()
