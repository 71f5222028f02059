"""What images and labels show before any training: scale, balance, duplicates, and whether labels can be learned.

Pure functions of arrays; they see the images as they are, before the network's own preprocessing.
"""

import hashlib
from typing import Any

import numpy as np

from vgglab.diagnosis.records import short

SUBSET = 2000  # images of each part that the quick checks look at
NEAR = 0.2  # of the distance between neighbouring training images
GRID = 8  # the quick checks see images as GRID x GRID averages
Part = tuple[np.ndarray, np.ndarray]


def data_signals(training: Part, validation: Part, classes: int) -> dict[str, Any]:
    """What is recorded of the data before the first step.

    Args:
        training: images (N, H, W, C) and class numbers (N,).
        validation: the same of the held-out part.
        classes: number of classes.

    Returns:
        `images`, `counts` (of classes), `stray_labels` (share outside 0 to classes - 1) and `pixels` of each part,
        `duplicates` (share of validation images that are training images too; among SUBSET of each where images are
        decoded as they are read), `near_duplicates` (share of those that
        are nearly one), `difference` between the parts' mean images, `traits` by which their single images differ, and
        `check`: how far simple models get.
    """
    parts = {"training": training, "validation": validation}
    seen = {name: drawn(part[0], SUBSET) for name, part in parts.items()}
    tiny = {name: features(images) for name, images in seen.items()}
    labels = {name: drawn(part[1], SUBSET) for name, part in parts.items()}
    return {
        "images": {name: len(part[1]) for name, part in parts.items()},
        "near_duplicates": near_duplicate_share(tiny["training"], tiny["validation"]),
        "counts": {name: counts(part[1], classes) for name, part in parts.items()},
        "stray_labels": {name: stray_share(part[1], classes) for name, part in parts.items()},
        "pixels": {name: describe_pixels(images) for name, images in seen.items()},
        "duplicates": duplicate_share(*(whole(part[0], seen[name]) for name, part in parts.items())),
        "difference": difference(tiny["training"], tiny["validation"]),
        "traits": traits_apart(seen["training"], seen["validation"]),
        "check": check_labels(tiny, labels, classes),
    }


def drawn(values: np.ndarray, most: int) -> np.ndarray:
    """So many of some values at most, at equal distances from the first to the last: a folder's lie class by class."""
    return np.asarray(values if len(values) <= most else values[places(len(values), most)])


def whole(images: Any, some: np.ndarray) -> np.ndarray:
    """All images of a part, or some of them where each would have to be decoded for it."""
    return images if isinstance(images, np.ndarray) else some


def places(count: int, most: int) -> np.ndarray:
    """So many places among `count` at most, at equal distances from the first to the last."""
    return np.linspace(0, count - 1, min(count, most)).astype(int)


def counts(labels: np.ndarray, classes: int) -> list[int]:
    """Images of each class."""
    inside = labels[(labels >= 0) & (labels < classes)].astype(int)
    return np.bincount(inside, minlength=classes).tolist()


def stray_share(labels: np.ndarray, classes: int) -> float:
    """Share of the labels that name no class."""
    return round(float(np.mean((labels < 0) | (labels >= classes))), 4)


def describe_pixels(images: np.ndarray) -> dict[str, float | None]:
    """Range and mean of raw pixels, and the share of images that are one constant."""
    images = np.asarray(images)
    rows = images.reshape(len(images), -1)
    constant = np.mean(rows.min(axis=1) == rows.max(axis=1))
    return {
        "least": short(float(rows.min())),
        "largest": short(float(rows.max())),
        "mean": short(float(rows.mean(dtype="float64"))),
        "constant": round(float(constant), 4),
    }


def duplicate_share(training: np.ndarray, validation: np.ndarray) -> float:
    """Share of the validation images that are, pixel for pixel, among the training images."""
    known = {_digest(image) for image in training}
    return round(sum(_digest(image) in known for image in validation) / max(len(validation), 1), 4)


def near_duplicate_share(training: np.ndarray, validation: np.ndarray) -> float:
    """Share of validation images much nearer to a training image than that one is to any other training image.

    The scale is the neighbour's own, so that a data set of images that are all alike (patches of sky) has none.

    Args:
        training: `features` of training images (N, F).
        validation: of validation images.
    """
    if len(training) < 2 or not len(validation):
        return 0.0
    nearest, distances = nearest_rows(validation, training)
    _, apart = nearest_rows(training, training, itself=False)
    return round(float(np.mean(distances < NEAR * apart[nearest])), 4)


def nearest_rows(asked: np.ndarray, known: np.ndarray, itself: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """For each row of `asked` the nearest row of `known` and how far it is; not itself where the two are one."""
    squares = (asked * asked).sum(axis=1)[:, None] - 2 * asked @ known.T + (known * known).sum(axis=1)
    if not itself:
        np.fill_diagonal(squares, np.inf)
    nearest = squares.argmin(axis=1)
    return nearest, np.sqrt(np.maximum(((asked - known[nearest]) ** 2).sum(axis=1), 0))


def _digest(image: np.ndarray) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(image), digest_size=16).digest()


def features(images: np.ndarray) -> np.ndarray:
    """Images as GRID x GRID averages, float32 (N, GRID * GRID * C)."""
    images = np.asarray(images)
    count, height, width, channels = images.shape
    rows, columns = min(GRID, height), min(GRID, width)
    cut = images[:, : height // rows * rows, : width // columns * columns]
    cells = cut.reshape(count, rows, height // rows, columns, width // columns, channels)
    return cells.mean(axis=(2, 4), dtype="float32").reshape(count, -1)


def difference(training: np.ndarray, validation: np.ndarray) -> dict[str, float | None]:
    """How far the parts' mean images are apart: in deviations of single images, and in standard errors (largest)."""
    scale = np.sqrt(training.var(axis=0).mean()) + 1e-6
    apart = np.abs(training.mean(axis=0) - validation.mean(axis=0))
    errors = np.sqrt(training.var(axis=0) / len(training) + validation.var(axis=0) / len(validation)) + 0.01 * scale
    return {"deviations": short(float(apart.max() / scale)), "errors": short(float((apart / errors).max()))}


def traits_apart(training: np.ndarray, validation: np.ndarray) -> dict[str, dict[str, float | None]]:
    """How far the parts' images are apart in contrast and in detail, as `difference` says it of the mean images."""
    ours, theirs = traits(training), traits(validation)
    return {name: difference(ours[name][:, None], theirs[name][:, None]) for name in ours}


def traits(images: np.ndarray) -> dict[str, np.ndarray]:
    """Of each image (N,): the deviation of its values, and the mean step to the next one relative to that."""
    found = np.array([_trait(np.asarray(image, "float32")) for image in images]).reshape(-1, 2)
    return {"contrast": found[:, 0], "detail": found[:, 1]}


def _trait(image: np.ndarray) -> tuple[float, float]:
    contrast = float(image.std())
    steps = [float(np.abs(np.diff(image, axis=axis)).mean()) for axis in (0, 1) if image.shape[axis] > 1]
    return contrast, sum(steps) / (contrast + 1e-6)


def check_labels(tiny: dict[str, np.ndarray], labels: dict[str, np.ndarray], classes: int) -> dict[str, Any]:
    """How far simple models get: nearest neighbour and a linear one, the better of the two.

    Returns:
        `within`: accuracy on one half of the training images after seeing the other, both ways; `across`: on
        validation images after seeing training images; `across_half`: the same after seeing one half of them, the
        mean of both, so that it can be held against `within`; `renamed`: as `across`, had each class the name that fits
        best; `held`: what `held_out` says of that (`renamed`), and of several classes under one name (`merged`);
        `majority`: share of the most frequent class; `n_within`, `n_across`: images asked; `model`: which.
    """
    images, names = tiny["training"], labels["training"]
    best = max((_check(kind, images, names) for kind in ("neighbour", "linear")), key=lambda found: found[0])
    within, kind = best
    guesses = _predict(kind, images, names, tiny["validation"])
    truth = labels["validation"]
    by_half = [_predict(kind, images[half], names[half], tiny["validation"]) for half in halves(len(names))]
    return {
        "model": kind,
        "within": round(within, 4),
        "across": round(float(np.mean(guesses == truth)), 4),
        "across_half": round(float(np.mean([guessed == truth for guessed in by_half])), 4),
        "renamed": round(renamed_accuracy(guesses, truth, classes), 4),
        "held": {name: held_out(guesses, truth, classes, name == "renamed") for name in ("renamed", "merged")},
        "majority": round(float(max(np.bincount(names[names >= 0].astype(int), minlength=1)) / len(names)), 4),
        "n_within": len(names),
        "n_across": len(truth),
    }


def _check(kind: str, images: np.ndarray, labels: np.ndarray) -> tuple[float, str]:
    first, second = halves(len(labels))
    right = 0
    for seen, asked in ((first, second), (second, first)):
        right += np.sum(_predict(kind, images[seen], labels[seen], images[asked]) == labels[asked])
    return float(right / len(labels)), kind


def halves(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of so many images, drawn at random, the same ones every time."""
    order = np.random.default_rng(0).permutation(count)
    return order[: count // 2], order[count // 2 :]


def _predict(kind: str, images: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Guesses for `asked` of a model that saw `images`: the nearest one's label, or ridge regression on the classes."""
    if kind == "neighbour":
        products = asked @ images.T
        return labels[np.argmin((images * images).sum(axis=1) - 2 * products, axis=1)]
    names = np.unique(labels)
    mean, scale = images.mean(axis=0), images.std() + 1e-6
    seen, new = (images - mean) / scale, (asked - mean) / scale
    targets = (labels[:, None] == names) - np.mean(labels[:, None] == names, axis=0)
    gram = seen.T @ seen + 0.1 * len(seen) * np.eye(seen.shape[1], dtype="float32")
    return names[np.argmax(new @ np.linalg.solve(gram, seen.T @ targets), axis=1)]


def renamed_accuracy(guesses: np.ndarray, truth: np.ndarray, classes: int) -> float:
    """Accuracy of guesses, had each class the name under which most of them would be right (one name each)."""
    names = best_names(guesses, truth, classes, True)
    return float(np.mean(names[np.clip(guesses, 0, None).astype(int)] == truth)) if len(truth) else 0.0


def held_out(guesses: np.ndarray, truth: np.ndarray, classes: int, one_each: bool) -> list[int]:
    """What other names of the classes gain on images that they were not chosen by.

    A naming that fits can always be found where there are as many names as images; on others it then gains nothing.

    Args:
        guesses: class numbers (N,).
        truth: labels (N,).
        classes: number of classes.
        one_each: whether each class has a name of its own.

    Returns:
        Images that are right under the names chosen by the other half alone, and those right as they are alone.
    """
    gained = lost = 0
    first, second = halves(len(truth))
    for seen, asked in ((first, second), (second, first)):
        given = np.clip(guesses[asked], 0, None).astype(int)
        renamed = best_names(guesses[seen], truth[seen], classes, one_each)[given] == truth[asked]
        gained += int(np.sum(renamed & (given != truth[asked])))
        lost += int(np.sum(~renamed & (given == truth[asked])))
    return [gained, lost]


def best_names(guesses: np.ndarray, truth: np.ndarray, classes: int, one_each: bool) -> np.ndarray:
    """For each guessed class the label that makes most guesses right, its own where another is no better (classes,)."""
    from scipy.optimize import linear_sum_assignment

    size = int(max([classes, *(guesses + 1), *(truth + 1)]))
    table = np.eye(size, dtype=int)
    np.add.at(table, (np.clip(guesses, 0, None).astype(int), np.clip(truth, 0, None).astype(int)), 2)
    return linear_sum_assignment(-table)[1] if one_each else table.argmax(axis=1)
