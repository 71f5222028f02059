"""Splits that are the same everywhere, and records that notice when data is not."""

from dataclasses import replace

import numpy as np
import pytest
from small_split import split_record

from vgglab.datasets import load_data
from vgglab.datasets.split import check_split, sample_indices, split_indices
from vgglab.errors import ConfigError, DataError

LABELS = np.repeat([0, 1, 2], [60, 30, 10])


@pytest.fixture(scope="module")
def digits():
    return load_data("digits", limit=50)


def test_a_split_is_known_by_its_numbers():
    train, validation = split_indices(LABELS, 0.1, seed=0)
    assert np.bincount(LABELS[validation]).tolist() == [6, 3, 1]
    assert np.array_equal(np.sort(np.concatenate([train, validation])), np.arange(100))
    assert validation.tolist() == [0, 3, 44, 47, 53, 55, 64, 65, 81, 94]


def test_a_sample_keeps_shares_and_a_larger_one_contains_it():
    small, large = sample_indices(LABELS, 10, seed=3), sample_indices(LABELS, 20, seed=3)
    assert np.bincount(LABELS[small]).tolist() == [6, 3, 1]
    assert np.isin(small, large).all() and np.array_equal(small, np.unique(small))
    assert small.tolist() == [6, 9, 15, 25, 34, 42, 64, 67, 83, 93]


def test_the_smallest_sample_has_one_of_each_class():
    assert LABELS[sample_indices(LABELS, 3, seed=0)].tolist() == [0, 1, 2]
    with pytest.raises(ConfigError, match="at least 3"):
        sample_indices(LABELS, 2, seed=0)


@pytest.mark.parametrize(("labels", "problem"), [([0, 0, 1], "class 1 has a single image"), ([], "no images")])
def test_too_few_images_are_one_clear_error(labels, problem):
    with pytest.raises(DataError, match=problem):
        split_indices(np.array(labels), 0.5, seed=0)


def test_a_record_survives_json_and_a_reload(digits):
    record = split_record(digits)
    assert record["schema"] == 1 and record["data"] == "digits" and len(record["train"]) == 50
    check_split(load_data("digits", limit=50), record)


@pytest.mark.parametrize("field", ["images", "labels"])
def test_one_changed_number_is_noticed(digits, field):
    numbers = getattr(digits.test, field).copy()
    numbers.flat[-1] ^= 1
    altered = replace(digits, test=replace(digits.test, **{field: numbers}))
    assert split_record(altered)["sha256"] != split_record(digits)["sha256"]
    with pytest.raises(DataError, match="other pixels or labels"):
        check_split(altered, split_record(digits))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"schema": 2}, "update vgglab"),
        ({"data": "cifar10"}, "load cifar10"),
        ({"train": [1, 2]}, "train part"),
        ({"test": None}, "test part"),
    ],
)
def test_a_record_of_something_else_is_refused(digits, change, problem):
    with pytest.raises(DataError, match=problem):
        check_split(digits, split_record(digits) | change)
