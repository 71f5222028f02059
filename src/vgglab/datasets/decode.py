"""A picture file as the network gets it: upright 8-bit RGB, its middle square, at one size."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from vgglab.datasets.entries import Entry, Packed, read_entry
from vgglab.datasets.formats import KINDS, first_bytes, no_file, no_picture, readable_formats
from vgglab.datasets.levels import Levels, NoRange, Used, to_rgb, used_levels
from vgglab.errors import DataError

SPARE = 2  # a JPEG is decoded at the smallest scale that is still this many times as large as needed


class UnreadablePicture(DataError):
    """A file that gives no picture; `reason` is what is wrong with it, in a few words."""

    def __init__(self, path: str, reason: str):
        super().__init__(f"{path} {reason}; expected a whole {KINDS}: replace or remove the file")
        self.reason = reason


def decode_picture(path: Entry, size: int, levels: Levels | None = None) -> np.ndarray:
    """Decode a picture for training or prediction.

    The shorter side is scaled to `size` (bilinear, averaging where it shrinks) and the middle square is kept:
    proportions stay, the ends of the longer side go. EXIF rotation is applied, alpha is laid on white, 16 bits
    are scaled to 8, an animation gives its first frame and a TIFF its first page.

    Args:
        path: a JPEG, PNG, BMP, GIF, WebP, TIFF or AVIF file; with the extra `heif` also HEIC; or such a
            one within a larger file.
        size: side of the result, pixels.
        levels: grey levels that become 0 and 255, by bits, such as `{"16": (0, 4095)}`: `levels` of a data set or of
            a `vgglab.Classifier` that was trained with `data.stretch`. Without it the whole range of the bits does.

    Returns:
        uint8 (size, size, 3), 0 to 255, RGB.

    Raises:
        UnreadablePicture: the file is missing, cut short, too large, or no such picture. (It is a DataError.)
    """
    with open_picture(path) as image:
        return np.asarray(to_square(upright(image, size), size, levels))


def try_decode(path: Entry, size: int, levels: Levels | None = None) -> np.ndarray | str:
    """As `decode_picture`; where there is no picture, the reason."""
    try:
        return decode_picture(path, size, levels)
    except UnreadablePicture as error:
        return error.reason


def decode_content(content: bytes, size: int, levels: Levels | None, pixels: int) -> np.ndarray | str:
    """As `try_decode`, of what is in a file, in any thread: what Pillow warns of is the process's affair.

    Args:
        content: of the file.
        size: side of the result, pixels.
        levels: see `decode_picture`.
        pixels: a picture that has more is not decoded.
    """
    try:
        with Image.open(BytesIO(content), formats=readable_formats()) as image:
            if image.width * image.height > pixels:
                return _too_large(pixels)
            return np.asarray(to_square(upright(image, size), size, levels))
    except Exception as error:  # see `open_picture`
        return _reason(error, lambda: content)


def decode_in_thread(entry: Entry, size: int, levels: Levels | None = None) -> np.ndarray | str:
    """As `try_decode`, in any thread: what Pillow warns of is the process's affair."""
    try:
        if not isinstance(entry, Packed) and (problem := no_file(entry)):
            return problem
        content = read_entry(entry)
    except OSError as error:
        return _reason(error, bytes)
    return decode_content(content, size, levels, Image.MAX_IMAGE_PIXELS)


def try_levels(path: Entry, size: int) -> Used | str:
    """The grey levels of a picture as it is decoded for a size; where there is no picture, the reason."""
    try:
        with open_picture(path) as image:
            return used_levels(upright(image, size))
    except UnreadablePicture as error:
        return error.reason


@contextmanager
def open_picture(entry: Entry) -> Iterator[Image.Image]:
    """The picture in a file, not decoded yet, for a block that does.

    Raises:
        UnreadablePicture: the file gives no picture, be it found here or in the block.
    """
    packed = isinstance(entry, Packed)
    name, head = (str(entry), entry.read) if packed else (os.fspath(entry), partial(first_bytes, entry))
    try:
        if not packed and (problem := no_file(entry)):
            raise UnreadablePicture(name, problem)
        file = BytesIO(entry.read()) if packed else entry
        with _picture_warnings(), Image.open(file, formats=readable_formats()) as image:
            yield image
    except UnreadablePicture:
        raise
    except Exception as error:  # what Pillow's decoders raise for damaged files is no closed list
        raise UnreadablePicture(name, _reason(error, head)) from None


def upright(image: Image.Image, size: int) -> Image.Image:
    """A picture that `open_picture` gave, decoded as large as `size` needs it, and turned as EXIF says."""
    image.draft(None, (SPARE * size, SPARE * size))  # a JPEG need not be decoded any larger
    image.load()
    try:
        lies = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        return ImageOps.exif_transpose(image) if lies else image  # it copies what stands upright
    except Exception:  # damaged EXIF: the picture itself is whole
        return image


def to_square(image: Image.Image, size: int, levels: Levels | None = None) -> Image.Image:
    """The middle square of an upright picture, RGB, size x size pixels."""
    return ImageOps.fit(to_rgb(image, levels), (size, size), Image.Resampling.BILINEAR)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height of a picture as it is looked at, before it is decoded."""
    try:
        lies = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    except Exception:  # as in `upright`
        lies = False
    return image.size[::-1] if lies else image.size


@contextmanager
def _picture_warnings() -> Iterator[None]:
    """What Pillow warns of: a picture so large that it may be an attack is refused, odd metadata is let pass."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _too_large(pixels: int | None) -> str:
    return f"is too large (more than {pixels:,} pixels)"


def _reason(error: Exception, head: Callable[[], bytes]) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return _too_large(Image.MAX_IMAGE_PIXELS)
    if isinstance(error, UnidentifiedImageError):
        return no_picture(head())
    if isinstance(error, NoRange):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror})"
    if "truncated" in str(error):
        return "is cut short"
    return f"is damaged ({' '.join(str(error).split()) or type(error).__name__})"
