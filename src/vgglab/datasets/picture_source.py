"""Pictures of a folder as images: decoded once and kept, or decoded anew each time where there are too many to keep."""

from collections.abc import Sequence
from functools import partial
from os import PathLike

import numpy as np

from vgglab.config.schema import DataConfig
from vgglab.config.shown import count_of
from vgglab.datasets.counting import counting
from vgglab.datasets.decode import try_decode
from vgglab.datasets.entries import Entry
from vgglab.datasets.kept import GIGABYTE, limit_from_environment
from vgglab.datasets.layout import Pictures
from vgglab.datasets.levels import Levels
from vgglab.datasets.parallel import map_parallel
from vgglab.datasets.picture_cache import Decoded, NoRoom, decoded_pictures, levels_of
from vgglab.datasets.streamed import Decoder, StreamedImages
from vgglab.datasets.telling import tell


def images_of(
    pictures: Pictures,
    rows: Sequence[int],
    size: int,
    config: DataConfig,
    data_dir: str | PathLike[str] | None = None,
    levels: Levels | None = None,
    measured: int = 0,
) -> Decoded:
    """The pictures at `rows`, in this order.

    With `stream` `auto` they are kept where VGGLAB_CACHE_LIMIT has room for them, and the disk has. Where they are
    not kept, nothing is known of pictures that cannot be read, but with `strict`: all are decoded once, to find out.

    Args:
        pictures: a data set.
        rows: positions in it.
        size: side in pixels that they are decoded at.
        config: its `stream` and `strict` count here.
        data_dir: as for `decoded_pictures`.
        levels: as for `decoded_pictures`.
        measured: as for `decoded_pictures`.

    Raises:
        DataError: there is no room to keep them, and `stream` is `off`.
    """
    needed, limit = len(rows) * size * size * 3, limit_from_environment()
    if config.stream == "off" or (config.stream == "auto" and needed <= limit):
        try:
            return decoded_pictures(pictures, rows, size, data_dir, measured, levels)
        except NoRoom:
            if config.stream == "off":
                raise
    if config.stream == "auto":
        tell([_why(pictures, len(rows), needed, limit)])
    if measured:
        levels = levels_of(pictures.entries(rows[:measured]), size)
    broken = _unreadable(pictures, rows, size, levels) if config.strict else {}
    return Decoded(StreamedImages(Decoder(pictures, size, levels), np.asarray(rows)), broken, levels)


def _why(pictures: Pictures, count: int, needed: int, limit: int) -> str:
    room = f"VGGLAB_CACHE_LIMIT is {limit / GIGABYTE:,g}" if needed > limit else "the disk has not as much room"
    return (
        f"{pictures.root}: {count_of(count, 'picture')} would take {needed / GIGABYTE:,.1f} GB once decoded, and "
        f"{room}: they are decoded anew each time they are needed (--stream off keeps them all the same)"
    )


def _unreadable(pictures: Pictures, rows: Sequence[int], size: int, levels: Levels | None) -> dict[int, str]:
    """Position in `rows` -> what is wrong with a picture that cannot be read."""
    broken: dict[int, str] = {}
    looked = map_parallel(partial(_reason, size=size, levels=levels), pictures.entries(rows))
    with counting("Looking at each picture", len(rows)) as count:
        for position, reason in enumerate(looked):
            broken |= {position: reason} if reason else {}
            count(1)
    return broken


def _reason(entry: Entry, size: int, levels: Levels | None) -> str | None:
    decoded = try_decode(entry, size, levels)
    return decoded if isinstance(decoded, str) else None
