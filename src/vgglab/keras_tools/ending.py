"""How a network ends: its last activation, its outputs, its loss. For any Keras model, functional or not."""

import re
from typing import Any

import numpy as np

from vgglab.keras_tools.graph import functional, operation_of

PASSES_ON = ("Dropout", "Flatten", "Reshape")  # layers that do nothing to a softmax's outputs
ACTIVATION_LAYERS = ("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax")  # layers that are one
# What a loss of Keras is meant for.
LOSSES = {
    "categorical_crossentropy": "classes",
    "sparse_categorical_crossentropy": "classes",
    "categorical_focal_crossentropy": "classes",
    "categorical_hinge": "classes",
    "kl_divergence": "classes",
    "binary_crossentropy": "binary",
    "binary_focal_crossentropy": "binary",
    "hinge": "binary",
    "squared_hinge": "binary",
    "mean_squared_error": "regression",
    "mean_absolute_error": "regression",
    "mean_absolute_percentage_error": "regression",
    "mean_squared_logarithmic_error": "regression",
    "huber": "regression",
    "log_cosh": "regression",
    "poisson": "regression",
}
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def last_activation(model: Any) -> str | None:
    """Name of the activation that gives the model's output, such as `softmax`; None where that can't be seen.

    Args:
        model: any Keras model, built or not. Of several outputs, and of a subclass's own `call`, nothing can be seen.
    """
    graph = functional(model)
    if graph is None:
        layers = getattr(model, "layers", ())
        unbuilt = type(model).__name__ == "Sequential" and layers
        return _of_layer(layers[-1]) if unbuilt else None
    if len(graph.outputs) != 1:
        return None
    layer, tensor = None, graph.outputs[0]
    while (layer := operation_of(tensor)) is not None and type(layer).__name__ in PASSES_ON:
        tensor = layer.input
    return _of_layer(layer)


def _of_layer(layer: Any) -> str | None:
    """The activation that a layer, an operation or a model ends in."""
    if functional(layer) is not None or type(layer).__name__ == "Sequential":
        return last_activation(layer)
    return activation_name(layer)


def activation_name(layer: Any) -> str | None:
    """Name of a layer's activation, `linear` for one that has weights and says so; None where it has none."""
    kind = type(layer).__name__
    activation = getattr(layer, "activation", None)
    if kind in ACTIVATION_LAYERS and activation is None:
        return snake_case(kind)
    if activation is None:
        return snake_case(kind) if kind in ("Sigmoid", "Tanh", "Relu") else None  # operations, from `keras.ops`
    return getattr(activation, "__name__", None) or snake_case(type(activation).__name__)


def output_columns(model: Any) -> int | None:
    """Length of the last axis of a model's only output; None where there is more than one, or it isn't known yet."""
    try:
        shape = model.output_shape
    except (AttributeError, ValueError):
        return None
    if not isinstance(shape, tuple) or not shape or not isinstance(shape[-1], int):
        return None
    return shape[-1]


def as_probabilities(model: Any) -> Any:
    """A classifier that gives a probability for each class: the model, or the model and what it leaves out.

    Scores before a softmax get one, as `from_logits=True` would; one sigmoid unit, the probability of the second of
    two classes, becomes both.

    Args:
        model: functional or sequential, built, with one output (N, columns).

    Raises:
        ValueError: it ends in something else; the text says what.
    """
    import keras

    activation, columns, output = last_activation(model), output_columns(model), model.outputs[0]
    if columns == 1:
        if activation != "sigmoid":
            told = activation or "no known activation"
            raise ValueError(f"it ends in one unit with {told}; expected one with sigmoid (two classes), or a softmax")
        both = keras.layers.Concatenate(name="both_classes")([1 - output, output])
        return keras.Model(model.inputs[0], both, name=model.name)
    if activation == "softmax" or (activation in (None, "linear") and _sums_to_one(model)):
        return model
    if activation != "linear":
        told = f"{columns} units with {activation}" if activation else "something that gives no probabilities"
        raise ValueError(f"it ends in {told}; expected a softmax, or a last layer without activation, which gets one")
    return keras.Model(model.inputs[0], keras.layers.Softmax(name="probabilities")(output), name=model.name)


def _sums_to_one(model: Any) -> bool:
    """Whether what a model gives for two images, one of noise, is probabilities."""
    from keras import ops

    shape = [side or 32 for side in model.inputs[0].shape[1:]]
    noise = np.random.default_rng(0).uniform(0, 255, (2, *shape)).astype("float32")
    noise[1] = 0
    rows = ops.convert_to_numpy(ops.cast(model(noise, training=False), "float32"))
    return bool(np.all(rows >= 0) and np.allclose(rows.sum(axis=-1), 1, atol=1e-3))


def only_loss(model: Any) -> Any:
    """The loss that a model was compiled with, by name, as object or function; None for none or several."""
    loss = getattr(model, "loss", None)
    if isinstance(loss, dict):
        loss = list(loss.values())
    if isinstance(loss, list | tuple):
        return loss[0] if len(loss) == 1 else None
    return loss


def loss_name(model: Any) -> str:
    """Keras's name of the model's loss in snake case; a function's own `__name__`; "" for none or several."""
    import keras

    loss = only_loss(model)
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return loss
    if loss is None:
        return ""
    if type(loss).__name__ == "LossFunctionWrapper":
        return str(loss.name)
    return getattr(loss, "__name__", None) or snake_case(type(loss).__name__)


def loss_options(model: Any) -> dict[str, Any]:
    """What the model's loss was told, such as `from_logits` and `label_smoothing`; nothing where that can't be seen."""
    try:
        return dict(only_loss(model).get_config())
    except Exception:  # one's own may have none, or not be made for it
        return {}


def snake_case(name: str) -> str:
    """`MeanSquaredError` -> `mean_squared_error`, `ReLU` -> `relu`, `LeakyReLU` -> `leaky_relu`."""
    whole = {"ReLU": "Relu", "PReLU": "Prelu", "ELU": "Elu"}
    return WORDS.sub("_", whole.get(name, name.replace("ReLU", "Relu"))).lower()
