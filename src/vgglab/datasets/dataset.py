"""What a data set is: images, labels, class names and a fixed split."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from vgglab.datasets.levels import Levels


@dataclass(frozen=True)
class Part:
    """Images of one part of a data set (train, validation or test).

    Attributes:
        images: uint8 pixels, shape (N, H, W, 3), 0 to 255, RGB.
        labels: int64 class numbers, shape (N,).
        indices: int64 positions in the published training (or test) images, or in the sorted list of a folder's
            files, shape (N,).
    """

    images: np.ndarray
    labels: np.ndarray
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def are_kept(images: Any) -> bool:
    """Whether images are there as an array; else each is decoded whenever it is read (`datasets.streamed`)."""
    return isinstance(images, np.ndarray)


class Skipped(NamedTuple):
    """A file of a folder that was left out, or is black: its path below it, its part, and what is wrong with it."""

    path: str
    part: str
    reason: str


@dataclass(frozen=True)
class DataSet:
    """A data set ready for training: three parts with one list of class names, and what had to be left out.

    `images` of a folder's parts are arrays, or a `StreamedImages` that is read as one (see `datasets.streamed`).
    `levels` are the grey levels that its pictures were stretched by, None where they were not. `files` are the paths of
    a folder's files as they are shown, sorted; `Part.indices` are positions in them; none of another data set.
    `digests` gives short hashes of names and sizes of the files at some such positions.
    """

    name: str
    classes: tuple[str, ...]
    train: Part
    validation: Part
    test: Part
    skipped: tuple[Skipped, ...] = ()
    levels: Levels | None = None
    files: Sequence[str] = ()
    digests: Callable[[Iterable[int]], list[str]] | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image, pixels."""
        return self.train.images.shape[1:]

    def black(self) -> list[Skipped]:
        """Of pictures that are decoded anew each time those that could not be read so far."""
        if are_kept(self.train.images):
            return []
        broken = self.train.images.decoder.broken
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        rows = (
            (part, int(row)) for part in parts for row in parts[part].indices[np.isin(parts[part].indices, [*broken])]
        )
        return [Skipped(self.files[row], part, broken[row]) for part, row in rows]
