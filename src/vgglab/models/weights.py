"""Weights files: read whatever Keras writes, and give them to a model or say where the two part ways."""

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from vgglab.errors import ConfigError, DataError, first_line
from vgglab.keras_tools.graph import inner_layers, own_variables
from vgglab.keras_tools.variables import assign
from vgglab.runs.saved_model import WEIGHTS_IN_ARCHIVE

SUFFIXES = (".weights.h5", ".h5", ".keras")
MOST_PACKED = 100  # times; weights are noise, which hardly packs at all
DAMAGE = (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, zlib.error, zipfile.BadZipFile)


@dataclass(frozen=True)
class StoredLayer:
    """A layer's weights in a file.

    Attributes:
        name: what the file calls the layer.
        datasets: its weights, in Keras's order; what they declare to be is known, they are not read yet.
    """

    name: str
    datasets: list[h5py.Dataset]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """What the weights declare to be."""
        return [dataset.shape for dataset in self.datasets]


@dataclass(frozen=True)
class Slot:
    """A layer of a model that takes weights.

    Attributes:
        key: where files of Keras 3 keep them.
        layer: the layer.
        variables: its weights, in the order of files.
    """

    key: str
    layer: keras.layers.Layer
    variables: list[keras.Variable]

    def fill(self, arrays: list[np.ndarray]) -> None:
        """Give the layer its weights."""
        assign(self.variables, arrays)
        if hasattr(self.layer, "finalize_state"):  # Normalization computes with a copy
            self.layer.finalize_state()


def load_weights(model: keras.Model, path: Path, name: str) -> None:
    """Give `model` the weights in a file; what the file has beyond it must be a head of dense layers.

    Args:
        model: a network without a head.
        path: a `.weights.h5`, `.h5` or `.keras` file.
        name: what to call the network in an error.

    Raises:
        ConfigError: no such file, or the weights of another network; the first layer that differs is named.
        DataError: the file is damaged.
    """
    with open_weights(path) as (stored, ordered):
        slots = list(_layers_in_order(model) if ordered else _layers_by_key(model))
        if ordered:
            pairs = list(zip_longest(slots, stored.values()))[: len(slots)]
            rest = list(stored.values())[len(slots) :]
        else:
            pairs = [(slot, stored.pop(slot.key, None)) for slot in slots]
            rest = list(stored.values())
        for slot, layer in pairs:
            _check(slot, layer, f"{path}: not weights of {name}")
        if more := next((layer for layer in rest if len(layer.shapes[0]) != 2), None):
            raise ConfigError(f"{path}: not weights of {name}: it has no layer like the file's {_told(more)}")
        for slot, layer in pairs:
            slot.fill([dataset[()] for dataset in layer.datasets])


def copy_weights(source: keras.layers.Layer, target: keras.layers.Layer) -> None:
    """Give `target` the weights of `source`, a layer with the same settings."""
    pairs = zip(inner_layers(source), inner_layers(target), strict=True)
    for old, new in pairs:
        Slot("", new, own_variables(new)).fill(
            [keras.ops.convert_to_numpy(variable) for variable in own_variables(old)]
        )


@contextmanager
def open_weights(path: Path) -> Iterator[tuple[dict[str, StoredLayer], bool]]:
    """The layers in a file that have weights, by their place in it, and whether their order is the model's.

    Raises:
        ConfigError: there is no such file, or it is of no kind that can be read.
        DataError: the file is damaged, or its weights are in another one.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such weights file")
    if not path.name.endswith(SUFFIXES):
        raise ConfigError(f"{path}: expected a file that ends in {', '.join(SUFFIXES)}")
    try:
        with h5py.File(_open(path), "r") as file:
            legacy = "model_weights" in file or "layer_names" in file.attrs
            found = _read_legacy(file.get("model_weights", file)) if legacy else _read_keras3(file)
            if not found:
                raise DataError(f"{path}: holds no weights; fetch it again")
            for layer in found.values():
                _check_own(layer, file)
            yield found, legacy
    except DAMAGE as error:
        raise DataError(f"{path}: not a readable weights file ({first_line(error)}); fetch it again") from None


def _open(path: Path) -> Any:
    if path.suffix != ".keras":
        return path
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(WEIGHTS_IN_ARCHIVE).file_size > MOST_PACKED * path.stat().st_size:
            raise ValueError(f"{WEIGHTS_IN_ARCHIVE} is packed more than {MOST_PACKED} times")
        return io.BytesIO(archive.read(WEIGHTS_IN_ARCHIVE))


def _check_own(layer: StoredLayer, file: h5py.File) -> None:
    """Refuse weights that are kept in another file, which nobody named, and what is no array of numbers."""
    for dataset in layer.datasets:
        if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "fiub":
            raise ValueError(f"{layer.name} has weights that are no numbers")
        if dataset.file.filename != file.filename or dataset.external or dataset.is_virtual:
            raise ValueError(f"the weights of {layer.name} lie in another file")


def _read_keras3(file: h5py.Group) -> dict[str, StoredLayer]:
    """What Keras 3 writes: `layers/conv2d_1/vars/0`, with numbers that count the layers of a class."""
    found: dict[str, StoredLayer] = {}

    def visit(place: str, item: Any) -> None:
        if place.startswith("layers/") and place.endswith("/vars") and len(item):
            key = place.removesuffix("/vars")
            name = item.attrs.get("name", key.rpartition("/")[2])
            found[key] = StoredLayer(name, [item[str(number)] for number in range(len(item))])

    file.visititems(visit)
    return {key: layer for key, layer in found.items() if "/seed_generator" not in key}


def _read_legacy(group: h5py.Group) -> dict[str, StoredLayer]:
    """What Keras 1 and 2 wrote, and keras.applications is published as: layers in the model's order."""
    found = {}
    for name in map(_text, _attribute(group, "layer_names")):
        datasets = [group[name][_text(weight)] for weight in _attribute(group[name], "weight_names")]
        if datasets:
            found[name] = StoredLayer(name, datasets)
    return found


def _attribute(group: h5py.Group, name: str) -> list[Any]:
    """A list that is cut into `name0`, `name1`, ... where it is long."""
    if name in group.attrs:
        return list(group.attrs[name])
    parts = [key for key in group.attrs if re.fullmatch(rf"{name}\d+", key)]
    parts.sort(key=lambda key: int(key.removeprefix(name)))
    return [value for part in parts for value in group.attrs[part]]


def _layers_in_order(model: keras.Model) -> Iterator[Slot]:
    for layer in model.layers:
        if variables := list(layer.trainable_weights) + list(layer.non_trainable_weights):
            yield Slot("", layer, variables)


def _layers_by_key(model: keras.Model, place: str = "layers") -> Iterator[Slot]:
    seen: Counter[str] = Counter()
    for layer in model.layers:
        kind = _snake_case(type(layer).__name__)
        key = f"{place}/{kind}_{seen[kind]}" if seen[kind] else f"{place}/{kind}"
        seen[kind] += 1
        if isinstance(layer, keras.Model):
            yield from _layers_by_key(layer, f"{key}/layers")
        elif variables := own_variables(layer):
            yield Slot(key, layer, variables)


def _check(slot: Slot, stored: StoredLayer | None, problem: str) -> None:
    expected = [tuple(variable.shape) for variable in slot.variables]
    if stored is None or stored.shapes != expected:
        there = "has none like it" if stored is None else f"has {_told(stored)}"
        raise ConfigError(f"{problem}: layer {slot.layer.name} is {_shapes(expected)}, the file {there}")


def _told(stored: StoredLayer) -> str:
    return f"{stored.name}, {_shapes(stored.shapes)}"


def _shapes(shapes: list[tuple[int, ...]]) -> str:
    return " + ".join("x".join(map(str, shape)) or "a number" for shape in shapes)


def _snake_case(name: str) -> str:
    """`Conv2D` -> `conv2d`, `BatchNormalization` -> `batch_normalization`: as Keras names classes in files."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
