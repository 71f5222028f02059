"""Backbones of KerasHub, by the name of a preset, or the folder of one; the extra `hub` brings KerasHub."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import keras

from vgglab.config.schema import HUB_PREFIX
from vgglab.config.yaml_text import nearest
from vgglab.errors import ConfigError, DataError, first_line
from vgglab.keras_tools.graph import functional, run_flat
from vgglab.models.preprocessing import treat_alike

WEIGHTS = ("preset", "none")

Tensor = Any  # a symbolic tensor of Keras


@dataclass(frozen=True)
class HubBackbone:
    """A backbone of KerasHub.

    Attributes:
        preset: `resnet_18_imagenet`, a handle such as `hf://owner/name`, or a folder.
        weights: whether it comes with the weights of the preset.
    """

    preset: str
    weights: bool = True

    @property
    def name(self) -> str:
        """The preset's name, or that of its folder."""
        return Path(self.preset).name

    def treat(self, x: Tensor) -> Tensor:
        """Raw images (N, H, W, 3), 0 to 255, as the network was trained on them."""
        with _fetching(self.preset):
            converter = keras_hub().layers.ImageConverter.from_preset(self.preset, image_size=None)
        return treat_alike(x, lambda images: keras.ops.convert_to_numpy(converter(images)))

    def features(self, x: Tensor) -> Tensor:
        """Feature maps (N, h, w, filters) of treated images (N, H, W, 3).

        Raises:
            ConfigError: it gives no feature maps, or cannot take images of that size.
            DataError: the preset cannot be had.
        """
        with _fetching(self.preset):
            model = keras_hub().models.Backbone.from_preset(
                self.preset, load_weights=self.weights, image_shape=tuple(x.shape[1:])
            )
        graph = functional(model)
        if graph is None or len(graph.inputs) != 1 or len(graph.outputs) != 1 or len(graph.outputs[0].shape) != 4:
            raise ConfigError(f"{self.name} of KerasHub gives no feature maps; choose a convolutional preset")
        maps = run_flat(graph, [x])
        return maps[0] if isinstance(maps, list | tuple) else maps


@contextmanager
def _fetching(preset: str) -> Iterator[None]:
    """Say in one line where a preset cannot be had."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:  # of Kaggle's client, of the network, of a folder that is damaged
        handle = known_presets().get(preset, {}).get("kaggle_handle")
        problem = f"cannot be had ({first_line(error)[:120]})"
        files = f"the files of {handle}" if handle else "its files"
        fetch = f"fetch {files} into a folder and name that, {HUB_PREFIX}./FOLDER"
        raise DataError(f"preset {preset}: {problem}; {fetch}") from None


def find_hub(name: str, weights: str) -> HubBackbone:
    """The backbone of `hub:PRESET`; nothing is built or downloaded yet.

    Raises:
        ConfigError: KerasHub is not installed, it has no such preset, or the weights are none of a preset.
    """
    preset = name.removeprefix(HUB_PREFIX)
    if weights not in WEIGHTS:
        raise ConfigError(f"--weights {weights}: a preset of KerasHub has {' or '.join(WEIGHTS)}")
    known = known_presets()
    if preset not in known and "://" not in preset and not os.path.isdir(preset):
        hint = nearest(preset, known) or "; vgglab models lists them"
        raise ConfigError(f"unknown preset {preset!r} of KerasHub, and no folder of that name{hint}")
    return HubBackbone(preset, weights == "preset")


def known_presets() -> dict[str, Any]:
    """The presets that KerasHub has for classifiers of images."""
    return keras_hub().models.ImageClassifier.presets


def keras_hub() -> ModuleType:
    """KerasHub, which takes seconds to import.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import keras_hub as found
    except ImportError as error:
        raise ConfigError(
            f"--backbone {HUB_PREFIX}... needs KerasHub ({first_line(error)}); pip install 'vgglab[hub]'"
        ) from None
    return found
