"""The network that a run folder describes: its layers in order, with sizes and parameters. Imports no backend."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vgglab.errors import RunError
from vgglab.runs.door import read_json, remedy
from vgglab.runs.shapes import NetworkTree


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        name: unique in its network.
        kind: name of its Keras class.
        shape: of its output for one image; empty where it is not known.
        parameters: their number; None where it is not known.
        trainable: whether training changes them.
        rate: of a Dropout.
        kernel: height and width of a convolution's kernel.
        inputs: names of the layers it follows; None where they are not known.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int | None
    trainable: bool
    rate: float | None = None
    kernel: tuple[int, ...] = ()
    inputs: tuple[str, ...] | None = None

    @property
    def side(self) -> int | None:
        """Height of its feature maps; None for a vector."""
        return self.shape[0] if len(self.shape) == 3 else None

    @property
    def is_convolution(self) -> bool:
        """Whether it is a convolution of any kind."""
        return "Conv" in self.kind

    @property
    def is_pooling(self) -> bool:
        """Whether it is a pooling of any kind."""
        return "Pooling" in self.kind


@dataclass(frozen=True)
class Network:
    """Layers in order, and parameters as `total`, `trainable` and `frozen` where they are recorded."""

    layers: list[Layer]
    parameters: dict[str, int]

    @property
    def complete(self) -> bool:
        """Whether the sizes and parameters of all layers are known."""
        return all(layer.shape and layer.parameters is not None for layer in self.layers)

    @property
    def convolutions(self) -> list[Layer]:
        """Its convolutions."""
        return [layer for layer in self.layers if layer.is_convolution]


def read_network(folder: Path) -> Network:
    """The network of a run folder: from `network.json`, else as far as `architecture.json` tells it."""
    architecture = read_layers(folder / "architecture.json") if (folder / "architecture.json").exists() else []
    if not (folder / "network.json").exists():
        return Network(architecture, {})
    tree = read_json(folder / "network.json", NetworkTree)
    kernels = {layer.name: layer.kernel for layer in architecture}
    layers = [recorded_layer(entry, kernels.get(entry["name"], ())) for entry in tree["layers"]]
    return Network(layers, tree["parameters"])


def recorded_layer(entry: dict[str, Any], kernel: tuple[int, ...]) -> Layer:
    """A layer of `network.json`."""
    inputs = entry.get("inputs")
    return Layer(
        entry["name"],
        entry["class"],
        tuple(entry["output_shape"]),
        entry["parameters"],
        entry.get("trainable", True),
        entry.get("rate"),
        kernel,
        None if inputs is None else tuple(inputs),
    )


def read_layers(path: Path) -> list[Layer]:
    """The layers of a Keras model's JSON, those of models inside it in their place.

    Raises:
        RunError: it is missing, or not the JSON of a Keras model.
    """
    tree = read_json(path, dict[str, Any])
    try:
        entries = leaves(tree)
        given = [found for entry in entries for found in sources(entry.get("inbound_nodes", []))]
        shapes = {name: tuple(shape[1:]) for name, shape in given}
        return [described_layer(entry, shapes) for entry in entries or [{}]]
    except (TypeError, LookupError, AttributeError):  # it is Keras's, and has no shape that we could say
        raise RunError(f"{path}: not the JSON of a Keras model; {remedy(path)}") from None


def leaves(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Every layer that is not itself a model."""
    config = tree["config"]
    if "layers" not in config:
        return [tree]
    return [leaf for layer in config["layers"] for leaf in leaves(layer)]


def sources(tree: Any) -> list[tuple[str, list[int | None]]]:
    """The tensors that a layer takes: the layer that gives each, and its shape with the batch."""
    if isinstance(tree, list):
        return [found for item in tree for found in sources(item)]
    if not isinstance(tree, dict):
        return []
    if tree.get("class_name") == "__keras_tensor__":
        return [(tree["config"]["keras_history"][0], tree["config"]["shape"])]
    return [found for item in tree.values() for found in sources(item)]


def described_layer(entry: dict[str, Any], shapes: dict[str, tuple[int | None, ...]]) -> Layer:
    """A layer as its config tells it; parameters where their number follows from sizes."""
    config, kind = entry["config"], str(entry["class_name"])
    name = str(config["name"])
    shape = shapes.get(name) or ((config["units"],) if "units" in config else ())
    seen = (entry.get("build_config") or {}).get("input_shape") or [None]
    return Layer(
        name,
        kind,
        shape,
        count_parameters(kind, config, seen[-1]),
        bool(config.get("trainable", True)),
        config.get("rate"),
        tuple(config.get("kernel_size", ())),
        tuple(source for source, _ in sources(entry.get("inbound_nodes", []))),
    )


def count_parameters(kind: str, config: dict[str, Any], channels: int | None) -> int | None:
    """Parameters of the layers that a VGG is made of."""
    if kind in ("Conv2D", "Dense") and channels is not None:
        units = config.get("filters") or config["units"]
        return units * (channels * math.prod(config.get("kernel_size", (1,))) + bool(config.get("use_bias", True)))
    if kind == "BatchNormalization" and channels is not None:
        return 4 * channels
    return 0 if kind.endswith(("Pooling2D", "Flatten", "Dropout", "InputLayer", "Rescaling", "Activation")) else None
