"""Which files are pictures: told by what they hold, whatever their names end in, and never by opening a pipe."""

import os
import stat
from functools import cache
from os import PathLike

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "AVIF")
KINDS = "JPEG, PNG, BMP, GIF, WebP, TIFF, AVIF or HEIC"  # in words
ENDS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif")  # usual ones
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
HEAD = 12  # bytes
NEEDS_EXTRA = "is a HEIC picture and takes pip install 'vgglab[heif]'"
NO_FILES = {
    stat.S_IFIFO: "is a named pipe, not a file",
    stat.S_IFSOCK: "is a socket, not a file",
    stat.S_IFCHR: "is a device, not a file",
    stat.S_IFBLK: "is a device, not a file",
}


@cache
def readable_formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are read here: HEIF is one of them where pillow-heif is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return FORMATS
    register_heif_opener()
    return (*FORMATS, "HEIF")


def looks_like_picture(name: str) -> bool:
    """Whether a file's name ends as a picture's does: to tell what a folder is meant to hold, unread."""
    return name.lower().endswith(ENDS)


def no_file(path: str | PathLike[str]) -> str | None:
    """What is wrong with a path that is no file and could be waited for without end; None for a file or a folder.

    Raises:
        OSError: there is nothing at the path.
    """
    return NO_FILES.get(stat.S_IFMT(os.stat(path).st_mode))


def first_bytes(path: str | PathLike[str]) -> bytes:
    """The bytes of a file that tell its format."""
    with open(path, "rb") as file:
        return file.read(HEAD)


def no_picture(head: bytes) -> str:
    """What is wrong with a file that holds none of the formats that are read here, by its first bytes."""
    if head[4:8] == b"ftyp" and head[8:HEAD] in HEIF_BRANDS:
        return NEEDS_EXTRA
    return f"is no {KINDS} picture" if head else "is empty"
