"""Saved models: an ordinary .keras file that also carries class names and where its training stood."""

import json
import math
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgglab.config.schema import PICTURE_SIZE
from vgglab.errors import RunError, first_line
from vgglab.keras_tools.dry import weight_shapes
from vgglab.runs.door import parse_json
from vgglab.runs.files import write_atomic
from vgglab.runs.shapes import MEMBER_SCHEMA, Member

MEMBER = "vgglab.json"  # in the .keras archive; Keras itself passes over it
LARGEST_SIDE = 4096  # pixels of a picture's side: more is no picture of a network's
CONFIG = "config.json"  # Keras's own member, the architecture
WEIGHTS_IN_ARCHIVE = "model.weights.h5"  # Keras's own member, what `load_weights` reads


@dataclass(frozen=True)
class Classifier:
    """A model with the names of its classes; it takes raw images.

    Attributes:
        model: from images (N, H, W, 3), 0 to 255, to probabilities (N, classes).
        classes: the class names, in the order of the outputs.
        named: whether the file had those names; else they are numbers.
        levels: the grey levels that files are stretched by where `data.stretch` was asked for; see `predict`.
    """

    model: keras.Model
    classes: list[str]
    named: bool = True
    levels: dict[str, tuple[float, float]] | None = None

    def predict(self, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
        """Class probabilities, float32 (N, classes), of raw images (N, H, W, 3), 0 to 255.

        They are taken as they come. A model that was trained with `data.stretch` expects them stretched, as
        `datasets.decode.decode_picture(path, classifier.picture_side, classifier.levels)` makes them of a file.
        """
        images = np.asanyarray(images)  # a memory map stays one
        batches = [images[start : start + batch_size] for start in range(0, len(images), batch_size)]
        return np.concatenate([self.model.predict_on_batch(batch) for batch in batches])

    @property
    def picture_side(self) -> int:
        """Side in pixels of the squares that `datasets.decode.decode_picture` makes of files, as for training.

        Raises:
            RunError: the model takes no square RGB images.
        """
        height, width, channels = (*self.model.input_shape[1:], 0, 0)[:3]
        if height != width or channels != 3 or (height or 0) > LARGEST_SIDE:
            shape = "x".join(str(side or "any") for side in self.model.input_shape[1:])
            expected = f"expected square images of 3 channels, {LARGEST_SIDE} pixels wide at most"
            raise RunError(f"the model {self.model.name} takes {shape}; {expected}")
        return height or PICTURE_SIZE

    def classify(self, images: np.ndarray) -> list[str]:
        """The name of the most probable class of each raw image."""
        return [self.classes[number] for number in self.predict(images).argmax(axis=1)]


def save_model(
    model: keras.Model,
    path: Path,
    classes: list[str],
    training: dict[str, Any],
    levels: Mapping[str, tuple[float, float]] | None = None,
) -> None:
    """Write `model` with its optimizer state, atomically; its input has the size that pictures are decoded at.

    Args:
        model: a compiled model.
        path: where to; ends in `.keras`.
        classes: class names in the order of the outputs.
        training: where the training stands, as JSON.
        levels: grey levels that the pictures were stretched by; None where they were not.
    """
    told = {"schema": MEMBER_SCHEMA if levels else 1, "classes": classes, "training": training}
    told |= {"levels": dict(levels)} if levels else {}

    def write(temporary: Path) -> None:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(MEMBER, json.dumps(told))

    write_atomic(path, write)


def write_weights(path: Path, target: Path) -> None:
    """Write the weights inside a `.keras` file as a file of their own, atomically.

    They are copied, not saved from a model: HDF5 ends the process where the disk is full.
    """

    def write(temporary: Path) -> None:
        with (
            zipfile.ZipFile(path) as archive,
            archive.open(WEIGHTS_IN_ARCHIVE) as weights,
            temporary.open("wb") as file,
        ):
            shutil.copyfileobj(weights, file)

    write_atomic(target, write)


def read_metadata(path: Path) -> dict[str, Any]:
    """`classes`, `training` and perhaps `levels` of a model that `save_model` wrote.

    Raises:
        RunError: the file is missing, damaged, or not written by vgglab.
    """
    tree = _read_member(path)
    if tree is None:
        raise RunError(f"{path}: holds no class names; expected a model that vgglab saved")
    return tree


def load_model(path: Path) -> keras.Model:
    """The Keras model in a file, with its optimizer and loss.

    Raises:
        RunError: the file is missing, damaged, or not written by vgglab.
    """
    read_metadata(path)
    return _load(path)


def load_classifier(path: Path | str) -> Classifier:
    """The model in a `.keras` file together with its class names.

    Raises:
        RunError: the file is missing, damaged, or not written by vgglab.
    """
    path = Path(path)
    return _named(path, load_model(path), read_metadata(path))


def open_classifier(path: Path) -> Classifier:
    """The model in any `.keras` file, without its optimizer; where it has no class names, classes are numbered.

    Raises:
        RunError: the file is missing or damaged, or its model is no classifier.
    """
    metadata, model = _read_member(path), _load(path, compiled=False)
    if metadata is not None:
        return _named(path, model, metadata)
    if len(model.outputs) != 1 or len(model.output_shape) != 2:
        raise RunError(f"{path}: gives {model.output_shape}; expected one probability for each class")
    return Classifier(model, [str(number) for number in range(model.output_shape[-1])], named=False)


def _named(path: Path, model: keras.Model, metadata: dict[str, Any]) -> Classifier:
    outputs, classes, levels = model.output_shape[-1], metadata["classes"], metadata.get("levels")
    if outputs != len(classes):
        raise RunError(f"{path}: has {outputs} outputs and names {len(classes)} classes; restore it from a copy")
    return Classifier(model, classes, levels=levels and {bits: tuple(levels[bits]) for bits in levels})


def _read_member(path: Path) -> dict[str, Any] | None:
    """What vgglab wrote into a model file; None for a Keras model without it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            content = None if MEMBER not in names and CONFIG in names else archive.read(MEMBER)
    except FileNotFoundError:
        raise RunError(f"{path}: no such model file") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise RunError(f"{path}: not a readable .keras file ({error}); restore it from a copy") from None
    if outside := [name for name in names if ".." in Path(name).parts or Path(name).is_absolute()]:
        raise RunError(f"{path}: holds {outside[0]}, which leads out of it; Keras writes no such file, do not use it")
    return None if content is None else parse_json(content, Member, path, MEMBER_SCHEMA)


def _load(path: Path, compiled: bool = True) -> keras.Model:
    """A model whose weights, by their shapes, can be in the file: making room for others could end the process."""
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read(CONFIG))
        if not isinstance(config, dict) or "class_name" not in config:
            raise ValueError(f"its {CONFIG} describes no model")
        declared = sum(math.prod(shape) for shape in weight_shapes(config))
        if declared <= path.stat().st_size:
            return keras.saving.load_model(path, compile=compiled)
    except Exception as error:  # whatever a strange config leads Keras and its backends to
        raise RunError(f"{path}: cannot be loaded ({_reason(error)}); restore it from a copy") from None
    size = f"{declared:,} weights, more than its {path.stat().st_size:,} bytes can hold"
    raise RunError(f"{path}: declares {size}; restore it from a copy")


def _reason(error: Exception) -> str:
    """What Keras says went wrong, without its advice on how to write layers."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line.partition(": ")[2] for line in lines if line.startswith(("Exception encountered: ", "Error: "))]
    if not causes and len(lines) > 1 and lines[0].endswith(":"):
        return lines[1]
    return causes[-1] if causes else first_line(error)
