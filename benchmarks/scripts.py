"""Small Keras scripts, healthy ones and ones with a fault each, watched: what is found first, and what is warned of.

KERAS_BACKEND=torch python benchmarks/scripts.py [NAME...]      all of them, or those whose name holds a word
"""

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from sklearn import datasets

from vgglab import Watch

Dense = keras.layers.Dense
Data = tuple[np.ndarray, np.ndarray]


def table(load: Callable[..., Data], scaled: bool = True, **options: Any) -> Data:
    """A table in an order drawn at random, its columns standardised or as they are."""
    x, y = load(return_X_y=True) if not options else load(**options)
    order = np.random.default_rng(0).permutation(len(x))
    x = ((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-6) if scaled else x).astype("float32")
    return x[order], y[order]


def curve(scale: float = 1.0, shift: float = 0.0) -> Data:
    """Real numbers of ten columns (Friedman's first function), of about one, or scaled and shifted."""
    x, y = datasets.make_friedman1(600, noise=0.3, random_state=0)
    x, y = (x - 0.5) / 0.29, (y - y.mean()) / y.std()
    return x.astype("float32"), (scale * y + shift).astype("float32")


def one_hot(data: Data) -> Data:
    """The same with a column for each class."""
    return data[0], keras.utils.to_categorical(data[1])


def in_order(data: Data) -> Data:
    """The same, sorted by class."""
    order = np.argsort(data[1], kind="stable")
    return data[0][order], data[1][order]


def words() -> Data:
    """Rows of 12 numbers of words, and whether one of two words is among them."""
    x = np.random.default_rng(0).integers(0, 20, (800, 12))
    return x, ((x == 3) | (x == 7)).any(axis=1).astype(int)


def pictures(scale: float = 1.0) -> Data:
    """The digits as pictures of 8 x 8, from 0 to `scale`."""
    return (scale * digits[0]).reshape(-1, 8, 8, 1).astype("float32"), digits[1]


@dataclass
class Script:
    """What somebody wrote, and the code that names its fault; none for a healthy one."""

    name: str
    data: Data
    layers: list[Any]
    loss: Any
    optimizer: Any = "adam"
    epochs: int = 20
    expected: tuple[str, ...] = ()
    fit: dict[str, Any] = field(default_factory=dict)


def hidden(activation: str = "relu", units: int = 32, **options: Any) -> Dense:
    """A hidden layer."""
    return Dense(units, activation, **options)


def rate(name: str, value: float, **options: Any) -> Any:
    """An optimizer at a rate."""
    return getattr(keras.optimizers, name)(learning_rate=value, **options)


SPARSE, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"
iris, wine, cancer = (table(getattr(datasets, f"load_{name}")) for name in ("iris", "wine", "breast_cancer"))
raw_wine, digits = table(datasets.load_wine, scaled=False), table(datasets.load_digits, scaled=False)
digits = (digits[0] / 16, digits[1])
moons = table(datasets.make_moons, n_samples=600, noise=0.2, random_state=0)
ONE, TEN = Dense(1, "sigmoid"), Dense(10, "softmax")
RATES = {"SGD": 0.1, "RMSprop": 0.002, "Adadelta": 1.0, "Adagrad": 0.1, "Lion": 0.0005, "Ftrl": 0.1, "Muon": 0.01}


def healthy() -> list[Script]:
    """Scripts that learn."""
    found = [
        Script("iris", iris, [hidden(), Dense(3, "softmax")], SPARSE, rate("Adam", 0.01), 40),
        Script("wine one-hot", one_hot(wine), [hidden(), Dense(3, "softmax")], "categorical_crossentropy", epochs=40),
        Script("cancer", cancer, [hidden(), Dense(1, "sigmoid")], BINARY),
        Script("cancer logits", cancer, [hidden(), Dense(1)], keras.losses.BinaryCrossentropy(from_logits=True)),
        Script("cancer hinge", (cancer[0], 2 * cancer[1] - 1), [hidden(), Dense(1, "tanh")], "hinge"),
        Script("moons tanh", moons, [hidden("tanh"), Dense(1, "sigmoid")], BINARY, rate("Adam", 0.02), 30),
        Script("real numbers", curve(), [hidden(), Dense(1)], "mse", rate("Adam", 0.01), 30),
        Script("copies", (digits[0], digits[0]), [hidden(), Dense(64, "sigmoid")], BINARY, rate("Adam", 0.01), 20),
    ]
    layers = keras.layers
    pooled = [layers.Embedding(20, 8), layers.GlobalMaxPooling1D(), hidden(), Dense(1, "sigmoid")]
    found.append(Script("words", words(), pooled, BINARY, rate("Adam", 0.01)))
    recurrent = [layers.Embedding(20, 8), layers.GRU(16), Dense(1, "sigmoid")]
    found.append(Script("words gru", words(), recurrent, BINARY, rate("Adam", 0.01), 25))
    seen = [layers.Conv2D(16, 3, activation="relu"), layers.Flatten(), Dense(10, "softmax")]
    found.append(Script("pictures", pictures(), seen, SPARSE, epochs=12))
    for name, value in RATES.items():
        network = [hidden(units=64), Dense(10, "softmax")]
        found.append(Script(f"digits {name}", digits, network, SPARSE, rate(name, value), 12))
    return found


def faulty() -> list[Script]:
    """Scripts with a fault each."""
    unfit = ("activation_mismatch", "loss_mismatch", "labels_mismatch")
    found = [
        Script("softmax one unit", cancer, [hidden(), Dense(1, "softmax")], BINARY, expected=unfit[:1]),
        Script("softmax one number", curve(), [hidden(), Dense(1, "softmax")], "mse", expected=unfit[:1]),
        Script("categorical one unit", cancer, [hidden(), ONE], "categorical_crossentropy", expected=unfit[1:2]),
        Script("relu end", cancer, [hidden(), Dense(1, "relu")], BINARY, expected=unfit[:1]),
        Script("numbers binary", iris, [hidden(), Dense(1, "sigmoid")], BINARY, expected=unfit[2:]),
        Script("relu end numbers", curve(), [hidden(), Dense(1, "relu")], "mse", expected=unfit[:1]),
        Script("binary softmax", one_hot(iris), [hidden(), Dense(3, "softmax")], BINARY, "sgd", 5, unfit[1:2]),
        Script("raw columns", raw_wine, [hidden(), Dense(3, "softmax")], SPARSE, expected=("inputs_out_of_scale",)),
        Script("raw targets", curve(300, 2000), [hidden(), Dense(1)], "mse", expected=("targets_out_of_scale",)),
        Script("raw targets sgd", curve(300, 2000), [hidden(), Dense(1)], "mse", "sgd", 5, ("targets_out_of_scale",)),
        Script("rate high", curve(), [hidden(), Dense(1)], "mse", rate("SGD", 5.0), 5, ("diverged",)),
        Script("rate high adam", cancer, [hidden(), Dense(1, "sigmoid")], BINARY, rate("Adam", 10.0), 5),
        Script("zeros", cancer, [hidden(kernel_initializer="zeros"), ONE], BINARY, "sgd", 5, ("initial_weights",)),
        Script("in order", in_order(cancer), [hidden(), ONE], BINARY, rate("SGD", 0.5), 3, ("batches_of_one_class",)),
        Script("few steps", iris, [hidden(), Dense(3, "softmax")], SPARSE, "adam", 2, ("training_too_short",)),
        Script("sigmoids", digits, [*(hidden("sigmoid") for _ in range(7)), TEN], SPARSE, "sgd", 5, ("signal_lost",)),
    ]
    found[-3].fit = {"shuffle": False}
    seen = [keras.layers.Conv2D(16, 3, activation="relu"), keras.layers.Flatten(), Dense(10, "softmax")]
    found.append(Script("raw pictures", pictures(255), seen, SPARSE, "sgd", 3, ("inputs_out_of_scale",)))
    for name, value in RATES.items():
        network, slow = [hidden(units=64), Dense(10, "softmax")], ("learning_rate_too_small",)
        found.append(Script(f"slow {name}", digits, network, SPARSE, rate(name, value / 3000), 4, slow))
    return found


def watch(script: Script) -> list[dict[str, Any]]:
    """What is found in a script."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layer.from_config(layer.get_config()) for layer in script.layers])
    model.compile(script.optimizer, script.loss, metrics=["accuracy"] if script.data[1].ndim == 1 else None)
    watched = Watch()
    options = {"epochs": script.epochs, "validation_split": 0.25, "verbose": 0} | script.fit
    with contextlib.suppress(ValueError, RuntimeError):  # backends refuse some of it; what was said before counts
        model.fit(*script.data, callbacks=[watched], **options)
    return list(watched.findings)


def main() -> None:
    """Run them and print a line each."""
    for script in [*healthy(), *faulty()]:
        if sys.argv[1:] and not any(word in script.name for word in sys.argv[1:]):
            continue
        found = watch(script)
        codes = [f"{one['code']}.{one['case']}".rstrip(".") for one in found if one["severity"] != "info"]
        tried = found[0]["try"] if found else {}
        print(f"{script.name:22} {', '.join(script.expected) or '-':24} {', '.join(codes) or '-'}  {tried}", flush=True)


if __name__ == "__main__":
    main()
