"""A network that went out, ready to predict: neither Keras nor, but for `savedmodel`, TensorFlow is loaded."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.errors import RunError, first_line
from vgglab.exporting.engines import Engine, open_onnx_beside, run_engine
from vgglab.exporting.formats import FORMATS, check_runtime, quiet

PREPROCESSING = "preprocessing.json"
BESIDE = {"onnx": open_onnx_beside}  # where a runtime has to be told that it is not alone


@dataclass(frozen=True)
class Exported:
    """A folder that `vgglab export` wrote, ready to predict; it can stand where a `vgglab.Classifier` does.

    Attributes:
        engine: from float32 images to probabilities.
        classes: the class names, in the order of the outputs.
        format: one of `config.export.FORMATS`.
        picture_side: side in pixels of the squares that pictures are decoded to.
        levels: grey levels that pictures are stretched by, by bits; empty without.
        named: whether the network had names for its classes; else they are numbers.
        parity: how far it agrees with the network, as of `exporting.parity.Parity`; None where its card says that.
    """

    engine: Engine
    classes: list[str]
    format: str
    picture_side: int
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)
    named: bool = True
    parity: dict[str, Any] | None = None

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities, float32 (N, classes), of raw images (N, side, side, 3), 0 to 255; N at least 1."""
        return run_engine(self.engine, images)


def open_exported(folder: Path) -> Exported:
    """The network in a folder that `vgglab export` wrote.

    Raises:
        RunError: it is no such folder, or its runtime is not installed.
    """
    try:
        told = json.loads((folder / PREPROCESSING).read_text(encoding="utf-8"))
        format_, file, side, levels = FORMATS[told["format"]], told["file"], told["side"], told["levels"]
        labels = (folder / "labels.txt").read_text(encoding="utf-8").split("\n")[:-1]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{folder}: is no folder that vgglab export wrote ({first_line(error)})") from None
    check_runtime(format_)
    try:
        with quiet():
            engine = BESIDE.get(format_.name, format_.open)(folder / file)
    except Exception as error:  # what a runtime raises for a damaged file is its own
        raise RunError(f"{folder / file}: cannot be loaded ({first_line(error)}); export it again") from None
    return Exported(engine, labels, format_.name, side, {bits: tuple(ends) for bits, ends in levels.items()})
