"""Published programs that tell several classes apart."""

import keras
import numpy as np
from keras.layers import LSTM, BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D
from keras.utils import to_categorical
from program import Program, post
from sklearn.datasets import load_digits, load_iris, load_wine, make_classification, make_multilabel_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import vgglab
from vgglab.models.builtin import builtin_path

PHOTOS = 600


def photos() -> tuple[np.ndarray, np.ndarray]:
    """Photos of airplanes, cars and birds, uint8 (N, 32, 32, 3), and their class numbers."""
    data = vgglab.load_data("cifar10").train
    chosen = np.flatnonzero(data.labels < 3)[:PHOTOS]
    return data.images[chosen], data.labels[chosen]


@post(47724077, "classes from a table with very unlike columns", "opt lr prep epoch")
def unlike_columns(mended: bool) -> Program:
    """Wines as they were measured, Adam at its default; scaled, a rate of 0.01, longer."""
    x, y = load_wine(return_X_y=True)
    if mended:
        x = StandardScaler().fit_transform(x)
    model = keras.Sequential()
    model.add(Dense(10, activation="relu"))
    model.add(Dense(3, activation="softmax"))
    rate = {"learning_rate": 0.01} if mended else {}
    model.compile(keras.optimizers.Adam(**rate), "categorical_crossentropy", metrics=["accuracy"])
    fit = {"x": x, "y": to_categorical(y), "epochs": 40 if mended else 10, "batch_size": 16}
    return Program(model, fit, y)


@post(41372874, "LSTM over pictures' rows", "", "D")
def rows(mended: bool) -> Program:
    """Nothing is wrong with it."""
    digits = load_digits()
    x, val_x, y, val_y = train_test_split(digits.images / 16, digits.target, test_size=0.2, random_state=0)
    model = keras.Sequential()
    model.add(LSTM(64))
    model.add(Dense(10, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit = {"x": x, "y": to_categorical(y), "epochs": 20, "batch_size": 32}
    return Program(model, fit | {"validation_data": (val_x, to_categorical(val_y))}, y)


@post(50079585, "three classes of photos", "epoch lr act loss layers", "UAD")
def one_unit_for_three(mended: bool) -> Program:
    """One sigmoid unit with binary cross-entropy for three classes; three with a softmax."""
    x, y = photos()
    model = keras.Sequential()
    model.add(Conv2D(16, 3, activation="relu"))
    model.add(MaxPooling2D())
    model.add(Conv2D(32, 3, activation="relu"))
    model.add(MaxPooling2D())
    model.add(Flatten())
    model.add(Dense(64, activation="relu"))
    if mended:
        model.add(Dense(3, activation="softmax"))
        model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    else:
        model.add(Dense(1, activation="sigmoid"))
        model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    targets = to_categorical(y) if mended else y
    fit = {"x": x / 255.0, "y": targets, "epochs": 12 if mended else 4, "batch_size": 32, "validation_split": 0.2}
    return Program(model, fit, y)


@post(45337371, "ten classes", "act", "D")
def on_or_off(mended: bool) -> Program:
    """A softmax where each of ten classes is on or off by itself."""
    x, y = make_multilabel_classification(1000, 30, n_classes=10, n_labels=3, length=300, random_state=0)
    x = StandardScaler().fit_transform(x)
    model = keras.Sequential()
    model.add(Dense(64, activation="relu"))
    model.add(Dense(10, activation="sigmoid" if mended else "softmax"))
    model.compile(loss="binary_crossentropy", optimizer="adam")
    return Program(model, {"x": x, "y": y, "epochs": 40, "batch_size": 32}, y, "labels")


@post(56380303, "photos, fine-tuned network", "opt lr")
def fine_tuned(mended: bool) -> Program:
    """A network that has learned other photos, with a new head, by SGD at its default; Adam at 0.0001."""
    x, y = photos()
    base = keras.saving.load_model(builtin_path("VGG16"), compile=False)
    for layer in base.layers:
        layer.trainable = not isinstance(layer, BatchNormalization)
    model = keras.Sequential([base, Flatten(), Dense(3, activation="softmax")])
    optimizer = keras.optimizers.Adam(0.0001) if mended else keras.optimizers.SGD()
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    fit = {"x": x.astype("float32"), "y": to_categorical(y), "epochs": 3, "batch_size": 32, "validation_split": 0.2}
    return Program(model, fit, y)


@post(39810655, "three classes of iris", "loss")
def class_numbers(mended: bool) -> Program:
    """Categorical cross-entropy on class numbers, which Keras 3 refuses when `fit` has begun."""
    x, y = load_iris(return_X_y=True)
    model = keras.Sequential()
    model.add(Dense(16, activation="relu"))
    model.add(Dense(3, activation="softmax"))
    loss = "sparse_categorical_crossentropy" if mended else "categorical_crossentropy"
    model.compile(loss=loss, optimizer=keras.optimizers.Adam(0.01), metrics=["accuracy"])
    return Program(model, {"x": x, "y": y, "epochs": 50, "batch_size": 16}, y)


@post(41327601, "several classes", "loss")
def binary_for_ten(mended: bool) -> Program:
    """Binary cross-entropy with a softmax over ten classes."""
    digits = load_digits()
    model = keras.Sequential()
    model.add(Dense(64, activation="relu"))
    model.add(Dense(10, activation="softmax"))
    loss = "categorical_crossentropy" if mended else "binary_crossentropy"
    model.compile(loss=loss, optimizer="sgd", metrics=["accuracy"])
    fit = {"x": digits.data / 16, "y": to_categorical(digits.target), "epochs": 30, "batch_size": 32}
    return Program(model, fit, digits.target)


@post(41977498, "classes from a table", "opt lr epoch", "D")
def ten_epochs(mended: bool) -> Program:
    """RMSprop for 10 epochs; Adam at 0.01 for 100."""
    x, y = make_classification(600, 20, n_informative=10, n_classes=4, random_state=0)
    x = StandardScaler().fit_transform(x)
    model = keras.Sequential()
    model.add(Dense(20, activation="relu"))
    model.add(Dense(4, activation="softmax"))
    optimizer = keras.optimizers.Adam(0.01) if mended else "rmsprop"
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    fit = {"x": x, "y": to_categorical(y), "epochs": 100 if mended else 10, "batch_size": 64}
    return Program(model, fit, y)
