"""`load_data`: a data set by its name, split into train, validation and test."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING

from vgglab.config import DataConfig
from vgglab.errors import ConfigError
from vgglab.resolve import make_config

if TYPE_CHECKING:  # numpy and scikit-learn are loaded when data is, not when the names are asked for
    from vgglab.datasets.dataset import DataSet, Part

DEFAULT = DataConfig()


@dataclass(frozen=True)
class Published:
    """What is known of a data set before it is loaded.

    Attributes:
        image_shape: (height, width, channels), pixels.
        classes: number of classes.
        training: number of published training images.
        test: number of published test images.
    """

    image_shape: tuple[int, int, int]
    classes: int
    training: int
    test: int

    def part_sizes(self, validation: float, limit: int | None) -> tuple[int, int, int]:
        """Images for training, validation and test after the split."""
        held_out = math.ceil(self.training * validation)
        sizes = (self.training - held_out, held_out, self.test)
        return tuple(min(size, limit or size) for size in sizes)


PUBLISHED = {
    "digits": Published((32, 32, 3), 10, 1437, 360),
    "cifar10": Published((32, 32, 3), 10, 50_000, 10_000),
    "cifar100": Published((32, 32, 3), 100, 50_000, 10_000),
}
COARSE_CLASSES = 20


def published(name: str, coarse: bool = False) -> Published:
    """Image shape, classes and numbers of images of a data set, without loading it."""
    return replace(PUBLISHED[name], classes=COARSE_CLASSES) if coarse else PUBLISHED[name]


def load_data(
    name: str,
    *,
    coarse: bool = DEFAULT.coarse,
    validation: float = DEFAULT.validation,
    split_seed: int = DEFAULT.split_seed,
    limit: int | None = DEFAULT.limit,
    data_dir: str | PathLike[str] | None = None,
) -> DataSet:
    """Load a data set and cut it into three parts that are the same on every machine.

    Args:
        name: one of `vgglab.config.DATASETS`.
        coarse: CIFAR-100's 20 superclasses instead of its 100 classes.
        validation: share of the published training images held out, between 0 and 1.
        split_seed: which images are held out and which ones `limit` keeps, 0 to 2**32 - 1.
        limit: images kept in each part, every class in its share; None, or more than there are, keeps all.
        data_dir: folder of the CIFAR files; None means VGGLAB_DATA, else the user's cache folder.

    Returns:
        A data set of uint8 images, shape (N, 32, 32, 3), 0 to 255, RGB.

    Raises:
        ConfigError: an argument is off.
        DataError: files are missing, damaged or too few for the split.

    Example:
        >>> from vgglab.datasets import load_data
        >>> len(load_data("digits", limit=100).train)
        100
    """
    given = {"name": name, "coarse": coarse, "validation": validation, "split_seed": split_seed, "limit": limit}
    make_config({"data": given}, source="load_data")
    from vgglab.datasets.dataset import DataSet
    from vgglab.datasets.split import split_indices, take

    classes, training, test = _read(name, coarse, data_dir)
    kept, held_out = split_indices(training.labels, validation, split_seed)
    return DataSet(
        name=name,
        classes=classes,
        train=take(training, kept, limit, split_seed),
        validation=take(training, held_out, limit, split_seed),
        test=take(test, None, limit, split_seed),
    )


def load_dataset(config: DataConfig, batch_size: int = 1, data_dir: str | PathLike[str] | None = None) -> DataSet:
    """The data set that a config names.

    Raises:
        ConfigError: a batch would be larger than the training part.
        DataError: the data set is missing or damaged.
    """
    dataset = load_data(**config.model_dump(), data_dir=data_dir)
    if batch_size > len(dataset.train):
        raise ConfigError(
            f"train.batch_size is {batch_size}; {config.name} has only {len(dataset.train)} training images "
            "here, choose a smaller batch or a larger --limit"
        )
    return dataset


def _read(name: str, coarse: bool, data_dir: str | PathLike[str] | None) -> tuple[tuple[str, ...], Part, Part]:
    """Class names, published training images and published test images."""
    if name == "digits":
        from vgglab.datasets.digits import read_digits

        return read_digits()
    from vgglab.datasets import cifar

    if name == "cifar10":
        return cifar.read_cifar10(data_dir)
    return cifar.read_cifar100(data_dir, coarse=coarse)
