"""What a data set is: images, labels, class names and a fixed split."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Part:
    """Images of one part of a data set (train, validation or test).

    Attributes:
        images: uint8 pixels, shape (N, H, W, 3), 0 to 255, RGB.
        labels: int64 class numbers, shape (N,).
        indices: int64 positions in the published training (or test) images, shape (N,).
    """

    images: np.ndarray
    labels: np.ndarray
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class DataSet:
    """A data set ready for training: three parts with one list of class names."""

    name: str
    classes: tuple[str, ...]
    train: Part
    validation: Part
    test: Part

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image, pixels."""
        return self.train.images.shape[1:]
