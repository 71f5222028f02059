"""CIFAR-10 and CIFAR-100: the published Python pickles, every file checked before it is read.

Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
"""

from os import PathLike
from pathlib import Path

import numpy as np

from vgglab.datasets.archives import Archive
from vgglab.datasets.checksums import Fingerprint, check_file
from vgglab.datasets.dataset import Part
from vgglab.datasets.pickles import read_pickle
from vgglab.datasets.places import find_folder
from vgglab.errors import DataError

CIFAR10 = Archive(
    name="cifar-10-python.tar.gz",
    fingerprint=Fingerprint(170_498_071, "c58f30108f718f92721af3b95e74349a"),
    folder="cifar-10-batches-py",
    files={
        "batches.meta": Fingerprint(158, "5ff9c542aee3614f3951f8cda6e48888"),
        "data_batch_1": Fingerprint(31_035_704, "c99cafc152244af753f735de768cd75f"),
        "data_batch_2": Fingerprint(31_035_320, "d4bba439e000b95fd0a9bffe97cbabec"),
        "data_batch_3": Fingerprint(31_035_999, "54ebc095f3ab1f0389bbae665268c751"),
        "data_batch_4": Fingerprint(31_035_696, "634d18415352ddfa80567beed471001a"),
        "data_batch_5": Fingerprint(31_035_623, "482c414d41f54cd18b22e5b47cb7c3cb"),
        "test_batch": Fingerprint(31_035_526, "40351d587109b95175f43aff81a1287e"),
    },
)
CIFAR100 = Archive(
    name="cifar-100-python.tar.gz",
    fingerprint=Fingerprint(169_001_437, "eb9058c3a382ffc7106e4002c42a8d85"),
    folder="cifar-100-python",
    files={
        "meta": Fingerprint(1_473, "7973b15100ade9c7d40fb424638fde48"),
        "train": Fingerprint(155_249_918, "16019d7e3df5f24257cddd939b257f8d"),
        "test": Fingerprint(31_049_707, "f0ef6b0ae62326f3e7ffdfab6717acfc"),
    },
)


def read_cifar10(data_dir: str | PathLike[str] | None = None) -> tuple[tuple[str, ...], Part, Part]:
    """10 class names, 50,000 training images and 10,000 test images, shape (N, 32, 32, 3) uint8 RGB.

    Raises:
        DataError: the files are missing or damaged.
    """
    folder = _checked_folder(CIFAR10, data_dir)
    classes = tuple(read_pickle(folder / "batches.meta")["label_names"])
    batches = [folder / f"data_batch_{number}" for number in range(1, 6)]
    return classes, _read_part(batches, "labels"), _read_part([folder / "test_batch"], "labels")


def read_cifar100(
    data_dir: str | PathLike[str] | None = None, *, coarse: bool = False
) -> tuple[tuple[str, ...], Part, Part]:
    """100 class names (20 with `coarse`), 50,000 training images and 10,000 test images, as `read_cifar10`.

    Raises:
        DataError: the files are missing or damaged.
    """
    folder = _checked_folder(CIFAR100, data_dir)
    kind = "coarse" if coarse else "fine"
    classes = tuple(read_pickle(folder / "meta")[f"{kind}_label_names"])
    return classes, *(_read_part([folder / name], f"{kind}_labels") for name in ("train", "test"))


def _checked_folder(archive: Archive, data_dir: str | PathLike[str] | None) -> Path:
    folder = find_folder(archive, data_dir)
    advice = f"put the published file there, or move {folder} away and run again"
    for name, expected in archive.files.items():
        check_file(folder / name, expected, advice)
    return folder


def _read_part(files: list[Path], label_key: str) -> Part:
    images, labels = zip(*(_read_batch(file, label_key) for file in files), strict=True)
    labels = np.concatenate(labels)
    return Part(np.concatenate(images), labels, np.arange(len(labels), dtype=np.int64))


def _read_batch(file: Path, label_key: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 32, 32, 3) and labels (N,) of one file, stored as 1024 reds, greens, blues."""
    batch = read_pickle(file)
    pixels, labels = batch.get("data"), batch.get(label_key)
    if not (isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8 and pixels.shape[1:] == (3072,)):
        raise DataError(f"{file} holds no CIFAR images: use the official file")
    if not (isinstance(labels, list) and len(labels) == len(pixels)):
        raise DataError(f"{file} does not hold one of {label_key} for each image: use the official file")
    images = np.stack(np.split(pixels, 3, axis=1), axis=-1).reshape(-1, 32, 32, 3)  # 4 times as fast as transpose
    return images, np.asarray(labels, dtype=np.int64)
