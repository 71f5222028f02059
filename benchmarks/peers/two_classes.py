"""Published programs that tell two classes apart."""

import keras
import numpy as np
from keras.layers import BatchNormalization, Conv3D, Dense, Flatten, MaxPooling3D
from keras.utils import to_categorical
from program import Program, post
from sklearn.datasets import load_breast_cancer, make_classification, make_moons
from sklearn.preprocessing import MinMaxScaler, StandardScaler


@post(31556268, "XOR, two inputs, one output", "loss epoch lr opt", "UD")
def xor(mended: bool) -> Program:
    """Four rows, 1,000 epochs of SGD at 0.05 with a momentum of 0.11 and squared error."""
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32"), np.array([0, 1, 1, 0])
    model = keras.Sequential()
    model.add(Dense(4, activation="tanh"))
    model.add(Dense(1, activation="sigmoid"))
    if mended:
        model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    else:
        model.compile(loss="mean_squared_error", optimizer=keras.optimizers.SGD(0.05, momentum=0.11))
    return Program(model, {"x": x, "y": y, "epochs": 1000, "batch_size": 4}, y)


@post(34673164, "two classes, deep dense layers", "layers act loss", "A")
def deep(mended: bool) -> Program:
    """Ten dense layers, a softmax and squared error; a sigmoid, binary cross-entropy and BatchNormalization."""
    x, y = make_classification(800, 20, n_informative=8, random_state=0)
    model = keras.Sequential()
    for _ in range(10):
        model.add(Dense(32, activation="sigmoid"))
        if mended:
            model.add(BatchNormalization())
    if mended:
        model.add(Dense(1, activation="sigmoid"))
        model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    else:
        model.add(Dense(2, activation="softmax"))
        model.compile(loss="mean_squared_error", optimizer="adam", metrics=["accuracy"])
    fit = {"x": x, "y": y if mended else to_categorical(y), "epochs": 20, "batch_size": 32}
    return Program(model, fit, y)


@post(44066044, "two classes, unscaled columns", "prep", "U")
def up_to_ten_thousand(mended: bool) -> Program:
    """Columns from 0 to 10,000."""
    x, y = make_classification(600, 8, n_informative=5, random_state=1)
    x = MinMaxScaler((0, 10_000)).fit_transform(x)
    if mended:
        x = StandardScaler().fit_transform(x)
    model = keras.Sequential()
    model.add(Dense(12, activation="relu"))
    model.add(Dense(8, activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return Program(model, {"x": x, "y": y, "epochs": 50, "batch_size": 10}, y)


@post(51930566, "two classes", "act")
def relu_last(mended: bool) -> Program:
    """A ReLU before binary cross-entropy."""
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    model = keras.Sequential()
    model.add(Dense(16, activation="relu"))
    model.add(Dense(1, activation="sigmoid" if mended else "relu"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return Program(model, {"x": x, "y": y, "epochs": 20, "batch_size": 16, "validation_split": 0.2}, y)


@post(31627380, "two classes, two units", "opt act loss", "D")
def two_units(mended: bool) -> Program:
    """A ReLU on both units with categorical cross-entropy and Adam; sigmoids, binary cross-entropy and SGD."""
    x, y = make_classification(800, 14, n_informative=8, random_state=0)
    x = StandardScaler().fit_transform(x)
    model = keras.Sequential()
    model.add(Dense(64, activation="relu"))
    model.add(Dense(64, activation="relu"))
    if mended:
        model.add(Dense(2, activation="sigmoid"))
        sgd = keras.optimizers.SGD(0.1, momentum=0.9)
        model.compile(loss="binary_crossentropy", optimizer=sgd, metrics=["accuracy"])
    else:
        model.add(Dense(2, activation="relu"))
        model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return Program(model, {"x": x, "y": to_categorical(y), "epochs": 15, "batch_size": 32}, y)


@post(50481178, "two classes", "act loss")
def nothing_to_lose(mended: bool) -> Program:
    """One sigmoid unit with categorical cross-entropy: the loss is next to nothing from the start."""
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    model = keras.Sequential()
    model.add(Dense(24, activation="relu"))
    model.add(Dense(12, activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    loss = "binary_crossentropy" if mended else "categorical_crossentropy"
    model.compile(loss=loss, optimizer="adam", metrics=["accuracy"])
    return Program(model, {"x": x, "y": y, "epochs": 15, "batch_size": 16}, y)


@post(58237726, "volumes of ones and of zeros", "lr prep", "AD")
def volumes(mended: bool) -> Program:
    """Half of the volumes zeros, half ones, and each batch made of one kind."""
    y = np.repeat([0, 1], 100)
    x = np.ones((200, 8, 8, 8, 1), "float32") * y[:, None, None, None, None]
    model = keras.Sequential()
    model.add(Conv3D(8, 3, activation="relu"))
    model.add(MaxPooling3D(2))
    model.add(Flatten())
    model.add(Dense(32, activation="relu"))
    model.add(Dense(2, activation="softmax"))
    model.compile(keras.optimizers.SGD(0.05 if mended else 1.0), "categorical_crossentropy", metrics=["accuracy"])
    fit = {"x": x, "y": to_categorical(y), "epochs": 10, "batch_size": 10 if mended else 100, "shuffle": mended}
    return Program(model, fit, y)


@post(41600519, "two classes, batches of one, one epoch", "opt loss layers", "ALD")
def one_epoch(mended: bool) -> Program:
    """RMSprop for one epoch of batches of one; Adam, batches of 64, 100 epochs."""
    x, y = make_moons(300, noise=0.15, random_state=0)
    model = keras.Sequential()
    model.add(Dense(32 if mended else 4, activation="relu"))
    if mended:
        model.add(Dense(32, activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    if mended:
        model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    else:
        model.compile(loss="mean_squared_error", optimizer="rmsprop", metrics=["accuracy"])
    return Program(model, {"x": x, "y": y, "epochs": 100 if mended else 1, "batch_size": 64 if mended else 1}, y)


@post(46995209, "unscaled columns, tanh", "act prep layers", "U")
def tanh_saturates(mended: bool) -> Program:
    """Columns up to some thousands into layers of tanh; scaled, ReLU and a layer more."""
    x, y = make_classification(600, 12, n_informative=6, random_state=3)
    x = MinMaxScaler((0, 1)).fit_transform(x) * np.geomspace(1, 5000, 12)
    if mended:
        x = StandardScaler().fit_transform(x)
    model = keras.Sequential()
    for _ in range(3 if mended else 2):
        model.add(Dense(16, activation="relu" if mended else "tanh"))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return Program(model, {"x": x, "y": y, "epochs": 30, "batch_size": 20}, y)
