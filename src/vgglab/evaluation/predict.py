"""What a model says of pictures in files: any number of them, one after the other, in flat memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.datasets.parallel import map_parallel
from vgglab.datasets.pictures import find_files, read_picture
from vgglab.runs.find import find_classifier
from vgglab.runs.saved_model import Classifier

TOP = 5
PIXELS_AT_ONCE = 2**20  # of the pictures that the model gets together: their feature maps take up to 100 times as much
PICTURES_AT_ONCE = 256
NOT_FINITE = "gives no finite probabilities: the model has diverged"


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
    model: Classifier | Path | str, paths: Iterable[str | PathLike[str]], top: int = TOP
) -> Iterator[Prediction]:
    """What a model says of pictures, in the order of the paths; a file that gives no picture comes with its error.

    Pictures are treated as for training (see `datasets.decode.decode_picture`). Where there are many, other processes
    decode the next ones while the model is at work.

    Args:
        model: a classifier, a run folder, a run's name, or a `.keras` file.
        paths: picture files, and folders of them (all files below that are not hidden).
        top: how many classes of each picture, at most; at least 1.

    Raises:
        RunError: there is no such model, or it takes no square RGB images.

    Example:
        >>> import vgglab
        >>> for prediction in vgglab.predict_files("runs/mine", ["photo.jpg", "pictures/"]):
        ...     print(prediction.path, prediction.classes[:1], prediction.error)
    """
    classifier = model if isinstance(model, Classifier) else find_classifier(model)
    side = classifier.picture_side
    read = partial(read_picture, size=side, levels=classifier.levels)
    return _predict(classifier, map_parallel(read, find_files(paths)), side, top)


def _predict(
    classifier: Classifier, read: Iterator[tuple[str, np.ndarray | str]], side: int, top: int
) -> Iterator[Prediction]:
    together = max(1, min(PICTURES_AT_ONCE, PIXELS_AT_ONCE // side**2))
    while batch := list(islice(read, together)):
        pictures = [picture for _, picture in batch if not isinstance(picture, str)]
        rows = iter(classifier.predict(np.stack(pictures)) if pictures else ())
        for path, picture in batch:
            if isinstance(picture, str):
                yield Prediction(path, error=picture)
            else:
                yield _best(path, next(rows), classifier.classes, top)


def _best(path: str, probabilities: np.ndarray, classes: list[str], top: int) -> Prediction:
    if not np.isfinite(probabilities).all():
        return Prediction(path, error=NOT_FINITE)
    order = np.argsort(-probabilities, kind="stable")[:top]
    names = tuple(classes[number] for number in order)
    return Prediction(path, names, tuple(round(float(probabilities[number]), 6) for number in order))
