"""What is recorded before the first step of somebody's own training: task, network, data."""

from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.diagnosis.data import counts as counts_of
from vgglab.diagnosis.probe import describe_model, is_preprocessing
from vgglab.diagnosis.records import short
from vgglab.diagnosis.task import figures_of
from vgglab.keras_tools.ending import activation_name, last_activation
from vgglab.keras_tools.fitting import metric_names, steps_itself
from vgglab.keras_tools.graph import functional
from vgglab.keras_tools.passes import Values, parts_of
from vgglab.keras_tools.precision import inner_optimizer
from vgglab.watching.data import Data

CONSTANT = 1e-9  # deviation of a column, relative to its size


def describe_network(model: keras.Model, values: Values, last: keras.layers.Layer | None) -> dict[str, Any]:
    """Layers with weights at any depth of models, optimizer, metrics, and how the network ends.

    Args:
        model: built and compiled.
        values: that it begins with.
        last: the layer that gives its output, where that was seen.
    """
    first = dict(zip((each.path for each in model.trainable_variables), values[0], strict=True))
    first |= dict(zip((each.path for each in model.non_trainable_variables), values[1], strict=True))
    layers = [layer for layer in parts_of(model) if layer.weights and not is_preprocessing(layer)]
    optimizer = own_optimizer(model)
    return describe_model(model) | {
        "layers": [describe_layer(layer, first) for layer in layers],
        "optimizer": type(optimizer).__name__.lower(),
        "learning_rate": fixed_rate(optimizer),
        "metrics": metric_names(model),
        "activation": end_of(model, last),
    }


def end_of(model: keras.Model, last: keras.layers.Layer | None) -> str | None:
    """The last activation: as the graph has it, or the layer that gave the output."""
    return last_activation(model) or (activation_name(last) if last is not None else None)


def describe_layer(layer: keras.layers.Layer, first: dict[str, Any]) -> dict[str, Any]:
    """A layer, and the kernel that it begins with."""
    told = {"name": layer.name, "kind": type(layer).__name__, "trainable": bool(layer.trainable_weights)}
    told["activation"] = activation_name(layer)
    kernel = next((weight for weight in layer.weights if weight.name.endswith(("kernel", "embeddings"))), None)
    if kernel is None:
        return told | {"shape": None, "fan_in": None, "kernel_deviation": None}
    shape = [int(side) for side in kernel.shape]
    deep = "depthwise" in type(layer).__name__.lower()
    fan_in = None if kernel.name == "embeddings" else int(np.prod(shape[:-2] if deep else shape[:-1]))
    value = ops.convert_to_numpy(first.get(kernel.path, kernel))
    return told | {"shape": shape, "fan_in": fan_in, "kernel_deviation": short(float(np.std(value)))}


def own_optimizer(model: keras.Model) -> Any:
    """The model's optimizer, the inner one where its loss is scaled for half precision."""
    return inner_optimizer(model.optimizer)


def rate_of(model: keras.Model) -> float | None:
    """The learning rate now, of a schedule as well; None where there is none."""
    try:
        return float(ops.convert_to_numpy(own_optimizer(model).learning_rate))
    except Exception:  # an optimizer of one's own
        return None


def fixed_rate(optimizer: Any) -> float | None:
    """The learning rate; None for a schedule, and for what has none."""
    try:
        scheduled = isinstance(optimizer.get_config().get("learning_rate"), dict)
        return None if scheduled else short(float(ops.convert_to_numpy(optimizer.learning_rate)))
    except Exception:  # an optimizer of one's own
        return None


def unseen_in(model: keras.Model, data: Data) -> list[str]:
    """Codes of what cannot be looked into."""
    inputs = data.halves["training"].inputs if "training" in data.halves else None
    graph = functional(model)
    found = {
        "subclassed": graph is None,
        "own_train_step": steps_itself(model),
        "no_data": inputs is None,
        "several_inputs": inputs is not None and len(keras.tree.flatten(inputs)) > 1,
        "several_outputs": graph is not None and len(graph.outputs) > 1,
    }
    return [code for code, holds in found.items() if holds]


def describe_data(data: Data, task: dict[str, Any], scaled: bool) -> dict[str, Any]:
    """Counts, ranges of both halves, and what the first batches are made of, as far as they were seen.

    Args:
        data: what was seen.
        task: as `diagnosis.task.describe_task` has it.
        scaled: whether inputs have a scale; numbers of words have none.
    """
    told: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    if "training" in data.counts:
        facts["images"] = {part: data.counts.get(part, 0) for part in ("training", "validation")}
    numbers = class_numbers(data.targets, task["form"]) if data.whole else None
    if numbers is not None and task["kind"] in ("classes", "binary") and task["classes"]:
        facts["counts"] = {"training": counts_of(numbers, task["classes"])}
        held_out = class_numbers(data.held_out, task["form"])
        if held_out is not None and len(held_out):
            facts["majority"] = round(float(np.mean(held_out == np.argmax(facts["counts"]["training"]))), 4)
    ranges = {part: figures_of(inputs) for part, inputs in data.ranges.items() if scaled and is_one(inputs)}
    if len(ranges) == 2:
        facts["validation_scale"] = ranges
    if "training" in ranges and is_table(data.ranges["training"]):
        told["columns"] = describe_columns(data.ranges["training"])
    mixed = [class_numbers(targets, task["form"]) for targets in data.batches]
    found = [len(np.unique(numbers)) for numbers in mixed if numbers is not None]
    told["batch"] = {"size": data.size}
    if found and task["kind"] in ("classes", "binary"):
        told["batch"] |= {"classes": found, "one_class": round(float(np.mean([count == 1 for count in found])), 4)}
    return told | ({"data": facts} if facts else {})


def class_numbers(targets: Any, form: str) -> np.ndarray | None:
    """Class of each target, from 0; None where it names none."""
    if targets is None or form not in ("numbers", "one-hot", "column", "signs"):
        return None
    values = np.asarray(targets)
    if form == "one-hot":
        return values.reshape(-1, values.shape[-1]).argmax(axis=1)
    return (values.reshape(-1) > 0).astype(int) if form in ("column", "signs") else values.reshape(-1).astype(int)


def is_one(inputs: Any) -> bool:
    """Whether inputs are one array of numbers."""
    return isinstance(inputs, np.ndarray) and inputs.dtype.kind in "fiu" and inputs.size > 0


def is_table(inputs: Any) -> bool:
    """Whether inputs are the rows of a table."""
    return is_one(inputs) and inputs.ndim == 2


def describe_columns(table: np.ndarray) -> dict[str, Any]:
    """How unlike the columns of a table (N, columns) are."""
    values = table.astype("float64")
    deviations = values.std(axis=0)
    constant = ~(deviations > CONSTANT * (np.abs(values).max(axis=0) + 1e-300))
    varied = deviations[~constant & np.isfinite(deviations)]
    return {
        "count": table.shape[1],
        "least": short(float(values.min())),
        "largest": short(float(values.max())),
        "least_deviation": short(float(varied.min())) if varied.size else None,
        "largest_deviation": short(float(varied.max())) if varied.size else None,
        "constant": int(constant.sum()),
    }
