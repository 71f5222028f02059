"""A picture file as the network gets it: upright 8-bit RGB, its middle square, at one size."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from vgglab.errors import DataError

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
SPARE = 2  # a JPEG is decoded at the smallest scale that is still this many times as large as needed


class UnreadablePicture(DataError):
    """A file that gives no picture; `reason` is what is wrong with it, in a few words."""

    def __init__(self, path: str, reason: str):
        super().__init__(f"{path} {reason}; expected a whole JPEG, PNG, BMP, GIF or WebP: replace or remove the file")
        self.reason = reason


def decode_picture(path: str | PathLike[str], size: int) -> np.ndarray:
    """Decode a picture for training or prediction.

    The shorter side is scaled to `size` (bilinear, averaging where it shrinks) and the middle square is kept:
    proportions stay, the ends of the longer side go. EXIF rotation is applied, alpha is laid on white, 16 bits
    are scaled to 8, an animation gives its first frame.

    Args:
        path: a JPEG, PNG, BMP, GIF or WebP file.
        size: side of the result, pixels.

    Returns:
        uint8 (size, size, 3), 0 to 255, RGB.

    Raises:
        UnreadablePicture: the file is missing, cut short, too large, or no such picture. (It is a DataError.)
    """
    with open_picture(path) as image:
        return np.asarray(to_square(image, size))


def try_decode(path: str | PathLike[str], size: int) -> np.ndarray | str:
    """As `decode_picture`; where there is no picture, the reason."""
    try:
        return decode_picture(path, size)
    except UnreadablePicture as error:
        return error.reason


@contextmanager
def open_picture(path: str | PathLike[str]) -> Iterator[Image.Image]:
    """The picture in a file, not decoded yet, for a block that does.

    Raises:
        UnreadablePicture: the file gives no picture, be it found here or in the block.
    """
    try:
        with _picture_warnings(), Image.open(path, formats=FORMATS) as image:
            yield image
    except Exception as error:  # what Pillow's decoders raise for damaged files is no closed list
        raise UnreadablePicture(os.fspath(path), _reason(error, path)) from None


def to_square(image: Image.Image, size: int) -> Image.Image:
    """The middle square of a picture that `open_picture` gave, upright RGB, size x size pixels."""
    image.draft(None, (SPARE * size, SPARE * size))  # a JPEG need not be decoded any larger
    return ImageOps.fit(_to_rgb(_upright(image)), (size, size), Image.Resampling.BILINEAR)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height of a picture as it is looked at, before it is decoded."""
    try:
        lies = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    except Exception:  # as in `_upright`
        lies = False
    return image.size[::-1] if lies else image.size


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF: the picture itself is whole
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return Image.fromarray(_to_8_bit(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _to_8_bit(grey: np.ndarray) -> np.ndarray:
    """0 to 65,535 -> 0 to 255."""
    return ((grey.astype(np.int64).clip(0, 65_535) + 128) // 257).astype(np.uint8)


@contextmanager
def _picture_warnings() -> Iterator[None]:
    """What Pillow warns of: a picture so large that it may be an attack is refused, odd metadata is let pass."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _reason(error: Exception, path: str | PathLike[str]) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"is too large (more than {Image.MAX_IMAGE_PIXELS:,} pixels)"
    if isinstance(error, UnidentifiedImageError):
        return "is empty" if os.path.getsize(path) == 0 else "is no JPEG, PNG, BMP, GIF or WebP picture"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror})"
    if "truncated" in str(error):
        return "is cut short"
    return f"is damaged ({' '.join(str(error).split()) or type(error).__name__})"
