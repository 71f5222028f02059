"""What the frozen part of a model gives for each image: computed once, kept on disk, read as a memory map."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np

from vgglab.datasets.dataset import are_kept
from vgglab.keras_tools.graph import nodes_in_order
from vgglab.training.batches import Augment
from vgglab.training.feature_store import FeatureStore

VERSION = 1  # of what is computed; a change makes every kept entry unknown
BATCH = 256  # images in one forward pass

Count = Callable[[int], None]


@dataclass(frozen=True)
class Views:
    """Images varied at random, a number of times each.

    Attributes:
        augment: varies a batch: images, labels, number of the view, number of the batch -> images, labels.
        number: views of each image.
        settings: all that `augment` depends on, as text.
    """

    augment: Augment
    number: int
    settings: str


def features_of(
    frozen: keras.Model,
    images: np.ndarray,
    store: FeatureStore,
    count: Count = lambda images: None,
    views: Views | None = None,
) -> np.ndarray:
    """The features of images, float32 (N, ...), memory-mapped; from the store where it has them.

    Args:
        frozen: from raw images to features; whatever it holds is taken as it is now.
        images: uint8 (N, H, W, 3).
        store: where features are kept.
        count: called with a number of images whenever so many more are done.
        views: vary the images; the features are then those of the first view of all images, of the second, ...
    """
    key = features_key(frozen, images, views)
    shape = (len(images) * (views.number if views else 1), *frozen.output.shape[1:])

    def fill(features: np.ndarray) -> None:
        start = 0
        for batch in _batches(images, views):
            features[start : start + len(batch)] = frozen.predict_on_batch(batch)
            start += len(batch)
            count(len(batch))

    return store.get(key, shape, fill, f"{frozen.name}, {shape[0]:,} images, features {shape[1:]}")


def _batches(images: np.ndarray, views: Views | None) -> Iterator[np.ndarray]:
    for view in range(views.number if views else 1):
        for number, start in enumerate(range(0, len(images), BATCH)):
            batch = images[start : start + BATCH]
            labels = np.zeros(len(batch), "int64")  # single images are varied, whatever they show
            yield views.augment(batch, labels, view, number)[0] if views else batch


def features_key(frozen: keras.Model, images: np.ndarray, views: Views | None = None) -> str:
    """A name for the features: of the network, its weights and settings, the images, and this code's version."""
    digest = hashlib.sha256(f"features {VERSION} {keras.backend.backend()}".encode())
    digest.update(f"{views.number} views, {views.settings}".encode() if views else b"as they are")
    digest.update(json.dumps(_structure(frozen), sort_keys=True, default=str).encode())
    for weight in frozen.weights:
        digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)))
    digest.update(f"{images.shape} {images.dtype}".encode())
    if are_kept(images):
        for start in range(0, len(images), BATCH):
            digest.update(np.ascontiguousarray(images[start : start + BATCH]))
    else:
        digest.update(images.key().encode())
    return digest.hexdigest()[:32]


def _structure(model: keras.Model) -> list[dict]:
    """The operations of a functional model and their settings, without the names that Keras counts up."""
    structure: list[dict] = []
    givers: dict[int, int] = {}  # id of a tensor -> position of what gives it
    for position, node in enumerate(nodes_in_order(model)):
        config = {key: value for key, value in node.operation.get_config().items() if key not in ("name", "trainable")}
        sources = [givers[id(tensor)] for tensor in node.input_tensors]
        structure.append({"class": type(node.operation).__name__, "config": config, "from": sources})
        givers |= {id(tensor): position for tensor in node.output_tensors}
    return structure
