"""What a network does with a fixed batch of inputs: activations, predictions, gradients. For all three backends."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.diagnosis.records import short
from vgglab.keras_tools.gradients import gradients_of
from vgglab.keras_tools.graph import nodes_in_order, operation_of

IMAGE_CHANNELS = 4  # with more, a network sees features
LINEAR = {"linear", "softmax"}
ACTIVATION_LAYERS = ("ReLU", "LeakyReLU", "PReLU", "ELU", "Activation")
PASSES_ON = ("Dropout", "Flatten", "Reshape")  # layers that do nothing to a softmax's outputs


class Summary(keras.layers.Layer):
    """Least, largest, mean, mean square of each channel, and its variance between inputs: (5, channels)."""

    def __init__(self, **options: Any):
        super().__init__(dtype="float32", **options)

    def call(self, values: Any) -> Any:
        """The figures of values (N, ..., channels)."""
        rows = ops.reshape(values, (ops.shape(values)[0], -1, values.shape[-1]))
        between = ops.mean(ops.var(rows, axis=0), axis=0)
        figures = [ops.min(rows, (0, 1)), ops.max(rows, (0, 1)), ops.mean(rows, (0, 1)), ops.mean(rows * rows, (0, 1))]
        return ops.stack([*figures, between])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int, int | None]:
        """(5, channels)."""
        return (5, input_shape[-1])


class Prober:
    """A network that gives, beside its output, what happens inside it.

    Args:
        model: built and functional. Layers inside a nested model are not looked into.
    """

    def __init__(self, model: keras.Model):
        places = layer_places(model)
        layers = list(places)
        self.activations = [layer.name for layer in layers if is_activation(layer)]
        self.norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
        self.first = next((layer for layer in layers if layer.weights and not is_preprocessing(layer)), None)
        self.sees_images = len(model.input.shape) == 4 and model.input.shape[-1] <= IMAGE_CHANNELS
        tensors = [places[layer][1] for layer in layers if is_activation(layer)]
        tensors += [places[layer][0] for layer in self.norms]
        tensors += [places[self.first][0]] if self.first else []
        self.network = keras.Model(model.input, [*(Summary()(tensor) for tensor in tensors), model.output])

    def run(self, inputs: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """The signals of every line that come from activations, and the outputs (N, classes)."""
        given = self.network.predict_on_batch(inputs)
        given = given if isinstance(given, list) else [given]  # Keras unpacks a list of one output
        *summaries, outputs = (np.asarray(values, "float64") for values in given)
        inside = dict(zip(self.activations, summaries, strict=False))
        signals: dict[str, Any] = {
            "dead": {name: dead_share(values) for name, values in inside.items()},
            "mean": {name: short(values[2].mean()) for name, values in inside.items()},
            "deviation": {name: deviation(values) for name, values in inside.items()},
            "between": {name: between(values) for name, values in inside.items()},
        }
        if self.norms:
            seen = summaries[len(inside) : len(inside) + len(self.norms)]
            pairs = zip(self.norms, seen, strict=True)
            signals["batch_norm"] = {layer.name: against_moving(layer, values) for layer, values in pairs}
        if self.first:
            signals["input"] = {"images": self.sees_images, **describe_input(self.first.name, summaries[-1])}
        return signals, outputs


def layer_places(model: keras.Model) -> dict[keras.layers.Layer, tuple[Any, Any]]:
    """Layer -> its input and output in this model, first layer first; a layer may have another place in other models.

    Layers with several inputs are left out, and those that the model uses more than once.
    """
    nodes = nodes_in_order(model)
    uses = Counter(id(node.operation) for node in nodes)
    return {
        node.operation: (node.input_tensors[0], node.output_tensors[0])
        for node in nodes
        if isinstance(node.operation, keras.layers.Layer)
        and uses[id(node.operation)] == 1
        and len(node.input_tensors) == len(node.output_tensors) == 1
    }


def is_activation(layer: keras.layers.Layer) -> bool:
    """Whether the layer ends in a non-linearity that is not the output's softmax."""
    if type(layer).__name__ in ACTIVATION_LAYERS and getattr(layer, "activation", None) is None:
        return True
    return getattr(getattr(layer, "activation", None), "__name__", "linear") not in LINEAR


def is_preprocessing(layer: keras.layers.Layer) -> bool:
    """Whether the layer's weights, if any, only rescale what the network sees."""
    return isinstance(layer, keras.layers.Normalization | keras.layers.Rescaling)


def dead_share(summary: np.ndarray) -> float:
    """Share of the channels that are zero for every input, at every place."""
    return round(float(np.mean((summary[0] == 0) & (summary[1] == 0))), 4)


def deviation(summary: np.ndarray) -> float | None:
    """Standard deviation of all values of a layer."""
    return short(np.sqrt(max(summary[3].mean() - summary[2].mean() ** 2, 0)))


def between(summary: np.ndarray) -> float | None:
    """Standard deviation between inputs, at the same place of the same channel."""
    return short(np.sqrt(summary[4].mean()))


def describe_input(name: str, summary: np.ndarray) -> dict[str, Any]:
    """Range and spread of what the first layer with weights sees."""
    return {
        "layer": name,
        "channels": summary.shape[1],
        "least": short(summary[0].min()),
        "largest": short(summary[1].max()),
        "mean": short(summary[2].mean()),
        "deviation": deviation(summary),
        "between": between(summary),
    }


def against_moving(layer: keras.layers.BatchNormalization, summary: np.ndarray) -> dict[str, float | None]:
    """How far the probe's mean and variance are from the layer's moving ones: medians over channels."""
    mean, variance = (ops.convert_to_numpy(values) for values in (layer.moving_mean, layer.moving_variance))
    own = np.maximum(summary[3] - summary[2] ** 2, 0)
    scale = variance + layer.epsilon
    return {
        "shift": short(np.median(np.abs(summary[2] - mean) / np.sqrt(scale))),
        "ratio": short(np.median(own / scale)),
    }


def describe_predictions(outputs: np.ndarray) -> dict[str, Any]:
    """How many classes are predicted, how surely, and how much the outputs differ between inputs."""
    if not np.isfinite(outputs).all():
        return {"classes_predicted": 0, "entropy": None, "spread": None}
    sums, values = outputs.sum(axis=1), probabilities(outputs)
    return {
        "classes_predicted": len(np.unique(values.argmax(axis=1))),
        "entropy": round(float(-(values * np.log(values)).sum(axis=1).mean()), 5),
        "spread": float(f"{values.std(axis=0).max():.3g}"),
        "largest_probability": short(values.max()),
        "row_sum": [short(sums.min()), short(sums.max())],
    }


def probabilities(outputs: np.ndarray) -> np.ndarray:
    """Outputs as probabilities: a softmax where they are none; clipped away from 0, float64 (N, classes)."""
    if outputs.min() < 0 or outputs.max() > 1 + 1e-3:
        outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        outputs = outputs / outputs.sum(axis=1, keepdims=True)
    return np.clip(outputs, 1e-12, 1)


def score(outputs: np.ndarray, labels: np.ndarray) -> dict[str, float | None]:
    """Cross-entropy and accuracy of outputs (N, classes) for class numbers (N,)."""
    fits = len(labels) > 0 and labels.min() >= 0 and labels.max() < outputs.shape[1] and np.isfinite(outputs).all()
    if not fits:
        return {"loss": None, "accuracy": None}
    values = probabilities(outputs)
    loss = -np.log(values[np.arange(len(labels)), labels]).mean()
    return {"loss": short(loss), "accuracy": round(float((values.argmax(axis=1) == labels).mean()), 4)}


def kernel_arrays(model: keras.Model) -> dict[str, np.ndarray]:
    """Layer name -> its kernel, for each trainable one."""
    kernels = [weight for weight in model.trainable_weights if weight.name.endswith("kernel")]
    return {layer_name(weight): np.array(ops.convert_to_numpy(weight)) for weight in kernels}


def layer_name(weight: Any) -> str:
    """The name of the layer that a weight belongs to."""
    return weight.path.split("/")[-2]


def relative_changes(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> dict[str, float | None]:
    """Layer name -> size of the change of its kernel relative to the kernel's size (2-norms)."""
    return {
        name: short(float(np.linalg.norm(after[name] - kernel) / (np.linalg.norm(kernel) + 1e-12)))
        for name, kernel in before.items()
    }


class Gradients:
    """The loss's gradient by each trainable kernel of a compiled model, on any backend.

    The network runs as in training, on copies: neither weights, nor moving statistics, nor random states change.

    Args:
        model: compiled with a loss.
    """

    def __init__(self, model: keras.Model):
        self.loss = keras.losses.get(model.loss)
        self.gradients = gradients_of(self.loss_of(model))

    def loss_of(self, model: keras.Model) -> Callable[..., Any]:
        """The loss as a function of trainable values, fixed values, inputs and targets."""

        def loss_of(values: list[Any], fixed: list[Any], inputs: Any, targets: Any) -> Any:
            outputs, _ = model.stateless_call(values, fixed, inputs, training=True)
            return ops.mean(self.loss(targets, outputs))

        return loss_of

    def ratios(self, model: keras.Model, inputs: np.ndarray, labels: np.ndarray) -> dict[str, float | None]:
        """Layer name -> norm of the gradient by its kernel, relative to the kernel's norm (plus 1e-12)."""
        values = [weight.value for weight in model.trainable_variables]
        fixed = [weight.value for weight in model.non_trainable_variables]
        given = (ops.convert_to_tensor(inputs), ops.convert_to_tensor(targets_for(model, labels)))
        found = zip(model.trainable_variables, self.gradients(values, fixed, *given), strict=True)
        return {layer_name(weight): ratio(got, weight) for weight, got in found if weight.name.endswith("kernel")}


def ratio(values: np.ndarray, weight: Any) -> float | None:
    """Norm of some values relative to that of a weight."""
    size = np.linalg.norm(ops.convert_to_numpy(weight))
    return short(float(np.linalg.norm(np.asarray(values, "float64")) / (size + 1e-12)))


def targets_for(model: keras.Model, labels: np.ndarray) -> np.ndarray:
    """Class numbers as the model's loss takes them."""
    sparse = "sparse" in loss_name(model)
    return labels if sparse else np.asarray(keras.utils.to_categorical(labels, model.output_shape[-1]))


def loss_name(model: keras.Model) -> str:
    """Name of the model's loss, such as `sparse_categorical_crossentropy`."""
    return model.loss if isinstance(model.loss, str) else str(getattr(model.loss, "name", ""))


def describe_model(model: keras.Model) -> dict[str, Any]:
    """Layers with weights, optimizer, and how outputs and loss fit each other."""
    loss = model.loss
    options = loss.get_config() if hasattr(loss, "get_config") else {}
    return {
        "layers": [
            {"name": layer.name, "kind": type(layer).__name__, "trainable": bool(layer.trainable_weights)}
            for layer in model.layers
            if layer.weights and not is_preprocessing(layer)
        ],
        "trainable": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
        "optimizer": type(model.optimizer).__name__.lower(),
        "loss": loss_name(model),
        "from_logits": bool(options.get("from_logits", False)),
        "outputs": int(model.output_shape[-1]),
        "softmaxes": count_softmaxes(model),
    }


def count_softmaxes(model: keras.Model) -> int:
    """How many softmaxes follow each other at the model's end, with nothing trainable between them."""
    count, tensor = 0, model.output
    while (layer := operation_of(tensor)) is not None:
        softmax = isinstance(layer, keras.layers.Softmax)
        softmax = softmax or getattr(getattr(layer, "activation", None), "__name__", "") == "softmax"
        if not softmax and type(layer).__name__ not in PASSES_ON:
            break
        count += softmax
        if getattr(layer, "weights", ()) or not isinstance(getattr(layer, "input", None), keras.KerasTensor):
            break
        tensor = layer.input
    return count
