"""The unpickler holds on its own: what a pickle asks to run is never run."""

import os
import pickle

import numpy as np
import pytest

from vgglab.datasets.pickles import ALLOWED, read_pickle
from vgglab.errors import DataError


class Attack:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


def written(path, content, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def test_arrays_and_plain_values_are_read(tmp_path):
    content = read_pickle(written(tmp_path / "batch", {"data": np.arange(6, dtype=np.uint8), "labels": [1, 2]}))
    assert content["data"].tolist() == [0, 1, 2, 3, 4, 5] and content["labels"] == [1, 2]


def test_old_and_new_numpy_names_mean_the_same():
    assert ALLOWED["numpy.core.multiarray", "_reconstruct"] is ALLOWED["numpy._core.multiarray", "_reconstruct"]


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("function", [os.mkdir, eval, np.load, np.fromfile])
def test_a_pickle_that_calls_something_is_refused_and_calls_nothing(tmp_path, function, protocol):
    trap = tmp_path / "trap"
    argument = f"__import__('os').mkdir({str(trap)!r})" if function is eval else str(trap)
    path = written(tmp_path / "batch", {"data": Attack(function, argument)}, protocol)
    with pytest.raises(DataError, match="no image file needs"):
        read_pickle(path)
    assert not trap.exists()


@pytest.mark.parametrize("content", [b"", b"\x80", b"not a pickle", pickle.dumps([1, 2]), pickle.dumps({})[:-1]])
def test_what_is_no_dictionary_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "batch").write_bytes(content)
    with pytest.raises(DataError, match="use the official file") as caught:
        read_pickle(tmp_path / "batch")
    assert "\n" not in str(caught.value)
