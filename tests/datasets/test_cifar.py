"""CIFAR in miniature: read from wherever it lies, refused when it is not what was published."""

import os
import pickle
import re

import numpy as np
import pytest

from vgglab.datasets import load_data
from vgglab.datasets.cifar import CIFAR10, CIFAR100, read_cifar10
from vgglab.errors import DataError


def test_rows_of_reds_greens_blues_become_rgb_images(mini10, tmp_path):
    mini10.put_folder(tmp_path)
    classes, training, test = read_cifar10(tmp_path)
    row = pickle.loads(mini10.files["data_batch_2"])["data"][0]
    assert training.images.shape == (20 + 21 + 22 + 23 + 24, 32, 32, 3) and len(classes) == 10
    assert training.images[20, 0, 1].tolist() == [row[1], row[1024 + 1], row[2048 + 1]]
    assert training.images[20, 1, 0].tolist() == [row[32], row[1024 + 32], row[2048 + 32]]
    assert test.indices.tolist() == list(range(25)) and training.images.flags.c_contiguous


def test_coarse_labels_come_with_coarse_names(mini100, tmp_path):
    mini100.put_folder(tmp_path)
    fine = load_data("cifar100", data_dir=tmp_path)
    coarse = load_data("cifar100", data_dir=tmp_path, coarse=True)
    assert (len(fine.classes), len(coarse.classes)) == (100, 20) and coarse.classes[0] == "coarse 0"
    assert np.array_equal(coarse.test.labels, fine.test.labels % 20)


@pytest.mark.parametrize("place", ["data", "data/cifar-10-batches-py", "by variable", "by default"])
def test_the_data_folder_is_found(mini10, tmp_path, monkeypatch, place):
    home = tmp_path / ("cache/vgglab" if place == "by default" else "data")
    mini10.put_folder(home)
    if place == "by variable":
        monkeypatch.setenv("VGGLAB_DATA", str(home))
    assert len(load_data("cifar10", data_dir=tmp_path / place if "data" in place else None).test) == 25


@pytest.mark.parametrize(
    "layout", ["", "cifar-10-batches-py", "cifar-10-batches-py-target", "cifar-10-batches-py_extracted"]
)
def test_every_layout_of_the_keras_cache_is_found(mini10, tmp_path, layout):
    mini10.put_folder(tmp_path / "keras/datasets" / layout)
    assert len(read_cifar10(tmp_path / "data")[1]) == 110
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "place",
    [
        "data/cifar-10-python.tar.gz",
        "keras/datasets/cifar-10-python.tar.gz",
        "keras/datasets/cifar-10-batches-py.tar.gz",
        "keras/datasets/cifar-10-batches-py-target_archive",
    ],
)
def test_an_archive_that_lies_there_is_unpacked_offline(mini10, tmp_path, place):
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_bytes(mini10.packed)
    assert len(read_cifar10(tmp_path / "data")[1]) == 110
    unpacked = tmp_path / "data/cifar-10-batches-py"
    assert sorted(os.listdir(unpacked)) == sorted(mini10.files)


def test_an_archive_cut_in_half_is_refused_and_leaves_no_folder(mini10, tmp_path):
    packed = mini10.put_archive(tmp_path / "data")
    packed.write_bytes(mini10.packed[: len(mini10.packed) // 2])
    with pytest.raises(DataError, match=f"{re.escape(str(packed))} is cut short"):
        read_cifar10(tmp_path / "data")
    assert not (tmp_path / "data/cifar-10-batches-py").exists()


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda content: content[: len(content) // 2], "is cut short"),
        (lambda content: content[:-9] + b"\0" + content[-8:], "is altered"),
        (lambda content: pickle.dumps({"labels": list(range(90000))}), "is another file"),
        (lambda content: b"", "is cut short"),
        (None, "is missing"),
    ],
)
@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
def test_a_spoilt_file_is_named_with_what_to_do(mini10, tmp_path, name, spoil, problem):
    file = mini10.put_folder(tmp_path) / name
    file.write_bytes(spoil(mini10.files[name])) if spoil else file.unlink()
    with pytest.raises(DataError, match=f"{name} {problem}.*put the published file there") as caught:
        load_data("cifar10", data_dir=tmp_path)
    assert "\n" not in str(caught.value)


def test_the_published_sizes_add_up():
    assert sum(file.size for file in CIFAR10.files.values()) == 186_214_026
    assert sum(file.size for file in CIFAR100.files.values()) == 186_301_098
