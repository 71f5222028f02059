"""Pictures that are decoded whenever they are asked for: more of them than there is room for once they are decoded."""

import warnings
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from vgglab.datasets.decode import decode_in_thread
from vgglab.datasets.layout import Pictures, picture_key
from vgglab.datasets.levels import Levels
from vgglab.datasets.parallel import cores
from vgglab.datasets.telling import tell

PIECE = 4  # pictures that a thread is given at a time


class Coming(NamedTuple):
    """Images that threads are filling in."""

    images: np.ndarray
    pieces: list[Future]

    def result(self) -> np.ndarray:
        """The images, once they are all there: uint8 (n, size, size, 3)."""
        for piece in self.pieces:
            piece.result()
        return self.images


class Decoder:
    """Decodes pictures of a data set, with a thread a core.

    Threads, as Pillow decodes and scales without Python's lock: docs/results/scale.md has what else was tried. A
    picture that cannot be read is black: which ones those are is not known before they are decoded.

    Args:
        pictures: the data set.
        size: side of the images, pixels.
        levels: see `decode.decode_picture`.

    Attributes:
        broken: position of each picture that could not be read so far -> what is wrong with it.
    """

    def __init__(self, pictures: Pictures, size: int, levels: Levels | None = None):
        self.pictures, self.size, self.levels = pictures, size, levels
        self.threads = ThreadPoolExecutor(cores(), thread_name_prefix="decode")
        self.broken: dict[int, str] = {}
        self.first = Lock()  # is told of, and held from then on
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")  # odd metadata; no thread can do that

    def begin(self, rows: np.ndarray) -> Coming:
        """Have the pictures at some positions of the data set decoded."""
        images = np.zeros((len(rows), self.size, self.size, 3), np.uint8)
        starts = range(0, len(rows), PIECE)
        cuts = [slice(start, start + PIECE) for start in starts]
        return Coming(images, [self.threads.submit(self._fill, images[cut], rows[cut]) for cut in cuts])

    def _fill(self, images: np.ndarray, rows: np.ndarray) -> None:
        for image, row, entry in zip(images, rows.tolist(), self.pictures.entries(rows), strict=True):
            decoded = decode_in_thread(entry, self.size, self.levels)
            if isinstance(decoded, str):
                self.broken[row] = decoded
                self._tell(row)
            else:
                image[...] = decoded

    def _tell(self, row: int) -> None:
        if self.first.acquire(blocking=False):
            told = f"{self.pictures.root}: {self.pictures.files[row]} {self.broken[row]}"
            tell([f"{told}; it is black, as all are that cannot be read: vgglab data check lists them"])


class StreamedImages:
    """Images to be read as an array, uint8 (N, size, size, 3), of which none is kept: rows are decoded as asked for.

    Where a range of rows is read, the one after it, as long, is begun at once: who reads on finds it done.

    Args:
        decoder: of the pictures.
        rows: their positions in the data set, int64 (N,).
    """

    ndim, dtype = 4, np.dtype("uint8")

    def __init__(self, decoder: Decoder, rows: np.ndarray):
        self.decoder, self.rows = decoder, rows
        self.next: tuple[slice, Coming] | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, size, size, 3)."""
        return len(self.rows), self.decoder.size, self.decoder.size, 3

    @property
    def size(self) -> int:
        """Values in all."""
        return len(self.rows) * self.decoder.size**2 * 3

    nbytes = size

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        """Images by position, range, mask or array of positions, as an array of their own."""
        if isinstance(index, slice):
            return self._range(slice(*index.indices(len(self))))
        if np.ndim(index) == 0:
            return self.decoder.begin(self.rows[index, None]).result()[0]
        return self.decoder.begin(self.rows[np.asarray(index)]).result()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)

    def key(self) -> str:
        """A hash of everything that the pixels depend on, of the files by size and times."""
        return picture_key(self.decoder.pictures, self.rows, (self.decoder.size, self.decoder.levels))

    def cut(self, ends: Sequence[int]) -> list["StreamedImages"]:
        """As `np.split`: what lies between some positions; nothing is decoded."""
        return [StreamedImages(self.decoder, rows) for rows in np.split(self.rows, ends)]

    def _range(self, asked: slice) -> np.ndarray:
        begun, coming = self.next or (None, None)
        if begun != asked:
            coming = self.decoder.begin(self.rows[asked])
        after = slice(asked.stop, min(2 * asked.stop - asked.start, len(self)), asked.step)
        self.next = (after, self.decoder.begin(self.rows[after])) if after.start < after.stop else None
        return coming.result()
