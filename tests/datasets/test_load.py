"""Data sets through `load_data`: the real digits, and the published CIFAR files if VGGLAB_DATA has them."""

import os
import subprocess
import sys

import numpy as np
import pytest

from vgglab.datasets import DATASETS, load_data, published
from vgglab.datasets.digits import read_digits
from vgglab.datasets.load import PUBLISHED
from vgglab.errors import ConfigError

real_cifar = pytest.mark.skipif("VGGLAB_DATA" not in os.environ, reason="VGGLAB_DATA names no folder of CIFAR files")


def counts(part):
    return np.bincount(part.labels).tolist()


def test_digits_are_32x32_rgb_in_full_range():
    digits = load_data("digits")
    assert digits.classes == tuple("0123456789") and digits.image_shape == (32, 32, 3)
    assert [len(part) for part in (digits.train, digits.validation, digits.test)] == [1149, 288, 360]
    assert digits.train.images.dtype == np.uint8 and digits.train.labels.dtype == np.int64
    assert (digits.train.images.min(), digits.train.images.max()) == (0, 255)


def test_each_pixel_of_a_digit_becomes_a_block():
    from sklearn.datasets import load_digits

    _, training, _ = read_digits()
    original = load_digits().images[training.indices[7]]
    corners = training.images[7, ::4, ::4, 0]
    assert np.array_equal(corners, np.round(original * 255 / 16))
    assert np.array_equal(training.images[7, 3::4, 3::4, 2], corners)


def test_parts_share_no_image_and_cover_all_digits():
    digits = load_data("digits", split_seed=5)
    together = np.concatenate([part.indices for part in (digits.train, digits.validation, digits.test)])
    assert np.array_equal(np.sort(together), np.arange(1797))


def test_every_class_has_its_share_in_each_part():
    digits = load_data("digits")
    everything = np.add(np.add(counts(digits.train), counts(digits.validation)), counts(digits.test))
    assert np.allclose(counts(digits.validation), everything * 0.16, atol=1.5)
    assert np.allclose(counts(digits.test), everything * 0.2, atol=1.5)


def test_the_test_part_stays_when_the_seed_changes():
    one, other = load_data("digits", split_seed=1), load_data("digits", split_seed=2)
    assert np.array_equal(one.test.indices, other.test.indices)
    assert one.test.indices[:5].tolist() == [21, 24, 28, 34, 35]
    assert not np.array_equal(one.validation.indices, other.validation.indices)


def test_a_limit_holds_for_each_part_and_keeps_classes_even():
    digits = load_data("digits", limit=100)
    assert [len(part) for part in (digits.train, digits.validation, digits.test)] == [100, 100, 100]
    assert all(9 <= count <= 11 for count in counts(digits.train))
    assert np.isin(digits.train.indices, load_data("digits").train.indices).all()


def test_a_limit_larger_than_a_part_keeps_all_of_it():
    digits = load_data("digits", limit=300)
    assert [len(part) for part in (digits.train, digits.validation, digits.test)] == [300, 288, 300]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"name": "cifr10"}, "one of digits, cifar10, cifar100; did you mean 'cifar10'"),
        ({"name": "imagenet"}, "one of digits, cifar10, cifar100"),
        ({"name": "digits", "coarse": True}, "only cifar100 has coarse labels"),
        ({"name": "digits", "limit": 9}, "at least 10"),
        ({"name": "digits", "validation": 1.0}, "should be less than 1"),
        ({"name": "digits", "validation": 0.001}, "at least 10"),
        ({"name": "digits", "split_seed": -1}, "greater than or equal to 0"),
    ],
)
def test_wrong_arguments_get_advice_in_one_line(arguments, advice):
    with pytest.raises(ConfigError, match=advice) as caught:
        load_data(**arguments)
    assert "\n" not in str(caught.value)


def test_names_are_there_without_loading_numpy():
    code = "import sys, vgglab.datasets as d; print(d.DATASETS, sys.modules.keys() & {'numpy', 'sklearn'})"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == f"{DATASETS} set()"


@real_cifar
def test_published_cifar10_is_read_as_it_is_known():
    cifar10 = load_data("cifar10")
    assert cifar10.train.images.shape == (40000, 32, 32, 3) and cifar10.classes[3] == "cat"
    assert [cifar10.classes[label] for label in cifar10.test.labels[:4]] == [
        "cat",
        "ship",
        "ship",
        "airplane",
    ]
    assert cifar10.test.images[0, 0, 0].tolist() == [158, 112, 49]
    assert counts(cifar10.train) == [4000] * 10
    assert counts(cifar10.validation) == counts(cifar10.test) == [1000] * 10


@real_cifar
@pytest.mark.parametrize(("coarse", "first", "classes"), [(False, "apple", 100), (True, "aquatic_mammals", 20)])
def test_published_cifar100_has_fine_and_coarse_classes(coarse, first, classes):
    cifar100 = load_data("cifar100", coarse=coarse, limit=2000)
    assert cifar100.classes[0] == first and len(cifar100.classes) == classes
    assert counts(cifar100.train) == counts(cifar100.test) == [2000 // classes] * classes


def test_what_is_published_of_the_digits_is_what_they_are():
    told, digits = published("digits"), load_data("digits")
    sizes = (len(digits.train), len(digits.validation), len(digits.test))
    assert told.part_sizes(0.2, None) == sizes and told.image_shape == digits.image_shape
    assert told.classes == len(digits.classes) and set(PUBLISHED) == set(DATASETS)
