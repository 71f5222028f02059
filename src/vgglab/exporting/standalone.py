"""Say what pictures show: python predict.py PICTURE...; it needs Pillow, NumPy and the runtime in README.md alone."""

import json
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from vgglab.exporting.engines import open_onnx


def load(path, side, levels):
    """The middle square of a picture, upright, RGB, uint8 (side, side, 3), alpha on white, levels as in training."""
    with Image.open(path) as image:
        image.draft(None, (2 * side, 2 * side))  # a JPEG need not be decoded any larger
        image.load()
        with suppress(Exception):  # damaged EXIF: the picture itself is whole
            image = ImageOps.exif_transpose(image)
    bits = "16" if image.mode.startswith("I;16") else "32" if image.mode in ("I", "F") else "8"
    if bits == "8" and image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    values = np.asarray(image.convert("RGB") if bits == "8" else image)
    if bits != "8" or bits in levels:
        low, high = levels[bits]  # of 32 bits no range is known where the network was not trained on such pictures
        shares = (np.nan_to_num(values.astype(np.float64), nan=low) - low) / (high - low)
        values = (255 * shares.clip(0, 1) + 0.5).astype(np.uint8)
    return np.asarray(ImageOps.fit(Image.fromarray(values).convert("RGB"), (side, side), Image.Resampling.BILINEAR))


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    labels = (here / "labels.txt").read_text(encoding="utf-8").split("\n")
    how = json.loads((here / "preprocessing.json").read_text(encoding="utf-8"))
    model = open_onnx(here / how["file"])
    for path in sys.argv[1:]:
        given = model(load(path, how["side"], how["levels"])[None].astype(np.float32))[0]
        print(path, *(f"{labels[number]} {given[number]:.4f}" for number in np.argsort(-given)[:5]), sep="  ")
