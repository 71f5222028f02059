"""Sizes of kernels are the same, wherever the copies are that they are taken of."""

import keras
import numpy as np
import pytest

from vgglab.diagnosis.kernels import kernel_arrays, kernel_snapshots, relative_changes, sizes


@pytest.mark.parametrize("copied", [kernel_arrays, kernel_snapshots])
def test_sizes_and_changes_are_those_of_the_copies_as_they_were(copied):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="a"), keras.layers.Dense(2, name="b")])
    first = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    model.get_layer("a").kernel.assign(first)
    before = copied(model)
    model.get_layer("a").kernel.assign(1.5 * first)
    assert sizes(before)["a"] == pytest.approx(np.linalg.norm(first), rel=1e-3)
    assert relative_changes(before, copied(model)) == {"a": 0.5, "b": 0.0}


def test_a_kernel_that_is_no_number_has_no_size_and_none_at_all_no_entry():
    assert sizes({"a": np.array([[np.nan]])}) == {"a": None} and sizes({}) == relative_changes({}, {}) == {}
