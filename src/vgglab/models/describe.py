"""A model in numbers and words: parameters, FLOPs, summary, and what differs between two."""

import math
from typing import Any

import keras


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
    return sum(2 * _multiply_adds(layer) for layer in leaf_layers(model))


def leaf_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Every layer that is not itself a model, in order."""
    return [layer for layer in model._flatten_layers(include_self=False) if not isinstance(layer, keras.Model)]


def summary_text(model: keras.Model) -> str:
    """Keras's summary of the model, 80 characters wide, and the FLOPs of one image."""
    lines: list[str] = []
    model.summary(line_length=80, print_fn=lambda text, line_break=False: lines.append(str(text).rstrip()))
    return "\n".join([*lines, f" FLOPs per image (forward): {count_flops(model):,}", ""])


def summary_json(model: keras.Model) -> dict[str, Any]:
    """The model's layers, parameters and FLOPs as plain values."""
    layers = [
        {
            "name": layer.name,
            "class": type(layer).__name__,
            "output_shape": list(layer.output.shape[1:]),
            "parameters": layer.count_params(),
        }
        for layer in leaf_layers(model)
    ]
    return {"layers": layers, "parameters": count_parameters(model), "flops": count_flops(model)}


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


def _multiply_adds(layer: keras.layers.Layer) -> int:
    """Multiply-adds of one image: every kernel element is used once at each output position."""
    if isinstance(layer, keras.layers.Dense):
        return math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
    if not isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D | keras.layers.SeparableConv2D):
        return 0
    channels_first = layer.data_format == "channels_first"
    positions = math.prod(layer.output.shape[2:] if channels_first else layer.output.shape[1:-1])
    return positions * sum(math.prod(weight.shape) for weight in layer.weights if "kernel" in weight.name)
