"""What a network does with a fixed batch of inputs: activations, predictions, gradients. For all three backends."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.diagnosis.records import short
from vgglab.keras_tools.calls import replaced_calls
from vgglab.keras_tools.ending import PASSES_ON, activation_name, loss_name, loss_options, output_columns
from vgglab.keras_tools.gradients import gradients_of
from vgglab.keras_tools.graph import functional, operation_of
from vgglab.keras_tools.passes import Values, call_in, first_tensor, quickly, to_array, values_of
from vgglab.keras_tools.precision import inner_optimizer

IMAGE_CHANNELS = 4  # with more, a network sees features
LINEAR = {"linear", "softmax"}
ACTIVATION_LAYERS = ("ReLU", "LeakyReLU", "PReLU", "ELU", "Activation")
BOUNDED = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "softsign": (-1.0, 1.0)}  # activations with limits
WORDS = "first words"  # numbers that only name something
FIRST = ("first", "first images")  # what the first layer with weights sees: a table or features, or images


class Prober:
    """Looks into a network of any kind while it runs on a probe; nothing of the network changes.

    Args:
        model: built.
        layers: to look into; None for the model's own, not those of models in it.
    """

    def __init__(self, model: keras.Model, layers: list[keras.layers.Layer] | None = None):
        self.model, self.layers = model, model.layers if layers is None else layers
        self.norms = {layer.name: layer for layer in self.layers if isinstance(layer, keras.layers.BatchNormalization)}
        self.notes: list[tuple[str, str]] = []  # of the last pass that was traced: what of which layer
        self.last: keras.layers.Layer | None = None  # whose output is the network's, where there is one
        self.run_through = quickly(self.listened)

    def run(self, inputs: Any, values: Values | None = None) -> tuple[dict[str, Any], Any]:
        """The signals of every line that come from activations, and the outputs: (N, classes), or as the model gives.

        Args:
            inputs: as the model takes them.
            values: of what is trained and of what is not; None for those that the model has.
        """
        outputs, summaries = self.run_through(inputs, values or values_of(self.model))
        found: dict[str, dict[str, list[np.ndarray]]] = {}
        for (what, name), summary in zip(self.notes, summaries, strict=True):
            found.setdefault(what, {}).setdefault(name, []).append(np.asarray(to_array(summary), "float64"))
        return self.signals_of(found), keras.tree.map_structure(to_array, outputs)

    def listened(self, inputs: Any, values: Values) -> tuple[Any, list[Any]]:
        """The outputs, and a summary for each of `notes`, as tensors."""
        self.notes, summaries, made_by = [], [], {}

        def listen(layer: keras.layers.Layer) -> Callable[..., Any]:
            call = layer.call

            def heard(*given: Any, **options: Any) -> Any:
                self.note(summaries, self.of_inputs(layer, first_tensor(given)))
                made = call(*given, **options)
                self.note(summaries, of_outputs(layer, first_tensor(made)))
                made_by[id(made)] = (layer, made)  # held, so that no other tensor gets its number
                return made

            return heard

        with replaced_calls(self.layers, listen):
            outputs = call_in(self.model, values, inputs, training=False)
        self.last = made_by.get(id(outputs), (None, None))[0]
        return outputs, summaries

    def note(self, summaries: list[Any], heard: list[tuple[str, str, Any]]) -> None:
        """Keep a summary of a tensor for each thing to be known of a layer."""
        for what, name, tensor in heard:
            self.notes.append((what, name))
            summaries.append(saturated_share(tensor, what) if what in BOUNDED else summary_of(tensor))

    def of_inputs(self, layer: keras.layers.Layer, tensor: Any) -> list[tuple[str, str, Any]]:
        """What is to be known of a layer's inputs: the network's first ones, and those of a BatchNormalization."""
        if tensor is None:
            return []
        seen = any(what.startswith(FIRST[0]) for what, _ in self.notes)
        first = layer.weights and not is_preprocessing(layer) and not seen
        images = len(tensor.shape) == 4 and tensor.shape[-1] <= IMAGE_CHANNELS
        what = WORDS if isinstance(layer, keras.layers.Embedding) else FIRST[images]
        found = [(what, layer.name, tensor)] if first else []
        return [*found, ("norm", layer.name, tensor)] if layer.name in self.norms else found

    def signals_of(self, found: dict[str, dict[str, list[np.ndarray]]]) -> dict[str, Any]:
        """The signals from the summaries of each thing, by layer."""
        inside = {name: together(summaries) for name, summaries in found.get("activation", {}).items()}
        signals: dict[str, Any] = {
            "dead": {name: dead_share(summary) for name, summary in inside.items()},
            "mean": {name: short(summary[2].mean()) for name, summary in inside.items()},
            "deviation": {name: deviation(summary) for name, summary in inside.items()},
            "between": {name: between(summary) for name, summary in inside.items()},
        }
        shares = {name: values for what in BOUNDED for name, values in found.get(what, {}).items()}
        if shares:
            signals["saturated"] = {name: round(float(np.mean(values)), 4) for name, values in shares.items()}
        if norms := found.get("norm"):
            pairs = {name: (self.norms[name], together(summaries)) for name, summaries in norms.items()}
            signals["batch_norm"] = {name: against_moving(*pair) for name, pair in pairs.items()}
        for images, what in enumerate(FIRST):
            for name, summaries in found.get(what, {}).items():
                signals["input"] = {"images": bool(images), **describe_input(name, summaries[0])}
        return signals


def of_outputs(layer: keras.layers.Layer, tensor: Any) -> list[tuple[str, str, Any]]:
    """What is to be known of a layer's outputs: those of activations, and how many are at the end of their range."""
    if tensor is None or not is_activation(layer):
        return []
    name = activation_name(layer)
    bounded = [(name, layer.name, tensor)] if name in BOUNDED else []
    return [("activation", layer.name, tensor), *bounded]


def summary_of(tensor: Any) -> Any:
    """Least, largest, mean, mean square of each channel, and its variance between inputs: (5, channels).

    Args:
        tensor: values (N, ..., channels).
    """
    values = ops.cast(tensor, "float32")
    rows = ops.reshape(values, (ops.shape(values)[0], -1, values.shape[-1]))
    between = ops.mean(ops.var(rows, axis=0), axis=0)
    figures = [ops.min(rows, (0, 1)), ops.max(rows, (0, 1)), ops.mean(rows, (0, 1)), ops.mean(rows * rows, (0, 1))]
    return ops.stack([*figures, between])


def saturated_share(tensor: Any, activation: str) -> Any:
    """Share of the values beyond 0.99 of the activation's limits."""
    low, high = BOUNDED[activation]
    values, margin = ops.cast(tensor, "float32"), 0.005 * (high - low)
    beyond = ops.logical_or(values < low + margin, values > high - margin)
    return ops.mean(ops.cast(beyond, "float32"))


def together(summaries: list[np.ndarray]) -> np.ndarray:
    """One summary of several: of a layer that a model uses more than once."""
    if len(summaries) == 1:
        return summaries[0]
    each = np.stack(summaries)
    return np.stack([each[:, 0].min(0), each[:, 1].max(0), *(each[:, place].mean(0) for place in (2, 3, 4))])


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


def kernel_weights(model: keras.Model) -> dict[str, Any]:
    """Layer name -> its kernel, for each trainable one; a name that several would have is the last one's.

    The others go by the end of their path, as `lstm_cell/kernel` beside the recurrent one.
    """
    found: dict[str, Any] = {}
    for weight in reversed(model.trainable_weights):
        parts = weight.path.split("/")
        names = ["/".join(parts[-2:]), "/".join(parts[-3:]), weight.path]
        if weight.name.endswith("kernel"):
            found[next((name for name in (parts[-2], *names) if name not in found), f"{weight.path} {len(found)}")] = (
                weight
            )
    return dict(reversed(found.items()))


def loss_in(model: keras.Model, values: Values, inputs: Any, targets: Any, outputs: Any) -> Any:
    """The model's own loss of some outputs, penalties on weights as well; whatever it updates is discarded."""
    variables = (*model.trainable_variables, *model.non_trainable_variables)
    with keras.StatelessScope(list(zip(variables, [*values[0], *values[1]], strict=True))):
        return model.compute_loss(inputs, targets, outputs, None, training=True)


class Gradients:
    """The loss's gradient by each trainable kernel of a compiled model, on any backend.

    The network runs as in training, on copies: neither weights, nor moving statistics, nor random states change.

    Args:
        model: compiled with a loss.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self.gradients = gradients_of(self.loss_of)

    def loss_of(self, trained: list[Any], fixed: list[Any], inputs: Any, targets: Any) -> Any:
        """The loss of a pass in training, penalties on weights as well."""
        outputs = call_in(self.model, (trained, fixed), inputs, training=True)
        return loss_in(self.model, (trained, fixed), inputs, targets, outputs)

    def ratios(self, inputs: Any, targets: Any, values: Values | None = None) -> dict[str, float | None]:
        """Layer name -> norm of the gradient by its kernel, relative to the kernel's norm (plus 1e-12).

        Args:
            inputs: as the model takes them.
            targets: as its loss takes them.
            values: of what is trained and of what is not; None for those that the model has.
        """
        trained, fixed = ([ops.convert_to_tensor(one) for one in some] for some in values or values_of(self.model))
        slopes = self.gradients(trained, fixed, inputs, targets)
        given = {each.path: pair for each, *pair in zip(self.model.trainable_variables, slopes, trained, strict=True)}
        return {name: ratio(*given[weight.path]) for name, weight in kernel_weights(self.model).items()}


def ratio(values: np.ndarray, weight: Any) -> float | None:
    """Norm of some values relative to that of a weight's."""
    size = np.linalg.norm(ops.convert_to_numpy(weight))
    return short(float(np.linalg.norm(np.asarray(values, "float64")) / (size + 1e-12)))


def targets_for(model: keras.Model, labels: np.ndarray) -> np.ndarray:
    """Class numbers as the model's loss takes them."""
    sparse = "sparse" in loss_name(model)
    return labels if sparse else np.asarray(keras.utils.to_categorical(labels, model.output_shape[-1]))


def describe_model(model: keras.Model) -> dict[str, Any]:
    """Layers with weights, optimizer, and how outputs and loss fit each other."""
    return {
        "layers": [
            {"name": layer.name, "kind": type(layer).__name__, "trainable": bool(layer.trainable_weights)}
            for layer in model.layers
            if layer.weights and not is_preprocessing(layer)
        ],
        "trainable": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
        "optimizer": type(inner_optimizer(model.optimizer)).__name__.lower(),
        "loss": loss_name(model),
        "from_logits": bool(loss_options(model).get("from_logits", False)),
        "outputs": output_columns(model),
        "softmaxes": count_softmaxes(model),
    }


def count_softmaxes(model: keras.Model) -> int:
    """How many softmaxes follow each other at the model's end, with nothing trainable between them.

    Of what has no graph, or several outputs, none can be seen.
    """
    graph = functional(model)
    if graph is None or len(graph.outputs) != 1:
        return 0
    count, tensor = 0, graph.outputs[0]
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
