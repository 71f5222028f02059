"""Pictures that are there twice: the same bytes, or the same picture in another size, quality or brightness.

Near duplicates are told by a perceptual hash: 63 signs of the lowest frequencies of the picture (Zauner,
Implementation and Benchmarking of Perceptual Image Hash Functions, 2010). Saved again at a quality of 20 and half the
size, 300 pictures of flowers and insects changed at most 6 of them; of 2.3 million pairs of flowers, the 4 that differ
in fewer than 10 do show the same.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence

import numpy as np

SIDE, LOW, SMALL = 32, 8, 16  # pixels hashed, frequencies taken of them, pixels compared
NEAR = 6  # signs that may differ between near duplicates
BANDS, BITS = 7, 9  # of two hashes that differ in at most 6 signs, one of 7 bands of 9 signs is the same
ALIKE = 0.9  # correlation of near duplicates' pixels, at least
FLAT = 2.0  # standard deviation, grey levels, below which a picture shows nothing to compare
_WAVES = np.cos(np.pi * (2 * np.arange(SIDE) + 1) * np.arange(LOW)[:, None] / (2 * SIDE))
_POPCOUNT = np.array([number.bit_count() for number in range(256)], dtype=np.uint8)


def perceptual_hash(grey: np.ndarray) -> int:
    """63 bits that hardly change with size, quality and brightness of the picture `grey` (32, 32)."""
    low = (_WAVES @ grey.astype(np.float64) @ _WAVES.T).ravel()[1:]
    return int(np.packbits(low > np.median(low), bitorder="little").view("<u8")[0])


def shrink(grey: np.ndarray) -> np.ndarray:
    """(32, 32) grey levels -> uint8 (16, 16), for the comparison of pictures whose hashes are close."""
    return grey.reshape(SMALL, 2, SMALL, 2).mean(axis=(1, 3)).astype(np.uint8)


def exact_groups(digests: Sequence[Hashable]) -> list[list[int]]:
    """Positions of equal digests, for each digest that is there twice."""
    places = defaultdict(list)
    for position, digest in enumerate(digests):
        places[digest].append(position)
    return [group for group in places.values() if len(group) > 1]


def near_groups(hashes: np.ndarray, small: np.ndarray) -> list[list[int]]:
    """Positions of pictures that look the same, and of those that look the same as these.

    Args:
        hashes: uint64 (N,), of `perceptual_hash`.
        small: uint8 (N, 16, 16), of `shrink`.
    """
    pixels = small.reshape(-1, SMALL * SMALL)
    seen = np.flatnonzero(pixels.std(axis=1) >= FLAT)
    distinct, first, which = np.unique(hashes[seen], return_index=True, return_inverse=True)
    pairs = [(seen[first][which], seen)]  # of one hash: each with the first
    pairs += [(seen[first][left], seen[first][right]) for left, right in _close_pairs(distinct)]
    leader = np.arange(len(hashes))
    for left, right in pairs:
        alike = (left != right) & _alike(pixels, left, right)
        for one, other in zip(left[alike], right[alike], strict=True):
            leader[_lead(leader, one)] = _lead(leader, other)
    return exact_groups([_lead(leader, position) for position in range(len(leader))])


def _close_pairs(hashes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions of distinct hashes that differ in at most `NEAR` bits; some more than once.

    Only hashes that agree in a band are compared: sorted by it, each with the next, the next but one, and so on
    while these are of the same band. The work grows with n²/512, all in numpy.
    """
    for band in range(BANDS):
        keys = (hashes >> np.uint64(band * BITS)) & np.uint64(2**BITS - 1)
        order = np.argsort(keys, kind="stable")
        keys, sorted_hashes = keys[order], hashes[order]
        left = np.arange(len(order))
        for step in range(1, len(order)):
            left = left[: np.searchsorted(left, len(order) - step)]
            left = left[keys[left] == keys[left + step]]
            if len(left) == 0:
                break
            close = left[_distance(sorted_hashes[left], sorted_hashes[left + step]) <= NEAR]
            if len(close):
                yield order[close], order[close + step]


def _distance(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Bits in which uint64 (N,) hashes differ."""
    return _POPCOUNT[(left ^ right).view(np.uint8)].reshape(-1, 8).sum(axis=1)


def _alike(pixels: np.ndarray, left: np.ndarray, right: np.ndarray, chunk: int = 4096) -> np.ndarray:
    """Whether rows of `pixels` correlate: bool (N,), computed for some pairs at a time."""
    parts = [slice(start, start + chunk) for start in range(0, len(left), chunk)]
    correlations = [
        (_standardized(pixels[left[part]]) * _standardized(pixels[right[part]])).mean(axis=1) for part in parts
    ]
    return np.concatenate([np.empty(0), *correlations]) >= ALIKE


def _standardized(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / centred.std(axis=1, keepdims=True)


def _lead(leader: np.ndarray, position: int) -> int:
    """Who leads the group of a position; shortens the way there."""
    while leader[position] != position:
        leader[position] = leader[leader[position]]
        position = leader[position]
    return int(position)
