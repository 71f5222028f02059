"""Saved models: an ordinary .keras file that also carries class names and where its training stood."""

import json
import math
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgglab.config.schema import PICTURE_SIZE
from vgglab.config.shown import one_line
from vgglab.errors import RunError, UsageError, VgglabError, first_line
from vgglab.keras_tools.dry import weight_shapes
from vgglab.keras_tools.ending import as_probabilities
from vgglab.keras_tools.graph import inner_layers
from vgglab.keras_tools.precision import full_precision
from vgglab.runs.door import parse_json
from vgglab.runs.files import write_atomic
from vgglab.runs.shapes import MEMBER_SCHEMA, Member
from vgglab.runs.source import execute, kept_source

MEMBER = "vgglab.json"  # in the .keras archive; Keras itself passes over it
LARGEST_SIDE = 4096  # pixels of a picture's side: more is no picture of a network's
KERAS = ("keras", "keras_hub", "builtins", "None")  # modules whose layers Keras finds by itself
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
        if not hasattr(images, "shape"):  # a memory map, or what is read as an array, stays what it is
            images = np.asarray(images)
        batches = (images[start : start + batch_size] for start in range(0, len(images), batch_size))
        if keras.backend.backend() == "jax" and len(images) > batch_size:  # another size would be compiled apart
            batches = (filled_up(batch, batch_size) for batch in batches)
        return np.concatenate([self.model.predict_on_batch(batch) for batch in batches])[: len(images)]

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


def filled_up(images: np.ndarray, count: int) -> np.ndarray:
    """Images (N, H, W, C), with black ones behind them until there are `count`."""
    if len(images) == count:
        return images
    return np.concatenate([images, np.zeros((count - len(images), *images.shape[1:]), images.dtype)])


def save_model(
    model: keras.Model,
    path: Path,
    classes: list[str],
    training: dict[str, Any],
    levels: Mapping[str, tuple[float, float]] | None = None,
) -> None:
    """Write `model` with its optimizer state, atomically; its input has the size that pictures are decoded at.

    Where it trains in half precision, the file's model computes in float32.

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
        with full_precision(model):
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
    tree = read_member(path)
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


def load_classifier(path: Path | str, classes: Path | str | None = None) -> Classifier:
    """The model in a `.keras` file together with its class names; any classifier of Keras, see `open_classifier`.

    Args:
        path: the file.
        classes: a text file with a class name a line, for a file without; None numbers its classes.

    Raises:
        RunError: the file is missing or damaged, or its model is no classifier.
        UsageError: the names are not those of its outputs, or it has names.
    """
    path = Path(path)
    metadata = read_member(path)
    if metadata is None or classes:
        return open_classifier(path, classes)
    return _named(path, _load(path), metadata)


def open_classifier(path: Path, classes: Path | str | None = None) -> Classifier:
    """The model in any `.keras` file, without its optimizer; where it has no class names, classes are numbered.

    One that ends in scores gets a softmax, one that ends in a sigmoid unit has two classes.

    Args:
        path: the file.
        classes: a text file with a class name a line, for a file without.

    Raises:
        RunError: the file is missing or damaged, or its model is no classifier.
        UsageError: the names are not those of its outputs, or it has names.
    """
    metadata, model = read_member(path), _load(path, compiled=False)
    if metadata is not None:
        if classes:
            raise UsageError(f"--classes {classes}: {path} has its class names inside; leave --classes out")
        return _named(path, model, metadata)
    if len(model.outputs) != 1 or len(model.output_shape) != 2:
        raise RunError(f"{path}: gives {model.output_shape}; expected one probability for each class")
    try:
        model = as_probabilities(model)
    except ValueError as error:
        raise RunError(f"{path}: {error}") from None
    count = model.output_shape[-1]
    names = read_names(Path(classes), count) if classes else [str(number) for number in range(count)]
    return Classifier(model, names, named=bool(classes))


def open_model(path: Path) -> keras.Model:
    """The model in any `.keras` file; of one that vgglab wrote with its optimizer and loss.

    Raises:
        RunError: the file is missing or damaged.
    """
    return _load(path, compiled=read_member(path) is not None)


def read_names(path: Path, count: int) -> list[str]:
    """Class names from a text file, one a line, in the order of a model's outputs.

    Raises:
        UsageError: there is no such file, or it has not `count` different names.
    """
    try:
        names = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"--classes {path}: no such text file; expected a class name a line") from None
    if twice := [name for name, number in Counter(names).items() if number > 1]:
        raise UsageError(
            f"--classes {path}: names {one_line(twice[0])} twice; expected a name of its own for each class"
        )
    if len(names) != count:
        raise UsageError(f"--classes {path}: has {len(names)} names; the model has {count} classes")
    return names


def _named(path: Path, model: keras.Model, metadata: dict[str, Any]) -> Classifier:
    outputs, classes, levels = model.output_shape[-1], metadata["classes"], metadata.get("levels")
    if outputs != len(classes):
        raise RunError(f"{path}: has {outputs} outputs and names {len(classes)} classes; restore it from a copy")
    return Classifier(model, classes, levels=levels and {bits: tuple(levels[bits]) for bits in levels})


def read_member(path: Path) -> dict[str, Any] | None:
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
        config = read_architecture(path)
        have_registered(config, path)
        declared = sum(math.prod(shape) for shape in weight_shapes(config))
        if declared <= path.stat().st_size:
            return _load_as_saved(path, compiled)
    except VgglabError:
        raise
    except Exception as error:  # whatever a strange config leads Keras and its backends to
        raise RunError(f"{path}: cannot be loaded ({reason(error)}); restore it from a copy") from None
    size = f"{declared:,} weights, more than its {path.stat().st_size:,} bytes can hold"
    raise RunError(f"{path}: declares {size}; restore it from a copy")


def _load_as_saved(path: Path, compiled: bool) -> keras.Model:
    """Load a model; where layers are of its own, what is inside a frozen one is frozen too, which Keras forgets."""
    config = read_architecture(path)  # anew: Keras takes entries out of what it has read
    if not compiled or not own_names(config):
        return keras.saving.load_model(path, compile=compiled)
    model = keras.saving.load_model(path, compile=False)
    for layer in model.layers:
        for inner in inner_layers(layer) if not layer.trainable else ():
            inner.trainable = False
    if config.get("compile_config"):
        model.compile_from_config(config["compile_config"])
        model.load_weights(path)  # the optimizer's state as well
    return model


def read_architecture(path: Path) -> dict[str, Any]:
    """A network as a `.keras` file describes it, without its weights.

    Raises:
        Exception: whatever a damaged archive leads to.
    """
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read(CONFIG))
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError(f"its {CONFIG} describes no model")
    return config


def have_registered(config: dict[str, Any], path: Path) -> None:
    """Have the layers of its own that a network needs registered with Keras: by the code that its run's folder keeps.

    Raises:
        RunError: the code is not there, or is not to be executed, see `runs.source`.
    """
    unknown = sorted(name for name in own_names(config) if keras.saving.get_registered_object(name) is None)
    if not unknown:
        return
    source = kept_source(path.absolute().parent)
    if source:
        execute(source)
    if left := [name for name in unknown if keras.saving.get_registered_object(name) is None]:
        raise RunError(f"{path}: needs the code of {left[0]}; name the Python file that registers it with --code")


def own_names(tree: Any) -> set[str]:
    """The registered names of the layers and functions in a network's config that are not Keras's."""
    if isinstance(tree, list):
        return set().union(*map(own_names, tree))
    if not isinstance(tree, dict):
        return set()
    found = set().union(*map(own_names, tree.values()))
    name, module = tree.get("registered_name"), str(tree.get("module"))
    return found if not isinstance(name, str) or module.partition(".")[0] in KERAS else found | {name}


def reason(error: Exception) -> str:
    """What Keras says went wrong, without its advice on how to write layers."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line.partition(": ")[2] for line in lines if line.startswith(("Exception encountered: ", "Error: "))]
    if not causes and len(lines) > 1 and lines[0].endswith(":"):
        return lines[1]
    return causes[-1] if causes else first_line(error)
