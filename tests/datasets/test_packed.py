"""Very many pictures in shards take little more than the letters of their names."""

import tracemalloc
from functools import partial

from vgglab.datasets.entries import Sample
from vgglab.datasets.packed import PackedPictures
from vgglab.datasets.tar_shards import InTar

A, B = partial(InTar, "a.tar"), partial(InTar, "b.tar")


def packed(*pictures):
    made = PackedPictures()
    for opener, name, offset in pictures:
        made.append(Sample(name, 0, offset, 9), opener)
    return made


def test_each_is_opened_where_it_is():
    found = packed((A, "a/1", 512), (B, "b/1", 2**40), (A, "a/2", 1024))
    assert list(found) == [
        InTar("a.tar", 512, 9, "a/1"),
        InTar("b.tar", 2**40, 9, "b/1"),
        InTar("a.tar", 1024, 9, "a/2"),
    ]
    assert found[-1] == found[2] and list(found.names) == ["a/1", "b/1", "a/2"]


def test_some_of_them_stay_where_they_are():
    found = packed(*((A, f"a/{number}", number) for number in range(9)), (B, "b/1", 5))
    some = found.named(["a/0", "a/7", "b/1"])
    assert list(some) == [found[0], found[7], found[9]] and list(some.names) == ["a/0", "a/7", "b/1"]
    assert list(found.named(list(found.names))) == list(found)


def test_a_picture_takes_its_letters_and_twenty_eight_bytes():
    tracemalloc.start()
    found = PackedPictures()
    for number in range(20_000):
        found.append(Sample(f"{number:020}", 0, number, 9), A)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 20_000 and taken / 20_000 < 1.2 * (20 + 28)
