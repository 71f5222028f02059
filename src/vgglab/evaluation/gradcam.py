"""Grad-CAM: which places of an image speak for a class, by the last feature maps of a convolutional network.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
It needs the network itself, so this is the one module of `evaluation` that imports Keras.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.keras_tools.gradients import gradients_of
from vgglab.keras_tools.graph import functional, inlined, node_of, nodes_in_order, operation_of
from vgglab.keras_tools.passes import Values, call_in, quickly, values_of

POOLINGS = ("MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D")
FINE_ENOUGH = 3  # places along each side of feature maps

Tensor = Any  # a symbolic tensor of Keras


class GradCam:
    """Explains what a network predicts; made once for a network, it explains any number of images.

    JAX compiles each part once for a number of images; the weights are no part of what it compiles, so that what was
    compiled for one network serves another one of the same layers.

    Args:
        model: from images (N, H, W, C) to scores of classes (N, classes).

    Raises:
        NotExplainable: it has no graph, or no convolution whose feature maps lead to the scores.
    """

    def __init__(self, model: keras.Model):
        graph = functional(model)
        if graph is None or len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise NotExplainable("it is no graph of layers with one input and one output")
        graph = inlined(graph)
        scores = class_scores(graph.outputs[0])
        for maps in candidates(graph):
            try:
                self.head = keras.Model(maps, scores)
            except ValueError:  # another way leads around these maps
                continue
            self.body = keras.Model(graph.inputs[0], maps)
            break
        else:
            raise NotExplainable("it has no convolution whose feature maps lead to the scores")
        self.body_of = quickly(lambda values, images: call_in(self.body, values, images, training=False))
        self.head_of = quickly(lambda values, maps: call_in(self.head, values, maps, training=False))
        self.gradients = gradients_of(self._chosen_scores)

    @property
    def layer(self) -> str:
        """Name of the layer whose feature maps are looked at."""
        return operation_of(self.body.outputs[0]).name

    def explain(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """How much each place speaks for a class, relative to the image's strongest: float32 (N, h, w), 0 to 1.

        Args:
            images: raw pixels (N, H, W, C), 0 to 255.
            classes: the number of the class to explain, one an image, (N,).

        Returns:
            ReLU of the feature maps' sum, weighted by the mean gradient of the class's score before the softmax; all
            zero where nothing speaks for the class.
        """
        maps = self.feature_maps(images)
        weights = self.slopes(maps, classes).mean(axis=(1, 2), keepdims=True)
        heat = np.maximum((weights * maps).sum(axis=-1), 0)
        largest = heat.max(axis=(1, 2), keepdims=True)
        return np.divide(heat, largest, out=np.zeros_like(heat), where=np.isfinite(largest) & (largest > 0))

    def feature_maps(self, images: np.ndarray) -> np.ndarray:
        """The feature maps of images: float32 (N, h, w, channels)."""
        found = self.body_of(values_of(self.body), ops.convert_to_tensor(np.asarray(images, "float32")))
        return np.asarray(ops.convert_to_numpy(found), "float32")

    def scores(self, maps: np.ndarray) -> np.ndarray:
        """Scores before the softmax that follow from feature maps: (N, classes)."""
        found = self.head_of(values_of(self.head), ops.convert_to_tensor(maps))
        return np.asarray(ops.convert_to_numpy(found))

    def slopes(self, maps: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Gradient of the score of each image's class by its feature maps, of the same shape."""
        chosen = np.eye(self.head.output_shape[-1], dtype="float32")[np.asarray(classes)]
        return self.gradients([ops.convert_to_tensor(maps)], values_of(self.head), ops.convert_to_tensor(chosen))[0]

    def _chosen_scores(self, maps: list[Any], values: Values, chosen: Any) -> Any:
        """The sum of the chosen scores; images do not see each other, so it has each one's own gradient."""
        return ops.sum(ops.cast(call_in(self.head, values, maps[0], training=False), "float32") * chosen)


class NotExplainable(ValueError):
    """Grad-CAM cannot explain this network; the text says why."""


def candidates(graph: keras.Model) -> list[Tensor]:
    """The feature maps to try, the last ones first; those too coarse to show a place only where there are no others.

    VGG-16's last maps for an image of 32x32 pixels are 2x2: the ones of the block before, 4x4, tell more.
    """
    last_first = feature_maps(graph)[::-1]
    return sorted(last_first, key=lambda maps: min(side or FINE_ENOUGH for side in maps.shape[1:3]) < FINE_ENOUGH)


def feature_maps(graph: keras.Model) -> list[Tensor]:
    """The feature maps (N, h, w, channels) that come of a convolution with no pooling since, first ones first.

    Maps of a single place are left out: they say nothing about where.
    """
    convolved: set[int] = set()
    found = []
    for node in nodes_in_order(graph):
        kind, output = type(node.operation).__name__, node.output_tensors[0]
        follows = any(id(tensor) in convolved for tensor in node.input_tensors)
        if "Conv" in kind or (follows and kind not in POOLINGS):
            convolved.add(id(output))
            if len(output.shape) == 4 and tuple(output.shape[1:3]) != (1, 1):
                found.append(output)
    return found


def class_scores(tensor: Tensor) -> Tensor:
    """The scores that a network's last softmax turns into probabilities; the output itself where there is none."""
    node = node_of(tensor)
    layer = node.operation
    if isinstance(layer, keras.layers.Softmax):
        return class_scores(node.input_tensors[0])
    if getattr(getattr(layer, "activation", None), "__name__", "") != "softmax":
        return tensor
    bare = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    scores = bare(node.input_tensors[0])
    bare.set_weights(layer.get_weights())
    return scores
