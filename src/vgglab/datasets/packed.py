"""Very many pictures in shards, such as a million, in little memory."""

from array import array
from collections.abc import Collection, Sequence

from vgglab.datasets.entries import Opener, Packed, Sample
from vgglab.datasets.names import Names


class PackedPictures(Sequence[Packed]):
    """Pictures in shards: of each its name, as `Names` holds it, and 20 bytes of where it is.

    Attributes:
        names: what they are called.
    """

    def __init__(self) -> None:
        self.names = Names()
        self._openers: list[Opener] = []
        self._opener, self._first, self._second = array("I"), array("Q"), array("Q")

    def append(self, sample: Sample, opener: Opener) -> None:
        """Add a picture of a shard."""
        self.names.append(sample.name)
        self._place(opener, sample.first, sample.second)

    def __len__(self) -> int:
        return len(self._first)

    def __getitem__(self, place: int) -> Packed:
        opener = self._openers[self._opener[place]]
        return opener(self._first[place], self._second[place], self.names[place])

    def named(self, names: Collection[str]) -> "PackedPictures":
        """Those of some names, which are in the order of these; itself where all are."""
        if len(names) == len(self):
            return self
        found, place = PackedPictures(), 0
        for name in names:
            while self.names[place] != name:
                place += 1
            found.names.append(name)
            found._place(self._openers[self._opener[place]], self._first[place], self._second[place])
        return found

    def _place(self, opener: Opener, first: int, second: int) -> None:
        if not self._openers or self._openers[-1] is not opener:
            self._openers.append(opener)
        self._opener.append(len(self._openers) - 1)
        self._first.append(first)
        self._second.append(second)
