"""Small pictures of images, and of what Grad-CAM says of them."""

from functools import partial
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from PIL import Image

from vgglab.runs.files import write_atomic

SIDE = 96  # pixels of the longest side, at most
STRENGTH = 0.65  # how much of a place that speaks most for a class is covered by its colour
COLOURS = "inferno"  # grows from dark to bright for every kind of colour vision


def to_picture(image: np.ndarray) -> Image.Image:
    """An image (H, W, 3) or (H, W, 1), 0 to 255, as a picture."""
    pixels = np.clip(np.round(image), 0, 255).astype("uint8")
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("RGB")


def fitted(picture: Image.Image, side: int = SIDE) -> Image.Image:
    """The picture with its longest side at most `side` pixels; a small one enlarged by a whole factor, in blocks."""
    longest = max(picture.size)
    if longest > side:
        picture = picture.copy()
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        return picture
    factor = side // longest
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def overlay(picture: Image.Image, heat: np.ndarray) -> Image.Image:
    """The picture in grey, coloured where it speaks for a class.

    Args:
        picture: any size.
        heat: how much each place speaks for it, (h, w), 0 to 1; stretched over the picture.
    """
    stretched = Image.fromarray(heat.astype("float32")).resize(picture.size, Image.Resampling.BICUBIC)
    strength = np.clip(np.asarray(stretched), 0, 1)[..., None]
    grey = np.asarray(picture.convert("L").convert("RGB"), "float32")
    colour = colormaps[COLOURS](strength[..., 0])[..., :3] * 255
    share = STRENGTH * strength
    return to_picture(grey * (1 - share) + colour * share)


def save_png(picture: Image.Image, path: Path) -> None:
    """Write a picture as PNG, whole or not at all."""
    write_atomic(path, partial(picture.save, format="PNG", optimize=True))
