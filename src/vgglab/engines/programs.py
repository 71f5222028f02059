"""Many steps as one compiled call, on JAX: Keras's own step of a model, over images that lie on the device.

Keras's `train_step` and `test_step` are functions of a state and a batch: loss, metrics, optimizer, schedule, average
and scaled losses are in them. Here they are repeated. How often is told to the call, not to the compiler: a network is
compiled once, whatever number of steps is asked for.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras

from vgglab.engines.placing import Placing
from vgglab.engines.plan import STEPS_A_CALL, Plan
from vgglab.keras_tools.jax_state import State
from vgglab.training.batches import one_hot
from vgglab.training.part import TrainedPart

Logs = dict[str, Any]  # figure -> tensor
Data = dict[str, Any]  # `images` (N, ...), `labels` int32 (N,), and perhaps `weights` float32 (N,)


def training_program(part: TrainedPart, names: list[str], placing: Placing) -> Callable[..., tuple[State, Logs]]:
    """A compiled function of state, data, plan, first step and the one to stop before; the state is used up.

    It gives the state after the steps, and the figures after each of them: float32 (STEPS_A_CALL,), zeros at the end.

    Args:
        part: what is trained; its model is complete.
        names: of the figures that a step gives.
        placing: where it runs.
    """
    import jax

    def train_steps(state: State, data: Data, plan: Plan, first: Any, stop: Any) -> tuple[State, Logs]:
        def step(number: Any, so_far: tuple[State, Logs]) -> tuple[State, Logs]:
            state, logs = so_far
            found, state = part.model.train_step(state, batch_of(part, data, plan, number, placing))
            logs = {name: each.at[number - first].set(found[name]) for name, each in logs.items()}
            return tuple(map(list, state)), logs

        logs = {name: jax.numpy.zeros(STEPS_A_CALL, "float32") for name in names}
        return jax.lax.fori_loop(first, stop, step, (state, logs))

    return placing.compiled(train_steps, donate_argnums=0)


def compiled_ahead(program: Callable[..., Any], threads: ThreadPoolExecutor, *given: Any) -> Future:
    """Trace a program now and compile it in a thread, for arguments such as these; gives what is then to be called."""
    return threads.submit(program.lower(*given).compile)


def batch_of(part: TrainedPart, data: Data, plan: Plan, number: Any, placing: Placing) -> tuple[Any, ...]:
    """The images of a step, varied, their labels, and what they count where classes do not count alike."""
    rows = placing.shared(plan["rows"][number])
    numbers = rows % len(data["labels"])  # of several views of an image, each has its label
    images, labels = data["images"][rows], data["labels"][numbers]
    if part.augmenter is not None:
        drawn = keras.tree.map_structure(lambda each: each[number], plan["drawn"])
        images, labels = part.augmenter.vary(images, labels, drawn)
    weights = (data["weights"][numbers],) if "weights" in data else ()
    return tuple(map(placing.shared, (images, as_targets(labels, part.classes), *weights)))


def as_targets(labels: Any, classes: int | None) -> Any:
    """Labels as the loss takes them: as they are, or as shares of so many classes."""
    return one_hot(labels, classes) if classes is not None and labels.ndim == 1 else labels


def validation_program(part: TrainedPart, placing: Placing) -> Callable[..., list[Any]]:
    """A compiled function of values (trained, not trained, of the metrics) and batches: values of the metrics then.

    Batches are `images` (batches, N, ...) and `labels` int32 (batches, N).
    """
    import jax

    def validate_batches(trained: list[Any], fixed: list[Any], metrics: list[Any], data: Data) -> list[Any]:
        def one(number: Any, metrics: list[Any]) -> list[Any]:
            images, labels = data["images"][number], as_targets(data["labels"][number], part.classes)
            batch = placing.shared(images), placing.shared(labels)
            _, state = part.model.test_step((trained, fixed, metrics), batch)
            return list(state[-1])

        return jax.lax.fori_loop(0, len(data["labels"]), one, metrics)

    return placing.compiled(validate_batches)
