"""Published programs that predict numbers."""

import keras
import numpy as np
from keras.layers import LSTM, Dense
from program import Program, post
from sklearn.datasets import load_diabetes, load_digits, make_regression


@post(48251943, "regression of a signal", "act")
def signal(mended: bool) -> Program:
    """The next value of a wave; a ReLU on the only output cannot be negative."""
    wave = np.sin(np.linspace(0, 80, 1010))
    x, y = np.stack([wave[i : i + 10] for i in range(1000)]), wave[10:]
    model = keras.Sequential()
    model.add(Dense(20, activation="relu"))
    model.add(Dense(1, activation="tanh" if mended else "relu"))
    model.compile(loss="mean_squared_error", optimizer="adam")
    return Program(model, {"x": x, "y": y, "epochs": 20, "batch_size": 20}, y, "numbers")


@post(33969059, "one number out of many columns", "act")
def softmax_of_one(mended: bool) -> Program:
    """A softmax over a single unit is always 1."""
    x, y = make_regression(1500, 40, noise=5, random_state=0)
    y = (y - y.mean()) / y.std()
    model = keras.Sequential()
    model.add(Dense(40, activation="relu"))
    model.add(Dense(20, activation="relu"))
    model.add(Dense(1, activation="linear" if mended else "softmax"))
    model.compile(loss="mse", optimizer="rmsprop")
    fit = {"x": x, "y": y, "epochs": 20, "batch_size": 16, "validation_split": 0.2}
    return Program(model, fit, y, "numbers")


@post(39217567, "copy a vector (auto-encoder)", "act batch")
def copy(mended: bool) -> Program:
    """Pixels from 0 to 16 through layers of sigmoids, which saturate; all of them in one batch."""
    x = load_digits().data
    activation = "relu" if mended else "sigmoid"
    model = keras.Sequential()
    model.add(Dense(48, activation=activation))
    model.add(Dense(32, activation=activation))
    model.add(Dense(48, activation=activation))
    model.add(Dense(64))
    model.compile(loss="mse", optimizer="adam")
    fit = {"x": x, "y": x, "epochs": 30, "batch_size": 32 if mended else len(x)}
    return Program(model, fit, x, "numbers")


@post(48934338, "regression, unscaled", "lr", "UD")
def too_fast(mended: bool) -> Program:
    """SGD at 0.1 on columns from 0 to 10."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, (500, 4))
    y = x @ [3.0, -2.0, 5.0, 1.0] + rng.normal(size=500)
    model = keras.Sequential([Dense(10), Dense(1)])
    model.compile(keras.optimizers.SGD(0.0001 if mended else 0.1), loss="mean_squared_error", metrics=["mae"])
    fit = {"x": x, "y": y, "epochs": 60, "batch_size": 10, "validation_split": 0.2}
    return Program(model, fit, y, "numbers")


@post(52800582, "one column in, one out, in thousands", "prep", "U")
def thousands(mended: bool) -> Program:
    """A curve whose columns are in thousands, as they came or standardised."""
    rng = np.random.default_rng(1)
    x = rng.uniform(1000, 9000, (400, 1))
    y = 4000 + 3000 * np.sin(x / 1200) + rng.normal(0, 50, (400, 1))
    if mended:
        x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    model = keras.Sequential()
    model.add(Dense(64, activation="relu", kernel_initializer="he_normal"))
    model.add(Dense(64, activation="relu", kernel_initializer="he_normal"))
    model.add(Dense(1))
    model.compile(loss="mse", optimizer="adam")
    return Program(model, {"x": x, "y": y, "epochs": 150, "batch_size": 32}, y, "numbers")


@post(48221692, "regression", "act", "U")
def targets_above_one(mended: bool) -> Program:
    """A sigmoid gives at most 1; the targets go to 346."""
    x, y = load_diabetes(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    model = keras.Sequential()
    model.add(Dense(32, activation="relu"))
    model.add(Dense(1, activation="linear" if mended else "sigmoid"))
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.01))
    return Program(model, {"x": x, "y": y, "epochs": 60, "batch_size": 16, "validation_split": 0.1}, y, "numbers")


@post(45442843, "regression of a series", "loss opt act epoch", "UD")
def series(mended: bool) -> Program:
    """The next value of a noisy series: absolute error, RMSprop and few epochs, or squared error, Adam and more."""
    rng = np.random.default_rng(0)
    time = np.arange(420)
    values = np.sin(time / 9) + 0.5 * np.sin(time / 3.5) + rng.normal(0, 0.05, 420)
    x, y = np.stack([values[i : i + 20] for i in range(400)])[..., None], values[20:]
    model = keras.Sequential()
    model.add(LSTM(16, activation="tanh" if mended else "sigmoid"))
    model.add(Dense(1))
    if mended:
        model.compile(loss="mean_squared_error", optimizer="adam")
    else:
        model.compile(loss="mean_absolute_error", optimizer="rmsprop")
    return Program(model, {"x": x, "y": y, "epochs": 60 if mended else 5, "batch_size": 32}, y, "numbers")


@post(44998910, "regression", "lr epoch", "D")
def slow(mended: bool) -> Program:
    """A curve, by SGD at 0.01, or at 0.03 and five times as long."""
    x = np.linspace(-1, 1, 300)[:, None]
    y = np.sin(4 * x)
    model = keras.Sequential()
    model.add(Dense(20, activation="tanh"))
    model.add(Dense(20, activation="tanh"))
    model.add(Dense(1))
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.03 if mended else 0.01))
    return Program(model, {"x": x, "y": y, "epochs": 250 if mended else 50, "batch_size": 32}, y, "numbers")


@post(46642627, "regression with binary cross-entropy, unscaled", "opt lr loss prep", "D")
def entropy_of_numbers(mended: bool) -> Program:
    """Targets from 25 to 346 with binary cross-entropy; scaled, with squared error and Adam."""
    x, y = load_diabetes(return_X_y=True, scaled=mended)
    if mended:
        x, y = x / x.std(axis=0), (y - y.mean()) / y.std()
    model = keras.Sequential()
    model.add(Dense(32, activation="relu"))
    model.add(Dense(1))
    if mended:
        model.compile(loss="mean_squared_error", optimizer="adam")
    else:
        model.compile(loss="binary_crossentropy", optimizer="sgd")
    return Program(model, {"x": x, "y": y, "epochs": 50, "batch_size": 16}, y, "numbers")


@post(51181393, "regression, accuracy as the metric", "lr", "D")
def line(mended: bool) -> Program:
    """A straight line, by RMSprop at its default."""
    x = np.arange(-10, 10, 0.2)[:, None]
    y = 3 * x + 7
    model = keras.Sequential([Dense(1)])
    rate = {"learning_rate": 0.1} if mended else {}
    model.compile(loss="mse", optimizer=keras.optimizers.RMSprop(**rate), metrics=["accuracy"])
    return Program(model, {"x": x, "y": y, "epochs": 40, "batch_size": 10}, y, "numbers")


@post(47932589, "regression, unscaled", "prep")
def unscaled(mended: bool) -> Program:
    """Sizes, years and distances to a price in hundred thousands."""
    rng = np.random.default_rng(2)
    columns = [rng.uniform(20, 300, 500), rng.uniform(1900, 2020, 500), rng.uniform(0, 20000, 500)]
    x = np.stack(columns, axis=1)
    y = 3000 * x[:, 0] + 900 * (x[:, 1] - 1900) - 8 * x[:, 2] + 0.08 * x[:, 0] * x[:, 2] + 150_000
    if mended:
        x = (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0))
        y = (y - y.min()) / (y.max() - y.min())
    model = keras.Sequential()
    model.add(Dense(32, activation="relu"))
    model.add(Dense(16, activation="relu"))
    model.add(Dense(1))
    model.compile(loss="mean_squared_error", optimizer="adam", metrics=["mae"])
    fit = {"x": x, "y": y, "epochs": 60, "batch_size": 32, "validation_split": 0.2}
    return Program(model, fit, y, "numbers")
