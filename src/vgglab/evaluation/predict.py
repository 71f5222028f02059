"""What a model says of pictures in files: any number of them, one after the other, in flat memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vgglab.datasets.parallel import map_parallel
from vgglab.datasets.pictures import Found, find_pictures, read_picture
from vgglab.runs.find import find_classifier

TOP = 5
PIXELS_AT_ONCE = 2**20  # of the pictures that the model gets together: their feature maps take up to 100 times as much
PICTURES_AT_ONCE = 128
NOT_FINITE = "gives no finite probabilities: the model has diverged"


class Network(Protocol):
    """What can be asked: a `vgglab.Classifier`, or what an exported folder opens as, see those for the attributes."""

    classes: list[str]
    picture_side: int
    levels: Mapping[str, tuple[float, float]] | None

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities (N, classes) of raw images (N, side, side, 3)."""


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture.

    Attributes:
        path: of the picture.
        classes: names of the most probable classes, the most probable first; none where there is an error.
        probabilities: of these classes, 0 to 1.
        error: what is wrong with the picture; None for a prediction.
    """

    path: str
    classes: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """`path`, `class`, `probability` and `top` (pairs of these), or `path` and `error`."""
        if self.error is not None:
            return {"path": self.path, "error": self.error}
        top = [{"class": name, "probability": p} for name, p in zip(self.classes, self.probabilities, strict=True)]
        return {"path": self.path, **top[0], "top": top}


def predict_files(
    model: Network | Path | str, paths: Iterable[str | PathLike[str]], top: int = TOP
) -> Iterator[Prediction]:
    """What a model says of pictures, in the order of the paths; a file that gives no picture comes with its error.

    Pictures are treated as for training (see `datasets.decode.decode_picture`). Where there are many, other processes
    decode the next ones while the model is at work.

    Args:
        model: a classifier, a run folder, a run's name, a `.keras` file, or what
            `vgglab.exporting.exported.open_exported` gives of an exported folder.
        paths: picture files, folders of them (all files below that are not hidden), and tar, Parquet or Arrow shards.
        top: how many classes of each picture, at most; at least 1.

    Raises:
        RunError: there is no such model, or it takes no square RGB images.
        DataError: a shard is damaged.

    Example:
        >>> import vgglab
        >>> for prediction in vgglab.predict_files("runs/mine", ["photo.jpg", "pictures/"]):
        ...     print(prediction.path, prediction.classes[:1], prediction.error)
    """
    network = find_classifier(model) if isinstance(model, str | PathLike) else model
    return predict_found(network, find_pictures(paths), top)


def predict_found(network: Network, found: Iterable[Found], top: int = TOP) -> Iterator[Prediction]:
    """As `predict_files`, of files that were found before."""
    side = network.picture_side
    together = max(1, min(PICTURES_AT_ONCE, PIXELS_AT_ONCE // side**2))
    read = partial(read_picture, size=side, levels=network.levels)
    return _predict(network, map_parallel(read, found, ahead=2 * together), together, top)


def _predict(
    network: Network, read: Iterator[tuple[str, np.ndarray | str]], together: int, top: int
) -> Iterator[Prediction]:
    while batch := list(islice(read, together)):
        decoded = [(path, picture) for path, picture in batch if not isinstance(picture, str)]
        answers = _answers(network, decoded, top) if decoded else iter(())
        for path, picture in batch:
            yield Prediction(path, error=picture) if isinstance(picture, str) else next(answers)


def _answers(network: Network, decoded: list[tuple[str, np.ndarray]], top: int) -> Iterator[Prediction]:
    probabilities = network.predict(np.stack([picture for _, picture in decoded]))
    finite, order = np.isfinite(probabilities).all(axis=1), np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    values = np.take_along_axis(probabilities, order, axis=1).astype(float).round(6)
    for (path, _), whole, numbers, shares in zip(decoded, finite, order.tolist(), values.tolist(), strict=True):
        names = tuple(network.classes[number] for number in numbers)
        yield Prediction(path, names, tuple(shares)) if whole else Prediction(path, error=NOT_FINITE)
