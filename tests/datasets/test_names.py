"""Very many names take little more than their letters."""

import tracemalloc

import pytest

from vgglab.datasets.names import Names

SOME = ["a/1.jpg", "", "zoë/日本.jpg", "b/\udcff.png", "c\n.jpg"]


def test_names_are_read_as_they_were_written():
    names = Names(SOME)
    assert list(names) == SOME and len(names) == 5
    assert [names[place] for place in range(-5, 5)] == SOME + SOME
    assert names.index("b/\udcff.png") == 3 and "d" not in names


@pytest.mark.parametrize("place", [5, -6])
def test_there_is_no_name_beyond_the_last(place):
    with pytest.raises(IndexError):
        Names(SOME)[place]


def test_a_name_takes_its_letters_and_eight_bytes():
    tracemalloc.start()
    names = Names(f"{number:020}" for number in range(20_000))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(names) == 20_000 and taken / 20_000 < 1.2 * (20 + 8)
