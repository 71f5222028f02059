"""What is checked: a model with its data, and what passes of a few examples through it gave, each done once."""

import math
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops, tree

from vgglab.diagnosis.findings import Evidence, Finding, findings_of
from vgglab.diagnosis.records import short
from vgglab.diagnosis.task import describe_task
from vgglab.keras_tools.stateless import INFERENCE, QUIET, Called, Passed, Stateless
from vgglab.watching.examples import Examples

EXAMPLES, FEWEST = 16, 4  # that go through the model at once
WORK = 4e10  # floating-point operations of such a pass, above which fewer do


class NotApplicable(Exception):
    """A check has nothing to say; its only argument is the key of the reason among the texts."""


@dataclass(frozen=True)
class Row:
    """What a check came to.

    Attributes:
        check: its name.
        verdict: `passed`, `failed`, `skipped` (nothing to check), `undone` (impossible) or `told` (no verdict).
        said: key of the sentence that says what was seen.
        values: what that sentence names.
        findings: what is wrong.
    """

    check: str
    verdict: str
    said: str
    values: dict[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class First(NamedTuple):
    """The first pass in training without randomness; gradient and its seconds are None without targets."""

    passed: Passed
    slopes: list[Any] | None
    seconds: float | None


class Subject:
    """A model, built and compiled, and its data.

    Args:
        model: nothing of it is changed.
        training: its training examples.
        validation: its validation examples; None for none.
        config: of an own run, dotted; None for a script of somebody's own.
        classes: how many there are; None to let the targets say.
        steps: of training at most, to learn examples by heart; None to let the model's cost decide.
    """

    def __init__(
        self,
        model: keras.Model,
        training: Examples,
        validation: Examples | None = None,
        config: dict[str, Any] | None = None,
        classes: int | None = None,
        steps: int | None = None,
    ):
        self.model, self.training, self.validation = model, training, validation
        self.config, self.classes, self.steps = config, classes, steps
        self.network = Stateless(model)
        self.values, self.fixed = self.network.values()
        self.step_seconds: float | None = None  # both are found while examples are learnt by heart
        self.slot_bytes: int | None = None

    @cached_property
    def sketch(self) -> tuple[list[Called], Any]:
        """The calls of layers in a pass of two examples, and its outputs (JAX: zeros of their shape)."""
        x, _ = self.training.feed(self.training.spread(2))
        given = (self.values, self.fixed, x)
        if keras.backend.backend() == "jax":  # shapes are enough: nothing is compiled for so few
            import jax

            shapes = jax.eval_shape(lambda *these: self.network.pass_through(QUIET, *these).outputs, *given)
            return self.network.calls, tree.map_structure(lambda each: ops.zeros(each.shape, each.dtype), shapes)
        outputs = self.network.run(QUIET, *given).outputs
        return self.network.calls, outputs

    @cached_property
    def flops(self) -> int:
        """Floating-point operations of a pass of one example: two for each use of an element of a kernel."""
        return sum(2 * _multiply_adds(call) for call in self.sketch[0])

    @cached_property
    def rows(self) -> np.ndarray:
        """Places of the examples that go through the model."""
        return self.training.spread(min(EXAMPLES, max(FEWEST, int(WORK / max(self.flops, 1)))))

    @cached_property
    def fed(self) -> tuple[Any, Any]:
        """These examples' inputs and targets, as tensors."""
        return self.training.feed(self.rows)

    @cached_property
    def first(self) -> First:
        """The first pass in training, and the gradient."""
        x, y = self.fed
        if y is None or not has_loss(self.model):
            return First(self.network.run(QUIET, self.values, self.fixed, x), None, None)
        build_loss(self.model, self.training.feed(self.training.spread(2))[1], self.sketch[1])
        started = time.perf_counter()
        passed, slopes = self.network.slopes(self.values, self.fixed, x, y)
        ops.convert_to_numpy(passed.loss)
        return First(passed, slopes, time.perf_counter() - started)

    @cached_property
    def settled(self) -> list[Any]:
        """Values of what is not trained, with BatchNormalization's statistics those of these examples."""
        x, _ = self.fed
        after = (
            self.network.run(QUIET, self.values, self.fixed, x).fixed if self.first_fails else self.first.passed.fixed
        )
        return self.network.settled(self.fixed, after)

    @property
    def begun(self) -> First:
        """The first pass, for checks that have nothing to say where the loss cannot be computed."""
        if self.first_fails and self.sketch:
            raise NotApplicable("loss_fails")
        return self.first

    @cached_property
    def first_fails(self) -> bool:
        """Whether there is no first pass, as the loss cannot be computed."""
        try:
            return self.first is None
        except Exception:
            return True

    @cached_property
    def inferred(self) -> Passed:
        """A pass as in inference, with settled statistics."""
        return self.network.run(INFERENCE, self.values, self.settled, self.fed[0])

    @cached_property
    def outputs(self) -> list[np.ndarray]:
        """Its outputs."""
        return numbers_of(self.inferred.outputs)

    @cached_property
    def last_layer(self) -> keras.layers.Layer | None:
        """The layer that gives the output; None where something else follows the last one that was called."""
        size = float(ops.convert_to_numpy(self.inferred.sizes[-1]))
        alike = len(self.outputs) == 1 and np.isclose(np.mean(self.outputs[0] ** 2), size, rtol=1e-3)
        return self.network.calls[-1].layer if alike else None

    @property
    def watched(self) -> bool:
        """Whether findings are said in Keras's words."""
        return self.config is None

    @cached_property
    def task(self) -> dict[str, Any]:
        """What is to be learned, as its targets say: `describe_task`."""
        told = describe_task(self.model, self.training.target)
        return told | ({"classes": self.classes} if self.classes else {})

    @cached_property
    def evidence(self) -> Evidence:
        """What the rules see of the model and its data before the first step."""
        from vgglab.watching.facts import facts_of

        line = facts_of(self)
        classes = self.task["classes"] or 1
        begun = {"epoch": 1, "step_loss": [self.first_loss]}
        return Evidence("", "", [], [line, begun], classes, self.config or {}, watched=self.watched)

    @cached_property
    def findings(self) -> list[Finding]:
        """What the rules say before the first step."""
        return findings_of(self.evidence)

    @cached_property
    def first_loss(self) -> float | None:
        """The loss before any step; None where it cannot be computed, or is no number."""
        loss = None if self.first_fails else self.first.passed.loss
        return None if loss is None else short(float(ops.convert_to_numpy(loss)))


def has_loss(model: keras.Model) -> bool:
    """Whether a model was compiled with a loss, or computes one by itself."""
    own = type(model).compute_loss is not keras.Model.compute_loss
    return bool(own or getattr(model, "loss", None) is not None)


def build_loss(model: keras.Model, y: Any, outputs: Any) -> None:
    """Let the compiled loss make what it needs, as the first step of `fit` would: that cannot be done statelessly."""
    compiled = getattr(model, "_compile_loss", None)
    if compiled is not None and not compiled.built:
        compiled.build(y, outputs)


def numbers_of(outputs: Any) -> list[np.ndarray]:
    """Each output as an array (N, -1); one row is all that an output of no axes has."""
    arrays = [np.asarray(ops.convert_to_numpy(each), "float64") for each in tree.flatten(outputs)]
    return [array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1) for array in arrays]


def _multiply_adds(call: Called) -> int:
    """Multiply-adds of one example: every element of a kernel is used once at each place of what comes out."""
    if not call.shapes:
        return 0
    shape = call.shapes[0]
    places = shape[2:] if getattr(call.layer, "data_format", "") == "channels_first" else shape[1:-1]
    kernels = sum(math.prod(each.shape) for each in call.layer.weights if "kernel" in each.name)
    return kernels * math.prod(int(side or 1) for side in places)
