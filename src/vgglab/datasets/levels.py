"""Grey levels: which of them pictures use, and how they become 0 to 255.

Medical and scientific pictures keep 10 or 12 bits in 16, or numbers of no known range in 32. Stretched by one range for
all of them, from the pictures that are trained on, they stay comparable: what is brighter in one than in another is so
afterwards too.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from PIL import Image

OUTER = 0.001  # share of a picture's pixels at either end that its range leaves out: hot pixels, dust, burnt-in text
HIGHEST = {"8": 255, "16": 65_535}  # by bits of a grey level; 32 bits are numbers of any size
NO_RANGE = "has 32-bit grey levels, whose range is not known without --stretch"

Levels = Mapping[str, tuple[float, float]]  # bits -> the grey levels that become 0 and 255


class NoRange(ValueError):
    """Grey levels of 32 bits, and no range to stretch them by."""


class Used(NamedTuple):
    """The grey levels that a picture uses: their bits (`8`, `16` or `32`), the lowest and the highest."""

    bits: str
    low: float
    high: float


def bits_of(image: Image.Image) -> str:
    """Bits of a picture's grey levels; a picture in colour has 8."""
    if image.mode.startswith("I;16"):
        return "16"
    return "32" if image.mode in ("I", "F") else "8"


def used_levels(image: Image.Image) -> Used:
    """The grey levels of an upright picture, of all channels together, but for the outermost OUTER of its pixels."""
    bits = bits_of(image)
    if bits == "32":
        values = np.asarray(image, dtype=np.float64)
        ends = np.quantile(values[np.isfinite(values)], (OUTER, 1 - OUTER), method="nearest")
        return Used(bits, *map(float, ends))
    if bits == "16":
        counts = np.bincount(np.asarray(image).ravel())
    else:
        counts = np.array(on_white(image).histogram()).reshape(3, 256).sum(axis=0)
    upto = counts.cumsum()
    low, high = np.searchsorted(upto, OUTER * upto[-1], "right"), np.searchsorted(upto, (1 - OUTER) * upto[-1])
    return Used(bits, int(low), int(high))


def pooled(used: Iterable[Used]) -> Levels:
    """One range for all pictures of as many bits: from the lowest to the highest of their grey levels."""
    by_bits: dict[str, list[Used]] = {}
    for each in used:
        by_bits.setdefault(each.bits, []).append(each)
    return {bits: _range(by_bits[bits]) for bits in sorted(by_bits, key=int)}


def to_rgb(image: Image.Image, levels: Levels | None) -> Image.Image:
    """A picture as 8-bit RGB, alpha laid on white.

    Args:
        image: of any mode.
        levels: what is stretched, and to what; other bits, and all of them without it, keep their whole range.

    Raises:
        NoRange: the picture has 32 bits and `levels` does not say what to make of them.
    """
    bits = bits_of(image)
    ends = (levels or {}).get(bits)
    if bits == "8":
        image = on_white(image)
        return image.point(_stretched(np.arange(256), *ends).tolist() * 3) if ends else image
    values = np.asarray(image)
    if ends is None and bits == "32":
        raise NoRange(NO_RANGE)
    return Image.fromarray(_stretched(values, *ends) if ends else _to_8_bit(values)).convert("RGB")


def on_white(image: Image.Image) -> Image.Image:
    """A picture of 8 bits as RGB, what is transparent laid on white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")  # which copies it


def _range(used: list[Used]) -> tuple[float, float]:
    low, high = min(each.low for each in used), max(each.high for each in used)
    return low, high if high > low else low + 1


def _stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """`low` to `high` -> 0 to 255, uint8; what is no number is 0."""
    shares = (np.nan_to_num(values.astype(np.float64), nan=low) - low) / (high - low)
    return (255 * shares.clip(0, 1) + 0.5).astype(np.uint8)


def _to_8_bit(grey: np.ndarray) -> np.ndarray:
    """0 to 65,535 -> 0 to 255."""
    return ((grey.astype(np.int64) + 128) // 257).astype(np.uint8)
