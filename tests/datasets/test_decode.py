"""Pictures of every kind come out as upright 8-bit RGB squares, and broken ones as one line."""

import os
import socket
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from vgglab.datasets.decode import UnreadablePicture, decode_picture, try_decode, try_levels
from vgglab.datasets.formats import FORMATS, readable_formats
from vgglab.datasets.levels import Used, pooled
from vgglab.errors import DataError

SIDE = 32


def picture() -> Image.Image:
    """Dark red at the upper left, light blue at the lower right."""
    ramp = np.add.outer(np.arange(64), np.arange(64))
    return Image.fromarray(np.stack([100 - ramp // 2, ramp, 2 * ramp], axis=-1).clip(0, 255).astype(np.uint8))


def difference(path, image: Image.Image, size: int = SIDE) -> float:
    """The largest difference between a decoded file and what `image` should give, in grey levels of 4x4 blocks."""
    expected = np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR), dtype=float)
    blocks = (decode_picture(path, size) - expected).reshape(size // 4, 4, size // 4, 4, 3).mean(axis=(1, 3))
    return abs(blocks).max()


KINDS = {
    "jpg": {"quality": 95},
    "png": {},
    "bmp": {},
    "gif": {},
    "webp": {"lossless": True},
    "jpeg": {"quality": 95, "progressive": True},
    "tiff": {},
    "avif": {"quality": 95},
}


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_every_format_in_colour_grey_and_palette_comes_out_as_it_looks(tmp_path, suffix, mode):
    image = picture().convert(mode)
    saved = image.convert("RGB") if mode == "P" and suffix in ("jpg", "jpeg", "webp", "avif") else image
    saved.save(tmp_path / f"a.{suffix}", **KINDS[suffix])
    decoded = decode_picture(tmp_path / f"a.{suffix}", SIDE)
    assert decoded.shape == (SIDE, SIDE, 3) and decoded.dtype == np.uint8
    assert difference(tmp_path / f"a.{suffix}", image) < (12 if suffix == "gif" else 6)


@pytest.mark.parametrize(("mode", "suffix"), [("1", "png"), ("CMYK", "jpg"), ("RGBA", "png"), ("LA", "png")])
def test_other_modes_come_out_as_they_look(tmp_path, mode, suffix):
    image = picture().convert(mode)
    image.save(tmp_path / f"a.{suffix}")
    assert difference(tmp_path / f"a.{suffix}", image) < 6


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_what_is_transparent_is_white(tmp_path, mode, suffix):
    image = Image.new("RGBA", (20, 20), (200, 0, 0, 0))
    image.paste((0, 0, 0, 128), (0, 10, 20, 20))
    image.convert("LA" if mode == "LA" else "RGBA").save(tmp_path / f"a.{suffix}", lossless=True)
    decoded = decode_picture(tmp_path / f"a.{suffix}", 20)
    assert (decoded[:9] == 255).all() and abs(decoded[11:].astype(int) - 127).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_transparent_palette_colour_is_white(tmp_path, suffix):
    image = Image.fromarray(np.repeat([[0], [1]], 8, axis=1).repeat(4, axis=0).astype(np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.save(tmp_path / f"a.{suffix}", transparency=0)
    decoded = decode_picture(tmp_path / f"a.{suffix}", 8)
    assert decoded[0, 0].tolist() == [255, 255, 255] and decoded[7, 0].tolist() == [40, 50, 60]


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    levels = np.repeat([0, 257, 32896, 65535], 8).reshape(4, 8).astype(np.uint16)
    Image.fromarray(levels.repeat(2, axis=0)).save(tmp_path / "a.png")
    assert decode_picture(tmp_path / "a.png", 8)[::2, 0].tolist() == [[v] * 3 for v in (0, 1, 128, 255)]


def test_one_range_of_grey_levels_is_stretched_and_what_is_beyond_it_cut_off(tmp_path):
    levels = np.repeat([100, 1100, 2100, 4000], 8).reshape(4, 8).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "a.png")
    Image.fromarray((levels // 100).astype(np.uint8)).save(tmp_path / "b.png")
    ranges = {"16": (100, 2100), "8": (0, 20)}
    assert decode_picture(tmp_path / "a.png", 4, ranges)[:, 0].tolist() == [[v] * 3 for v in (0, 128, 255, 255)]
    assert decode_picture(tmp_path / "b.png", 4, ranges)[:, 0, 0].tolist() == [13, 140, 255, 255]
    assert decode_picture(tmp_path / "b.png", 4, {"16": (100, 2100)})[:, 0, 0].tolist() == [1, 11, 21, 40]


def test_thirty_two_bits_want_a_range(tmp_path):
    Image.fromarray(np.repeat([[0.0], [np.nan], [1.5]], 3, axis=1).astype(np.float32)).save(tmp_path / "a.tif")
    assert try_decode(tmp_path / "a.tif", 3) == "has 32-bit grey levels, whose range is not known without --stretch"
    assert try_levels(tmp_path / "a.tif", 3) == ("32", 0.0, 1.5)
    assert decode_picture(tmp_path / "a.tif", 3, {"32": (0, 3)})[:, 0, 0].tolist() == [0, 0, 128]


def test_the_levels_of_a_picture_leave_out_its_hottest_pixels(tmp_path):
    levels = np.arange(10_000, dtype=np.uint16).reshape(100, 100) // 5
    levels[0, :5] = 65_535
    Image.fromarray(levels).save(tmp_path / "a.png")
    assert try_levels(tmp_path / "a.png", 8) == ("16", 3, 1998)
    assert pooled([Used("16", 2, 9), Used("8", 3, 3), Used("16", 1, 4)]) == {"8": (3, 4), "16": (1, 9)}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_picture_turned_by_exif_is_upright(tmp_path, orientation, suffix):
    turned = [None, 0, 3, 1, 5, 4, 6, 2][orientation - 1]  # what undoes each orientation: Image.Transpose
    stored = picture() if turned is None else picture().transpose(Image.Transpose(turned))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"a.{suffix}", exif=exif, quality=95)
    upright = ImageOps.exif_transpose(Image.open(tmp_path / f"a.{suffix}"))
    assert difference(tmp_path / f"a.{suffix}", upright) < 6


def test_the_middle_square_is_kept_and_proportions_stay(tmp_path):
    wide = Image.new("RGB", (80, 20), "red")
    wide.paste((0, 0, 255), (30, 0, 50, 20))
    wide.save(tmp_path / "a.png")
    decoded = decode_picture(tmp_path / "a.png", 10)
    assert (decoded[:, 1:-1] == [0, 0, 255]).all() and (decoded[:, [0, -1], 2] > 200).all()


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert decode_picture(tmp_path / "a.gif", 8)[0, 0].tolist() == [255, 0, 0]


def test_several_pages_give_the_first(tmp_path):
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    assert decode_picture(tmp_path / "a.tiff", 8)[0, 0].tolist() == [255, 0, 0]


def test_a_phones_picture_is_read_with_the_extra_and_says_which_without(tmp_path, monkeypatch):
    pytest.importorskip("pillow_heif")
    assert "HEIF" in readable_formats()
    picture().save(tmp_path / "a.heic", quality=95)
    assert difference(tmp_path / "a.heic", picture()) < 6
    monkeypatch.setattr("vgglab.datasets.decode.readable_formats", lambda: FORMATS)
    assert try_decode(tmp_path / "a.heic", SIDE) == "is a HEIC picture and takes pip install 'vgglab[heif]'"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_would_be_waited_for_is_named_and_not_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.png")
        reasons = [try_decode(path, SIDE) for path in ("pipe.png", "socket.png", "/dev/zero")]
    assert reasons == [f"is a {kind}, not a file" for kind in ("named pipe", "socket", "device")]


def test_a_large_jpeg_looks_as_if_decoded_in_full(tmp_path):
    large = picture().resize((1500, 1500), Image.Resampling.BICUBIC)
    large.save(tmp_path / "a.jpg", quality=95)
    assert difference(tmp_path / "a.jpg", large) < 4


def test_a_jpeg_is_decoded_large_enough_for_its_details(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    for name in ("a.jpg", "a.png"):
        Image.fromarray(noise).save(tmp_path / name, quality=100)
    jpeg, png = (decode_picture(tmp_path / name, 64).astype(int) for name in ("a.jpg", "a.png"))
    assert abs(jpeg - png).mean() < 12


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("exif", [b"garbage1234567", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abcd"])
def test_damaged_exif_does_no_harm(tmp_path, suffix, exif):
    picture().save(tmp_path / f"a.{suffix}", exif=b"Exif\0\0" + exif, quality=95)
    assert difference(tmp_path / f"a.{suffix}", picture()) < 6


def bomb(side: int) -> bytes:
    """A PNG that says it has side x side pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(5000)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in [*chunks, (b"IEND", b"")])


def test_what_a_test_takes_for_a_bomb_is_a_picture_but_for_its_size(tmp_path):
    (tmp_path / "a.png").write_bytes(bomb(64))
    assert decode_picture(tmp_path / "a.png", 64).max() == 0


def cut(path, share: float) -> bytes:
    picture().resize((300, 300)).save(path)
    content = path.read_bytes()
    return content[: int(share * len(content))]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jpg", b"", "is empty"),
        ("a.jpg", b"Dear diary, today I learned", "is no JPEG, PNG, BMP, GIF, WebP, TIFF, AVIF or HEIC picture"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no JPEG, PNG"),
        ("a.png", bomb(40_000), "is too large (more than 89,478,485 pixels)"),
        ("a.png", bomb(10_000), "is too large (more than 89,478,485 pixels)"),
    ],
    ids=["empty", "text", "svg", "40,000 x 40,000 pixels", "10,000 x 10,000 pixels"],
)
def test_what_is_no_picture_has_a_reason_in_one_line(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="expected a whole JPEG, PNG") as caught:
        decode_picture(tmp_path / name, SIDE)
    assert reason in str(caught.value) and str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)
    assert try_decode(tmp_path / name, SIDE) == caught.value.reason


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "gif", "webp", "tiff", "avif"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_truncated_file_is_no_picture(tmp_path, suffix, share):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(cut(path, share))
    with pytest.raises(UnreadablePicture, match=r"cut short|damaged|is no JPEG"):
        decode_picture(path, SIDE)


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path):
    assert try_decode(tmp_path / "a.jpg", SIDE) == "cannot be read (No such file or directory)"
