"""`load_data`: a data set by its name or folder, split into train, validation and test."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from vgglab.config.resolve import make_config
from vgglab.config.schema import DATASETS, PICTURE_SIZE, DataConfig, RunConfig
from vgglab.errors import ConfigError

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
        validation: number of published validation images; None where they are cut from the training images.
    """

    image_shape: tuple[int, int, int]
    classes: int
    training: int
    test: int
    validation: int | None = None

    def part_sizes(self, validation: float, limit: int | None) -> tuple[int, int, int]:
        """Images for training, validation and test after the split (of a folder: to one or two per class)."""
        cut = math.ceil(self.training * validation) if self.validation is None else 0
        sizes = (self.training - cut, cut if self.validation is None else self.validation, self.test)
        return tuple(min(size, limit or size) for size in sizes)


PUBLISHED = {
    "digits": Published((32, 32, 3), 10, 1437, 360),
    "cifar10": Published((32, 32, 3), 10, 50_000, 10_000),
    "cifar100": Published((32, 32, 3), 100, 50_000, 10_000),
}
COARSE_CLASSES = 20


def published(name: str, coarse: bool = DEFAULT.coarse, *, image_size: int | None = None, **settings: Any) -> Published:
    """Image shape, classes and numbers of images of a data set, without loading it; of a folder by listing its files.

    Args:
        name: as for `load_data`.
        coarse: as for `load_data`.
        image_size: as for `load_data`.
        **settings: as for `load_data`.

    Raises:
        ConfigError: an argument is off.
        DataError: there is no such folder, or it has no classes.
    """
    given = {"data": {"name": name, "coarse": coarse, **settings}, "model": {"image_size": image_size}}
    return published_for(make_config(given, source="published"))


def published_for(config: RunConfig) -> Published:
    """What is known of the data set that a run's config names, before it is loaded."""
    data = config.data
    if data.name not in DATASETS:
        return _listed(data, config.model.image_size)
    found = replace(PUBLISHED[data.name], classes=COARSE_CLASSES) if data.coarse else PUBLISHED[data.name]
    return _without_fold(found, found.training, data.folds) if data.folds else found


def load_data(
    name: str, *, image_size: int | None = None, data_dir: str | PathLike[str] | None = None, **settings: Any
) -> DataSet:
    """Load a data set and cut it into three parts that are the same on every machine.

    Args:
        name: one of `vgglab.config.schema.DATASETS`, or a folder of pictures: `name/<class>/*`,
            `name/{train,val,test}/<class>/*`, or one with a table of `labels`.
        image_size: side in pixels that the pictures of a folder are decoded at; None means `PICTURE_SIZE`.
        data_dir: folder of the CIFAR files and of decoded pictures; None means VGGLAB_DATA, else the user's cache
            folder.
        **settings: the other fields of `vgglab.config.schema.DataConfig`: `coarse` (CIFAR-100's 20 superclasses instead
            of its 100 classes), `validation` (share of the training images held out, between 0 and 1), `test` (share
            of a folder's images held out where it has no test part), `split_seed` (which images are held out for
            validation and which ones `limit` keeps, 0 to 2**32 - 1), `folds` and `fold` (of that many folds of the
            training images this one is the test part; see `datasets.folds`), `limit` (images kept in each part, every
            class in its share; None, or more than there are, keeps all), `strict` (refuse a folder with unreadable
            files), `layout` (what a folder's folders are: `class`, `part/class` or `class/part`), `labels` (a CSV file
            that says the class of each picture, or a column of Parquet shards), `groups` (a column of that file: what
            stays in one part), `without` (a CSV file of pictures to leave out or to correct, as `find_doubts` writes
            it), `stretch` (stretch the grey levels that the training pictures of a folder use to 0 to 255) and `stream`
            (`on`: decode a folder's pictures anew each time, and keep none; `auto`: where there is no room for them).

    Returns:
        A data set of uint8 images, shape (N, 32, 32, 3) or (N, image_size, image_size, 3), 0 to 255, RGB; of pictures
        that are decoded anew each time a `datasets.streamed.StreamedImages`, which is read as an array.

    Raises:
        ConfigError: an argument is off.
        DataError: files are missing, damaged or too few for the split.

    Example:
        >>> from vgglab.datasets import load_data
        >>> len(load_data("digits", limit=100).train)
        100
    """
    given = {"data": {"name": name, **settings}, "model": {"image_size": image_size}}
    config = make_config(given, source="load_data")
    return load_dataset(config.data, data_dir, config.model.image_size)


def load_dataset(
    config: DataConfig,
    data_dir: str | PathLike[str] | None = None,
    image_size: int | None = None,
) -> DataSet:
    """The data set that a config names; arguments and errors as of `load_data`."""
    image_size = image_size or PICTURE_SIZE
    if config.name not in DATASETS:
        from vgglab.datasets.folder import read_folder

        return read_folder(config, image_size, data_dir)
    from vgglab.datasets.dataset import DataSet
    from vgglab.datasets.split import split_indices, take

    classes, training, test = _read(config.name, config.coarse, data_dir)
    if config.folds:
        from vgglab.datasets.folds import fold_parts

        parts = fold_parts(training.labels, classes, config)
        return DataSet(config.name, classes, *(take(training, rows, None, 0) for rows in parts.values()))
    kept, held_out = split_indices(training.labels, config.validation, config.split_seed)
    return DataSet(
        name=config.name,
        classes=classes,
        train=take(training, kept, config.limit, config.split_seed),
        validation=take(training, held_out, config.limit, config.split_seed),
        test=take(test, None, config.limit, config.split_seed),
    )


def read_data(config: RunConfig, data_dir: str | PathLike[str] | None = None) -> DataSet:
    """The data set of a run, its pictures at the size that the run wants; errors as of `load_data` and `check_fit`."""
    dataset = load_dataset(config.data, data_dir, config.model.image_size)
    check_fit(config, dataset)
    return dataset


def check_fit(config: RunConfig, dataset: DataSet) -> None:
    """Check that a run's settings suit its data set.

    Raises:
        ConfigError: the images are smaller than what is to be cropped from.
    """
    height, width, _ = dataset.image_shape
    if config.augment.crop >= min(height, width):
        raise ConfigError(
            f"augment.crop is {config.augment.crop}; the images are {height}x{width}, and as much padding can leave "
            "nothing of one: choose less, 4 is usual for 32x32"
        )


def _listed(config: DataConfig, image_size: int | None) -> Published:
    """What a folder's files tell before they are decoded."""
    from vgglab.datasets.layout import find_pictures

    pictures = find_pictures(config)
    size = image_size or PICTURE_SIZE
    training, *others = (len(pictures.parts.get(part, ())) for part in ("train", "validation", "test"))
    if config.folds:
        found = Published((size, size, 3), len(pictures.classes), training, others[1])
        return _without_fold(found, training + others[0], config.folds)
    validation = others[0] if "validation" in pictures.parts else None
    held_out = others[1] if "test" in pictures.parts else math.ceil(training * config.test)
    if "test" not in pictures.parts:
        training -= held_out
    return Published((size, size, 3), len(pictures.classes), training, held_out, validation)


def _without_fold(found: Published, pool: int, folds: int) -> Published:
    """What is left to train on, and what is judged, of a pool of images in so many folds."""
    judged = math.ceil(pool / folds)
    return replace(found, training=pool - judged, test=judged, validation=None)


def _read(name: str, coarse: bool, data_dir: str | PathLike[str] | None) -> tuple[tuple[str, ...], Part, Part]:
    """Class names, published training images and published test images."""
    if name == "digits":
        from vgglab.datasets.digits import read_digits

        return read_digits()
    from vgglab.datasets import cifar

    if name == "cifar10":
        return cifar.read_cifar10(data_dir)
    return cifar.read_cifar100(data_dir, coarse=coarse)
