"""A model in numbers and words: parameters, FLOPs, summary, and what differs between two."""

import math
from typing import Any

import keras

from vgglab.keras_tools.graph import functional, inner_layers, node_of, nodes_in_order, own_variables
from vgglab.keras_tools.shapes import Shapes, shapes_of


def count_parameters(model: keras.Model) -> dict[str, int]:
    """Number of parameters: `total`, `trainable`, `frozen` (the rest, BatchNormalization's statistics too)."""
    total = model.count_params()
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return {"total": total, "trainable": trainable, "frozen": total - trainable}


def count_flops(model: keras.Model) -> int:
    """Floating-point operations of one image's forward pass: two for each multiply-add.

    Only convolutions and dense layers count, as the field does; the rest is below 1 % of a VGG-16.
    Training costs about three times as much (forward, gradient to the inputs, gradient to the weights).
    """
    layers = leaf_layers(model)
    return _flops(layers, shapes_of(model, layers))


def _flops(layers: list[keras.layers.Layer], shapes: Shapes) -> int:
    return sum(2 * _multiply_adds(layer, shapes[layer]) for layer in layers if layer in shapes)


def leaf_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Every layer that is not itself a model, each once, in order."""
    found: list[keras.layers.Layer] = []
    for layer in (functional(model) or model).layers:
        found += leaf_layers(layer) if isinstance(layer, keras.Model) else inner_layers(layer)
    return list(dict.fromkeys(found))


def summary_text(model: keras.Model) -> str:
    """Keras's summary of the model, 80 characters wide, and the FLOPs of one image."""
    lines: list[str] = []
    model.summary(line_length=80, print_fn=lambda text, line_break=False: lines.append(str(text).rstrip()))
    return "\n".join([*lines, f" FLOPs per image (forward): {count_flops(model):,}", ""])


def summary_json(model: keras.Model) -> dict[str, Any]:
    """The model's layers, parameters and FLOPs as plain values.

    Returns:
        `layers` in order (`name`, `class`, `output_shape`, `parameters`, `trainable`: whether it has weights that are
        trained, `rate` of a Dropout, `inputs`: the names of the layers it follows), `parameters` and `flops`.
    """
    inputs, layers = layer_inputs(model), leaf_layers(model)
    shapes = shapes_of(model, layers)
    told = [_describe_layer(layer, shapes) | {"inputs": inputs.get(layer, [])} for layer in layers if layer in shapes]
    return {"layers": told, "parameters": count_parameters(model), "flops": _flops(layers, shapes)}


def layer_inputs(model: keras.Model) -> dict[keras.layers.Layer, list[str]]:
    """Layer -> names of the layers whose outputs it takes, by way of operations that are no layers.

    The input of a model within the model follows what the outer one gives it.
    """
    graph, found = functional(model), {}
    if graph is not None:
        _follow(graph, [[] for _ in graph.inputs], found)
    return found


def _follow(graph: keras.Model, given: list[list[str]], found: dict[keras.layers.Layer, list[str]]) -> list[list[str]]:
    """Add the layers of a graph to `found`; names of the layers before each of its inputs -> before its outputs."""
    before: dict[int, list[str]] = {}
    for tensor, names in zip(graph.inputs, given, strict=True):
        layer = node_of(tensor).operation
        found[layer], before[id(tensor)] = names, [layer.name]
    for node in nodes_in_order(graph):
        if node.is_input:
            continue
        taken = [before[id(tensor)] for tensor in node.input_tensors]
        names = list(dict.fromkeys(name for each in taken for name in each))
        inner, layer = functional(node.operation), node.operation
        if inner is not None:
            given_by = _follow(inner, taken, found)
        elif isinstance(layer, keras.layers.Layer):
            found[layer] = list(dict.fromkeys([*found.get(layer, []), *names]))
            given_by = [[layer.name]] * len(node.output_tensors)
        else:
            given_by = [names] * len(node.output_tensors)
        before.update(zip(map(id, node.output_tensors), given_by, strict=True))
    return [before[id(tensor)] for tensor in graph.outputs]


def _describe_layer(layer: keras.layers.Layer, shapes: Shapes) -> dict[str, Any]:
    told = {
        "name": layer.name,
        "class": type(layer).__name__,
        "output_shape": list(shapes[layer]),
        "parameters": sum(math.prod(weight.shape) for weight in own_variables(layer)),
        "trainable": bool(layer.trainable_weights),
    }
    return told | ({"rate": layer.rate} if isinstance(layer, keras.layers.Dropout) else {})


def diff_models(before: keras.Model, after: keras.Model) -> dict[str, Any]:
    """What changed from one model to another.

    Returns:
        `added`, `removed` (layer name -> class), `changed` (layer name -> the settings that differ, each as
        [before, after]), `parameters` and `flops` (each as before, after).
    """
    first = {layer.name: layer for layer in leaf_layers(before)}
    second = {layer.name: layer for layer in leaf_layers(after)}
    return {
        "added": {name: type(layer).__name__ for name, layer in second.items() if name not in first},
        "removed": {name: type(layer).__name__ for name, layer in first.items() if name not in second},
        "changed": {
            name: changes
            for name in first.keys() & second.keys()
            if (changes := _diff_settings(first[name], second[name]))
        },
        "parameters": {"before": count_parameters(before), "after": count_parameters(after)},
        "flops": {"before": count_flops(before), "after": count_flops(after)},
    }


def diff_text(diff: dict[str, Any]) -> str:
    """The result of `diff_models` for a person to read."""
    lines = []
    for sign, kind in (("+", "added"), ("-", "removed")):
        lines += [f"{sign} {name} ({layer})" for name, layer in diff[kind].items()]
    for name, changes in sorted(diff["changed"].items()):
        settings = ", ".join(f"{key} {old} -> {new}" for key, (old, new) in changes.items())
        lines.append(f"~ {name}: {settings}")
    lines = lines or ["the same layers with the same settings"]
    before, after = diff["parameters"]["before"], diff["parameters"]["after"]
    for kind, label in (("total", "parameters"), ("trainable", "trainable"), ("frozen", "not trainable")):
        lines.append(_change(label, before[kind], after[kind]))
    lines.append(_change("FLOPs per image", diff["flops"]["before"], diff["flops"]["after"]))
    return "\n".join(lines)


def _change(label: str, before: int, after: int) -> str:
    return f"{label:>16}: {before:,} -> {after:,} ({after - before:+,})"


def _diff_settings(first: keras.layers.Layer, second: keras.layers.Layer) -> dict[str, list[Any]]:
    before, after = first.get_config(), second.get_config()
    changed = {key: [before.get(key), after.get(key)] for key in after if before.get(key) != after.get(key)}
    if type(first) is not type(second):
        changed["class"] = [type(first).__name__, type(second).__name__]
    return changed


def _multiply_adds(layer: keras.layers.Layer, shape: tuple[int | None, ...]) -> int:
    """Multiply-adds of one image: every kernel element is used once at each output position."""
    if isinstance(layer, keras.layers.Dense):
        return math.prod(layer.kernel.shape) * math.prod(shape[:-1])
    if not isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D | keras.layers.SeparableConv2D):
        return 0
    channels_first = layer.data_format == "channels_first"
    positions = math.prod(shape[1:] if channels_first else shape[:-1])
    return positions * sum(math.prod(weight.shape) for weight in layer.weights if "kernel" in weight.name)
