"""Data, networks and faults of the third group of planted faults."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from planted import CLASSES, SIDE, Arrays, digits


def few(classes: int) -> Callable[[int, int], Arrays]:
    """Digits of the first classes only."""

    def source(limit: int, seed: int) -> Arrays:
        data = digits(2000, seed)
        kept, held = data["y"] < classes, data["vy"] < classes
        return {
            "x": data["x"][kept][:limit],
            "y": data["y"][kept][:limit],
            "vx": data["vx"][held],
            "vy": data["vy"][held],
        }

    return source


def photos(limit: int, seed: int) -> Arrays:
    """Patches of two photographs in colour, of three kinds: sky, roofs, petals."""
    from sklearn.datasets import load_sample_images

    china, flower = load_sample_images().images
    patches = [cut(china[:128]), cut(china[128:]), cut(flower)]
    labels = np.repeat([0, 1, 2], [len(part) for part in patches])
    order = np.random.default_rng(seed).permutation(len(labels))
    images, labels = np.concatenate(patches)[order], labels[order]
    return {"x": images[:limit], "y": labels[:limit], "vx": images[-450:], "vy": labels[-450:]}


def cut(picture: np.ndarray) -> np.ndarray:
    """The patches of a picture that do not overlap (N, SIDE, SIDE, 3)."""
    rows, columns = picture.shape[0] // SIDE, picture.shape[1] // SIDE
    tiles = picture[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE, 3)
    return tiles.swapaxes(1, 2).reshape(-1, SIDE, SIDE, 3)


def averaged(units: int = CLASSES, activation: Any = "relu", width: int = 32) -> keras.Model:
    """Separable convolutions and a global average before the last layer."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1.0, name="rescaling")(image)
    for number in (1, 2, 3):
        x = layers.SeparableConv2D(width, 3, padding="same", activation=activation, name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"conv{number}_bn")(x)
    x = layers.GlobalAveragePooling2D(name="average")(layers.MaxPooling2D(2, name="pool")(x))
    return keras.Model(image, layers.Dense(units, activation="softmax", name="predictions")(x))


def residual(units: int = CLASSES, width: int = 16, blocks: int = 3, activation: str = "gelu") -> keras.Model:
    """Residual blocks with LayerNormalization."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Conv2D(width, 3, strides=2, padding="same", name="stem")(
        layers.Rescaling(1 / 255, name="rescaling")(image)
    )
    for number in range(1, blocks + 1):
        y = layers.LayerNormalization(name=f"block{number}_norm")(x)
        y = layers.Conv2D(width, 3, padding="same", activation=activation, name=f"block{number}_conv")(y)
        x = layers.Add(name=f"block{number}_add")([x, y])
    x = layers.Flatten(name="flatten")(layers.MaxPooling2D(2, name="pool")(x))
    return keras.Model(image, layers.Dense(units, activation="softmax", name="predictions")(x))


def decayed(strength: float) -> keras.Model:
    """A network whose weights are pulled to zero by an L2 penalty."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Flatten(name="flatten")(layers.Rescaling(1 / 255, name="rescaling")(image))
    penalty = keras.regularizers.L2(strength)
    x = layers.Dense(64, activation="relu", kernel_regularizer=penalty, name="fc1")(x)
    return keras.Model(
        image, layers.Dense(CLASSES, activation="softmax", kernel_regularizer=penalty, name="predictions")(x)
    )


def ignored_branch() -> keras.Model:
    """A network one branch of which is multiplied by zero."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Rescaling(1 / 255, name="rescaling")(image)
    used = layers.Conv2D(16, 3, activation="relu", padding="same", name="conv_used")(x)
    ignored = layers.Conv2D(16, 3, activation="relu", padding="same", name="conv_ignored")(x)
    x = layers.Add(name="add")([used, layers.Rescaling(0.0, name="times_zero")(ignored)])
    x = layers.Flatten(name="flatten")(layers.MaxPooling2D(4, name="pool")(x))
    return keras.Model(image, layers.Dense(CLASSES, activation="softmax", name="predictions")(x))


def noisy_labels(share: float, parts: tuple[str, ...] = ("y",), classes: int = CLASSES) -> Callable[[Arrays], Arrays]:
    """A share of the labels drawn at random."""

    def fault(data: Arrays) -> Arrays:
        rng = np.random.default_rng(5)
        drawn = {part: rng.integers(0, classes, len(data[part])) for part in parts}
        return data | {part: np.where(rng.random(len(data[part])) < share, drawn[part], data[part]) for part in parts}

    return fault


def changed(part: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], Arrays]:
    """One part of the data changed."""
    return lambda data: data | {part: change(data[part])}


def both(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], Arrays]:
    """The images of both parts changed."""
    return lambda data: data | {part: change(data[part]) for part in ("x", "vx")}


def swapped(labels: np.ndarray, names: dict[int, int]) -> np.ndarray:
    """Labels of some classes with other names."""
    return np.array([names.get(int(label), int(label)) for label in labels])


def blackened(share: float) -> Callable[[np.ndarray], np.ndarray]:
    """A share of the images black, as after a failed decoding."""

    def change(images: np.ndarray) -> np.ndarray:
        kept = np.random.default_rng(6).random(len(images)) >= share
        return images * kept[:, None, None, None].astype("uint8")

    return change


def grained(images: np.ndarray) -> np.ndarray:
    """Images with strong noise."""
    noise = np.random.default_rng(7).normal(0, 90, images.shape)
    return np.clip(images + noise, 0, 255).astype("uint8")


def leaked(data: Arrays, noise: int = 0) -> Arrays:
    """Validation images that are training images, each pixel off by up to `noise`."""
    count = len(data["vy"])
    images = data["x"][:count].astype(int) + np.random.default_rng(8).integers(
        -noise, noise + 1, data["x"][:count].shape
    )
    return data | {"vx": np.clip(images, 0, 255).astype("uint8"), "vy": data["y"][:count]}


def weighted(shares: tuple[float, ...]) -> Callable[[Arrays], Arrays]:
    """Both parts with these shares of the first classes, as many images as that leaves."""

    def fault(data: Arrays) -> Arrays:
        made = {}
        for x, y in (("x", "y"), ("vx", "vy")):
            places = [np.flatnonzero(data[y] == number) for number in range(len(shares))]
            total = min(len(place) / share for place, share in zip(places, shares, strict=True))
            kept = np.concatenate([place[: round(total * share)] for place, share in zip(places, shares, strict=True)])
            made |= {x: data[x][kept], y: data[y][kept]}
        return made

    return fault
