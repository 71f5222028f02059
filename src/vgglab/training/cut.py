"""Where a partly frozen model can be cut in two: a part that never changes, and the part that is trained."""

from dataclasses import dataclass
from typing import Any

import keras

from vgglab.keras_tools.graph import inner_layers, nodes_in_order


@dataclass(frozen=True)
class Cut:
    """A model in two halves that share its layers and weights.

    Attributes:
        frozen: from raw images (N, H, W, 3) to features (N, ...).
        trained: from features to the model's outputs.
    """

    frozen: keras.Model
    trained: keras.Model


def cut_model(model: keras.Model) -> Cut | None:
    """Cut a model at the last single tensor that everything trained depends on, and that depends on nothing trained.

    It is found from the graph, so a branch that begins before the cut and ends behind it is never cut through.

    Args:
        model: functional, with one input and one output; `trainable` says which layers are trained.

    Returns:
        None where no layer with weights comes before the cut: there is nothing worth computing once.
    """
    steps = _steps(model)
    moving = _moving(steps)
    tensor = _last_single_tensor(steps, moving, model.inputs[0])
    frozen = keras.Model(model.inputs[0], tensor, name=f"{model.name}_frozen") if tensor is not None else None
    if frozen is None or not frozen.weights:
        return None
    trained = keras.Model(tensor, model.outputs[0], name=f"{model.name}_trained")
    same_order = [v.path for v in trained.trainable_variables] == [v.path for v in model.trainable_variables]
    return Cut(frozen, trained) if same_order else None


def noisy_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers that draw random numbers while the model trains, such as Dropout."""
    return [layer for layer in inner_layers(model) if hasattr(layer, "seed_generator")]


@dataclass(frozen=True)
class _Step:
    """One operation of a graph, with the ids of the tensors it takes and gives."""

    operation: Any
    takes: tuple[int, ...]
    gives: tuple[Any, ...]

    @property
    def trained(self) -> bool:
        """Whether it has weights that are trained."""
        return bool(getattr(self.operation, "trainable_variables", ()))

    @property
    def noisy(self) -> bool:
        """Whether it draws random numbers."""
        return hasattr(self.operation, "seed_generator")

    @property
    def fixed(self) -> bool:
        """Whether it has weights, and none of them is trained."""
        return bool(getattr(self.operation, "weights", ())) and not self.trained


def _steps(model: keras.Model) -> list[_Step]:
    """The operations of a functional model, each after those it depends on."""
    return [
        _Step(node.operation, tuple(map(id, node.input_tensors)), tuple(node.output_tensors))
        for node in nodes_in_order(model)
    ]


def _moving(steps: list[_Step]) -> set[int]:
    """Ids of the tensors that may change from one epoch to the next for the same image.

    Noise counts where no frozen weights follow; before frozen weights it is switched off.
    """
    leads_to_fixed: set[int] = set()
    for step in reversed(steps):
        if step.fixed or any(id(tensor) in leads_to_fixed for tensor in step.gives):
            leads_to_fixed.update(step.takes)
    moving: set[int] = set()
    for step in steps:
        noisy = step.noisy and not any(id(tensor) in leads_to_fixed for tensor in step.gives)
        if step.trained or noisy or moving.intersection(step.takes):
            moving.update(map(id, step.gives))
    return moving


def _last_single_tensor(steps: list[_Step], moving: set[int], start: Any) -> Any | None:
    """The last still tensor that all moving ones depend on through it alone; None where only the input is."""
    last_use = _last_uses(steps, moving)
    open_tensors: set[int] = set()
    found = None
    for position, step in enumerate(steps):
        if moving.intersection(map(id, step.gives)):
            continue
        open_tensors.update(map(id, step.gives))
        open_tensors = {tensor for tensor in open_tensors if last_use.get(tensor, -1) > position}
        if open_tensors == {id(step.gives[0])}:
            found = step.gives[0]
    return None if found is start else found


def _last_uses(steps: list[_Step], moving: set[int]) -> dict[int, int]:
    """Tensor id -> position of the last step that takes it, of the steps that anything moving depends on."""
    wanted, last_use = set(moving), {}
    for position, step in reversed(list(enumerate(steps))):
        if wanted.intersection(map(id, step.gives)):
            wanted.update(step.takes)
            moves = bool(moving.intersection(map(id, step.gives)))
            for tensor in step.takes:
                last_use.setdefault(tensor, len(steps) if moves else position)
    return last_use
