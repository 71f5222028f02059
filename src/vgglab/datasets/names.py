"""Very many names, such as those of a million files, in little memory."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise


class Names(Sequence[str]):
    """Texts held as one block of UTF-8: their own bytes and 8 each, where a `str` takes some 60 more.

    Args:
        names: the first of them; `append` adds others.
    """

    def __init__(self, names: Iterable[str] = ()):
        self.block, self.ends = bytearray(), array("Q", [0])
        for name in names:
            self.append(name)

    def append(self, name: str) -> None:
        """Add a name; a file's may be no text, which Python writes with surrogates."""
        self.block += name.encode("utf-8", "surrogatepass")
        self.ends.append(len(self.block))

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, place: int) -> str:
        first = place - 1 if place < 0 else place  # there is one end more than names
        return self._text(self.ends[first], self.ends[first + 1])

    def __iter__(self) -> Iterator[str]:
        return (self._text(start, end) for start, end in pairwise(self.ends))

    def _text(self, start: int, end: int) -> str:
        return self.block[start:end].decode("utf-8", "surrogatepass")
