"""A compiled model as a function of the values of its variables: whatever is computed, nothing of the model changes."""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
from keras import ops, tree

from vgglab.keras_tools.calls import replaced_calls
from vgglab.keras_tools.gradients import value_and_gradients
from vgglab.keras_tools.graph import inner_layers
from vgglab.keras_tools.passes import jitted, parts_of
from vgglab.keras_tools.steps import loss_of

# How a model runs. As in training, but for layers that are random; but for BatchNormalization too; as in inference.
QUIET, STILL, INFERENCE = "quiet", "still", "inference"
NOISY = ("dropout", "noise", "droppath", "stochasticdepth", "random")  # in the name of a layer's class
NORMS = (keras.layers.BatchNormalization, keras.layers.SpectralNormalization)


class Passed(NamedTuple):
    """What a pass through a model gave, as tensors.

    Attributes:
        outputs: as the model gives them.
        loss: without penalties on weights; None where there were no targets.
        total: with them.
        fixed: values of what is not trained, after the pass.
        sizes: mean square of what each call of a layer gave, in order.
    """

    outputs: Any
    loss: Any
    total: Any
    fixed: list[Any]
    sizes: list[Any]


class Called(NamedTuple):
    """A call of a layer: the layer, the shapes of what it gave, and the bytes of that."""

    layer: keras.layers.Layer
    shapes: list[tuple[int, ...]]
    bytes: int


class Stateless:
    """A compiled model whose values are given with each call.

    Args:
        model: built, and compiled with a loss where losses are asked for.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self.parts = parts_of(model)
        self.trainable, self.fixed = list(model.trainable_variables), list(model.non_trainable_variables)
        self.calls: list[Called] = []  # of the last pass that was traced
        self._compiled: dict[Any, Callable[..., Any]] = {}

    def values(self) -> tuple[list[Any], list[Any]]:
        """Copies of the values of what is trained, and of what is not."""
        return [ops.copy(each.value) for each in self.trainable], [ops.copy(each.value) for each in self.fixed]

    def run(self, mode: str, values: list[Any], fixed: list[Any], x: Any, y: Any = None) -> Passed:
        """A pass through the model."""
        return self._quickly(("run", mode), lambda *given: self.pass_through(mode, *given))(values, fixed, x, y)

    def slopes(self, values: list[Any], fixed: list[Any], x: Any, y: Any) -> tuple[Passed, list[Any]]:
        """A pass in training without randomness, and the gradient of its total loss by the trained values."""
        (_, passed), slopes = self._quickly("slopes", value_and_gradients(self.total))(values, fixed, x, y)
        return passed, slopes

    def settled(self, before: list[Any], after: list[Any]) -> list[Any]:
        """Values of what is not trained, with the statistics of BatchNormalization those of one batch alone.

        Args:
            before: values before a pass in training on that batch.
            after: values after it.
        """
        momentum = {}
        for layer in inner_layers(self.model):
            if isinstance(layer, keras.layers.BatchNormalization) and layer.built:
                momentum |= {id(each): float(layer.momentum) for each in (layer.moving_mean, layer.moving_variance)}
        return [
            (new - kept * old) / (1 - kept) if 0 < (kept := momentum.get(id(variable), 0)) < 1 else new
            for variable, old, new in zip(self.fixed, before, after, strict=True)
        ]

    def total(self, *given: Any) -> tuple[Any, Passed]:
        """The total loss in training without randomness, and all of the pass; for `value_and_gradients`."""
        passed = self.pass_through(QUIET, *given)
        return passed.total, passed

    def pass_through(self, mode: str, values: list[Any], fixed: list[Any], x: Any, y: Any = None) -> Passed:
        """A pass that is not compiled: for `run`, and for whoever follows its way."""
        mapping = [*zip(self.trainable, values, strict=True), *zip(self.fixed, fixed, strict=True)]
        self.calls, sizes = [], []
        with keras.StatelessScope(mapping, collect_losses=True) as scope, self._watched(mode, sizes):
            outputs = self.model(x, training=mode != INFERENCE)
            loss, total = (None, None) if y is None else self._losses(x, y, outputs)
        after = [_now(scope, each, value) for each, value in zip(self.fixed, fixed, strict=True)]
        self.model._clear_losses()
        return Passed(outputs, loss, total, after, sizes)

    def _losses(self, x: Any, y: Any, outputs: Any) -> tuple[Any, Any]:
        total = loss_of(self.model, x, y, outputs)
        penalties = [ops.sum(ops.cast(penalty, total.dtype)) for penalty in self.model.losses]
        return total - sum(penalties) if penalties else total, total

    @contextmanager
    def _watched(self, mode: str, sizes: list[Any]) -> Iterator[None]:
        """Layers that rest as a mode wants it, at any depth; each that is no part of another notes what it gives."""
        parts = set(self.parts)
        resting = {layer for layer in inner_layers(self.model) if _rests(layer, mode)}

        def watched(layer: keras.layers.Layer) -> Callable[..., Any]:
            call = _at_rest(layer.call) if layer in resting else layer.call
            return self._noted(layer, call, sizes) if layer in parts else call

        with replaced_calls([*parts | resting], watched):
            yield

    def _noted(self, layer: keras.layers.Layer, call: Callable[..., Any], sizes: list[Any]) -> Any:
        """The call of a layer that notes what it gives."""

        def noted(*given: Any, **options: Any) -> Any:
            made = call(*given, **options)
            tensors = [each for each in tree.flatten(made) if hasattr(each, "shape")]
            self.calls.append(Called(layer, [tuple(each.shape) for each in tensors], sum(map(_bytes, tensors))))
            sizes.append(_mean_square(_floating(tensors)))
            return made

        return noted

    def _quickly(self, key: Any, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function as it runs fast: JAX, which computes slowly what it has not compiled, compiles it."""
        if key not in self._compiled:
            self._compiled[key] = jitted(function)
        return self._compiled[key]


def is_noisy(layer: keras.layers.Layer) -> bool:
    """Whether a layer is random in training by design, as far as its name and settings say."""
    named = any(word in type(layer).__name__.lower() for word in NOISY)
    return named or any(_above_zero(getattr(layer, name, 0)) for name in ("dropout", "recurrent_dropout"))


def _above_zero(setting: Any) -> bool:
    return isinstance(setting, int | float) and setting > 0


def _rests(layer: keras.layers.Layer, mode: str) -> bool:
    takes_mode = getattr(layer, "_call_has_training_arg", False) and mode != INFERENCE
    return takes_mode and (is_noisy(layer) or (mode == STILL and isinstance(layer, NORMS)))


def _at_rest(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given, **options: call(*given, **(options | {"training": False}))


def _now(scope: keras.StatelessScope, variable: keras.Variable, value: Any) -> Any:
    found = scope.get_current_value(variable)
    return value if found is None else found


def _floating(values: list[Any]) -> list[Any]:
    return [each for each in values if "float" in str(getattr(each, "dtype", ""))]


def _mean_square(floating: list[Any]) -> Any:
    return ops.mean(ops.square(ops.cast(floating[0], "float32"))) if floating else ops.zeros(())


def _bytes(tensor: Any) -> int:
    width = re.search(r"\d+$", str(tensor.dtype).strip("<>' "))
    return math.prod(int(side or 1) for side in tensor.shape) * (int(width.group()) // 8 if width else 1)
