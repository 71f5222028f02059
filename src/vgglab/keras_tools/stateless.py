"""A compiled model as a function of the values of its variables: whatever is computed, nothing of the model changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
from keras import ops, tree

from vgglab.keras_tools.calls import replaced_calls
from vgglab.keras_tools.gradients import value_and_gradients
from vgglab.keras_tools.passes import parts_of

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
        self.layers = parts_of(model)
        self.trainable, self.fixed = list(model.trainable_variables), list(model.non_trainable_variables)
        self.calls: list[Called] = []  # of the last pass that was traced
        self._compiled: dict[Any, Callable[..., Any]] = {}

    def values(self) -> tuple[list[Any], list[Any]]:
        """Copies of the values of what is trained, and of what is not."""
        return [ops.copy(each.value) for each in self.trainable], [ops.copy(each.value) for each in self.fixed]

    def run(self, mode: str, values: list[Any], fixed: list[Any], x: Any, y: Any = None) -> Passed:
        """A pass through the model."""
        return self._quickly(("run", mode), lambda *given: self._run(mode, *given))(values, fixed, x, y)

    def slopes(self, values: list[Any], fixed: list[Any], x: Any, y: Any) -> tuple[Passed, list[Any]]:
        """A pass in training without randomness, and the gradient of its total loss by the trained values."""
        (_, passed), slopes = self._quickly("slopes", value_and_gradients(self.total))(values, fixed, x, y)
        return passed, slopes

    def total(self, *given: Any) -> tuple[Any, Passed]:
        """The total loss in training without randomness, and all of the pass; for `value_and_gradients`."""
        passed = self._run(QUIET, *given)
        return passed.total, passed

    def _run(self, mode: str, values: list[Any], fixed: list[Any], x: Any, y: Any = None) -> Passed:
        mapping = [*zip(self.trainable, values, strict=True), *zip(self.fixed, fixed, strict=True)]
        self.calls, sizes = [], []
        with keras.StatelessScope(mapping, collect_losses=True) as scope, self._watched(mode, sizes):
            outputs = self.model(x, training=mode != INFERENCE)
            loss, total = (None, None) if y is None else self._losses(x, y, outputs)
        after = [_now(scope, each, value) for each, value in zip(self.fixed, fixed, strict=True)]
        self.model._clear_losses()
        return Passed(outputs, loss, total, after, sizes)

    def _losses(self, x: Any, y: Any, outputs: Any) -> tuple[Any, Any]:
        total = self.model._compute_loss(x, y, outputs, None, True)
        penalties = [ops.sum(ops.cast(penalty, total.dtype)) for penalty in self.model.losses]
        return total - sum(penalties) if penalties else total, total

    @contextmanager
    def _watched(self, mode: str, sizes: list[Any]) -> Iterator[None]:
        """Layers that rest as a mode wants it; each notes what it gives."""

        def watched(layer: keras.layers.Layer) -> Callable[..., Any]:
            call, rests = layer.call, _rests(layer, mode)

            def noted(*given: Any, **options: Any) -> Any:
                made = call(*given, **(options | ({"training": False} if rests else {})))
                tensors = [each for each in tree.flatten(made) if hasattr(each, "shape")]
                self.calls.append(Called(layer, [tuple(each.shape) for each in tensors], sum(map(_bytes, tensors))))
                sizes.append(_mean_square(tensors))
                return made

            return noted

        with replaced_calls(self.layers, watched):
            yield

    def _quickly(self, key: Any, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function as it runs fast: JAX, which computes slowly what it has not compiled, compiles it."""
        if key not in self._compiled:
            self._compiled[key] = _jax_compiled(function) if keras.backend.backend() == "jax" else function
        return self._compiled[key]


def is_noisy(layer: keras.layers.Layer) -> bool:
    """Whether a layer is random in training by design, as far as its name says."""
    return any(word in type(layer).__name__.lower() for word in NOISY)


def _rests(layer: keras.layers.Layer, mode: str) -> bool:
    takes_mode = getattr(layer, "_call_has_training_arg", False)
    return takes_mode and mode != INFERENCE and (is_noisy(layer) or (mode == STILL and isinstance(layer, NORMS)))


def _now(scope: keras.StatelessScope, variable: keras.Variable, value: Any) -> Any:
    found = scope.get_current_value(variable)
    return value if found is None else found


def _mean_square(tensors: list[Any]) -> Any:
    floating = [each for each in tensors if "float" in keras.backend.standardize_dtype(each.dtype)]
    return ops.mean(ops.square(ops.cast(floating[0], "float32"))) if floating else ops.zeros(())


def _bytes(tensor: Any) -> int:
    count = 1
    for side in tensor.shape:
        count *= int(side or 1)
    kind = keras.backend.standardize_dtype(tensor.dtype)
    return count * {"64": 8, "32": 4, "16": 2}.get(kind[-2:], 1)


def _jax_compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    import jax

    return jax.jit(function)
