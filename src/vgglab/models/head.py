"""What turns a network's last feature maps into class probabilities."""

from collections.abc import Sequence
from typing import Any

from keras import layers

POOLINGS = {
    "flatten": lambda: layers.Flatten(name="flatten"),
    "avg": lambda: layers.GlobalAveragePooling2D(name="avg_pool"),
    "max": lambda: layers.GlobalMaxPooling2D(name="max_pool"),
}


def classify(x: Any, classes: int, units: tuple[int, ...], dropout: float = 0.0, pooling: str = "flatten") -> Any:
    """Class probabilities (N, classes) from feature maps (N, H, W, filters).

    Args:
        x: symbolic tensor of the feature maps.
        classes: number of classes.
        units: units of `fc1`, `fc2`, ..., each with ReLU.
        dropout: rate of a Dropout after each of them.
        pooling: `flatten`, or the `avg` or `max` over the positions.
    """
    x = POOLINGS[pooling]()(x)
    for number, count in enumerate(units, start=1):
        x = layers.Dense(count, activation="relu", name=f"fc{number}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"fc{number}_dropout")(x)
    return layers.Dense(classes, activation="softmax", name="predictions")(x)


def first_of_head(model_layers: Sequence[layers.Layer]) -> int:
    """Where the head of a flat model begins: its last layer with weights, where none pools as ours does."""
    poolings = {make().name for make in POOLINGS.values()}
    weighted = [position for position, layer in enumerate(model_layers) if layer.weights]
    return max((place for place, layer in enumerate(model_layers) if layer.name in poolings), default=weighted[-1])
