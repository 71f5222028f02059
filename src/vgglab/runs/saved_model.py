"""Saved models: an ordinary .keras file that also carries class names and where its training stood."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgglab.errors import RunError, first_line
from vgglab.runs.files import write_atomic
from vgglab.runs.record import check_schema

MEMBER = "vgglab.json"  # in the .keras archive; Keras itself passes over it
SCHEMA = 1


@dataclass(frozen=True)
class Classifier:
    """A model with the names of its classes; it takes raw images.

    Attributes:
        model: from images (N, H, W, 3), 0 to 255, to probabilities (N, classes).
        classes: the class names, in the order of the outputs.
    """

    model: keras.Model
    classes: list[str]

    def predict(self, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
        """Class probabilities, float32 (N, classes), of raw images (N, H, W, 3), 0 to 255."""
        images = np.asanyarray(images)  # a memory map stays one
        batches = [images[start : start + batch_size] for start in range(0, len(images), batch_size)]
        return np.concatenate([self.model.predict_on_batch(batch) for batch in batches])

    def classify(self, images: np.ndarray) -> list[str]:
        """The name of the most probable class of each raw image."""
        return [self.classes[number] for number in self.predict(images).argmax(axis=1)]


def save_model(model: keras.Model, path: Path, classes: list[str], training: dict[str, Any]) -> None:
    """Write `model` with its optimizer state, atomically.

    Args:
        model: a compiled model.
        path: where to; ends in `.keras`.
        classes: class names in the order of the outputs.
        training: where the training stands, as JSON.
    """

    def write(temporary: Path) -> None:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(MEMBER, json.dumps({"schema": SCHEMA, "classes": classes, "training": training}))

    write_atomic(path, write)


def read_metadata(path: Path) -> dict[str, Any]:
    """`classes` and `training` of a model that `save_model` wrote.

    Raises:
        RunError: the file is missing, damaged, or not written by vgglab.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            tree = json.loads(archive.read(MEMBER))
    except FileNotFoundError:
        raise RunError(f"{path}: no such model file") from None
    except KeyError:
        raise RunError(f"{path}: holds no class names; expected a model that vgglab saved") from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise RunError(f"{path}: not a readable .keras file ({error}); restore it from a copy") from None
    check_schema(tree, SCHEMA, path)
    return tree


def load_model(path: Path) -> keras.Model:
    """The Keras model in a file, with its optimizer and loss.

    Raises:
        RunError: the file is missing or damaged.
    """
    read_metadata(path)
    try:
        return keras.saving.load_model(path)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise RunError(f"{path}: cannot be loaded ({first_line(error)}); restore it from a copy") from None


def load_classifier(path: Path | str) -> Classifier:
    """The model in a `.keras` file together with its class names.

    Raises:
        RunError: the file is missing, damaged, or not written by vgglab.
    """
    path = Path(path)
    return Classifier(load_model(path), read_metadata(path)["classes"])
