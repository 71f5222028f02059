"""The part of a model that is trained, and what it is trained on: images, or what the frozen part gives for them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import keras
import numpy as np

from vgglab.config.schema import RunConfig
from vgglab.datasets.counting import counting
from vgglab.datasets.dataset import DataSet
from vgglab.training.augment import Augmenter, make_augmenter
from vgglab.training.batches import Augment, Smoothing
from vgglab.training.compiling import SOFT, compile_model, spare_vectors
from vgglab.training.cut import Cut, cut_model, noisy_layers
from vgglab.training.feature_store import FeatureStore
from vgglab.training.features import Count, Views, features_of
from vgglab.training.layer_rates import decay_rates
from vgglab.training.progress import ProgressMode, tell

STEPS_AT_ONCE = 25  # on features: a step is so short that the loop around it takes longer


@dataclass(frozen=True)
class TrainedPart:
    """What `Model.fit` is called on.

    Attributes:
        model: compiled; the whole model, or its part behind the cut. It shares its weights with the whole.
        train: what it is trained on: images, uint8 (N, H, W, 3), or features, float32 (N, ...); with labels (N,).
        validation: what it is validated on, likewise.
        noisy: the layers of the whole model that draw random numbers, in their order.
        resting: those of them that lie in the frozen part and keep still.
        augmenter: varies the training images of each batch, and smooths their labels; None leaves them as they are.
        classes: number of classes, where labels are shares of classes; None where they are class numbers.
        seconds: spent on computing features.
        steps_at_once: steps that the backend does between two looks of the callbacks, after the run's first epoch.
        class_weights: class number -> what the loss of its training images counts; None for all alike.
    """

    model: keras.Model
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    noisy: list[keras.layers.Layer]
    resting: list[keras.layers.Layer]
    augmenter: Augment | None = None
    classes: int | None = None
    seconds: float = 0.0
    steps_at_once: int = 1
    class_weights: Mapping[int, float] | None = None


def make_part(model: keras.Model, dataset: DataSet, config: RunConfig, progress: ProgressMode) -> TrainedPart:
    """What is trained of a compiled model, after its frozen layers have been computed once where that is possible."""
    spare_vectors(model)
    if config.train.layer_decay < 1:
        decay_rates(model, config.train.layer_decay)
    part = find_part(model, dataset, config, progress)
    classes, settings = len(dataset.classes), config.train
    if settings.label_smoothing:
        part = replace(part, augmenter=Smoothing(settings.label_smoothing, classes, part.augmenter))
    weights = balanced(dataset.train.labels) if settings.class_weights == "balanced" else None
    return replace(part, classes=classes if model.loss == SOFT else None, class_weights=weights)


def find_part(model: keras.Model, dataset: DataSet, config: RunConfig, progress: ProgressMode) -> TrainedPart:
    """The whole model with images, or what is behind the cut with features, where they can be computed once."""
    cut = cut_model(model)
    augmenter = make_augmenter(config.augment, len(dataset.classes), config.train.seed)
    views = augmenter and config.augment.views
    if cut is None or not computes_once(config):
        if cut and config.train.cache:
            tell(progress, "images are varied anew in each epoch, so frozen layers are computed anew too; see --views")
        return whole_model(model, dataset, cut, augmenter)
    started = time.perf_counter()
    total = len(dataset.train) * (views or 1) + len(dataset.validation)
    with counting("frozen layers", total, live=progress == "auto") as count:
        part = behind_cut(model, cut, dataset, count, views and _views(augmenter, config))
    return replace(part, seconds=time.perf_counter() - started)


def balanced(labels: np.ndarray) -> dict[int, float]:
    """Class number -> a weight by which each class that is there counts as much as any other; the mean image counts 1.

    It is scikit-learn's `class_weight="balanced"`.

    Args:
        labels: int (N,).
    """
    numbers, counts = np.unique(labels, return_counts=True)
    weights = len(labels) / (len(numbers) * counts)
    return dict(zip(numbers.tolist(), weights.tolist(), strict=True))


def computes_once(config: RunConfig) -> bool:
    """Whether a run computes frozen layers once: it is asked to, and images do not change from epoch to epoch."""
    return config.train.cache and (not config.augment.used or config.augment.views is not None)


def _views(augmenter: Augmenter, config: RunConfig) -> Views:
    settings = f"{config.augment.model_dump_json(exclude={'views'})}, seed {config.train.seed}"
    return Views(augmenter, config.augment.views, settings)


def whole_model(model: keras.Model, dataset: DataSet, cut: Cut | None, augmenter: Augmenter | None) -> TrainedPart:
    """A model to be trained on images, frozen layers and all."""
    images = [(part.images, part.labels) for part in (dataset.train, dataset.validation)]
    resting = noisy_layers(cut.frozen) if cut else []
    return TrainedPart(model, *images, noisy_layers(model), resting, augmenter)


def behind_cut(model: keras.Model, cut: Cut, dataset: DataSet, count: Count, views: Views | None) -> TrainedPart:
    """The part of a compiled model behind a cut, to be trained on features that are computed once.

    Its optimizer is the whole model's, so that a checkpoint of the whole holds the state of both.
    """
    store = FeatureStore()
    train = features_of(cut.frozen, dataset.train.images, store, count, views)
    validation = features_of(cut.frozen, dataset.validation.images, store, count)
    compile_model(cut.trained, model.optimizer, model.loss == SOFT)
    features = [(train, dataset.train.labels), (validation, dataset.validation.labels)]
    steps = 1 if keras.backend.backend() == "torch" else STEPS_AT_ONCE  # torch's trainer in Keras does one at a time
    return TrainedPart(cut.trained, *features, noisy_layers(model), [], steps_at_once=steps)
