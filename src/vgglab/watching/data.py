"""What can be seen of the data of somebody's own training: a probe of each half, all targets, the first batches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from vgglab.keras_tools.fitting import TAPPED, Fitting, first_batches, listen

PROBED = 64  # inputs of each half
LARGE = 50_000  # values of one input; of such, half as many
DESCRIBED = 512  # inputs that ranges are taken from


@dataclass
class Half:
    """Inputs as the model takes them and targets as its loss takes them, or None."""

    inputs: Any
    targets: Any


@dataclass
class Data:
    """What is known of the data so far.

    Attributes:
        halves: `training` and `validation`, as far as they were seen.
        ranges: more inputs of each, where they lie in memory, to take ranges from.
        targets: of training.
        whole: whether `targets` are all.
        held_out: all targets of validation, where they lie in memory.
        counts: number of inputs of each half that lies in memory.
        batches: targets of the first batches, in the order of training; none where only Keras knows the order.
        size: inputs of a batch.
    """

    halves: dict[str, Half] = field(default_factory=dict)
    ranges: dict[str, Any] = field(default_factory=dict)
    targets: Any = None
    whole: bool = False
    held_out: Any = None
    counts: dict[str, int] = field(default_factory=dict)
    batches: list[Any] = field(default_factory=list)
    size: int | None = None

    def add_arrays(self, part: str, inputs: Any, targets: Any) -> None:
        """See a half whose inputs lie in memory."""
        count = length(inputs)
        chosen = some(count, probed(inputs))
        self.halves[part] = Half(rows(inputs, chosen), None if targets is None else rows(targets, chosen))
        self.ranges[part] = rows(inputs, some(count, DESCRIBED))
        self.counts[part] = count

    def add_batches(self, part: str, batches: list[Any]) -> None:
        """See a half by the first of its batches."""
        pairs = [keras.utils.unpack_x_y_sample_weight(batch)[:2] for batch in batches]
        pairs = [(arrays(inputs), arrays(targets)) for inputs, targets in pairs]
        pairs = [pair for pair in pairs if shapes(pair) == shapes(pairs[0])]  # padded batches may be of any length
        inputs = joined([pair[0] for pair in pairs])
        targets = None if pairs[0][1] is None else joined([pair[1] for pair in pairs])
        first = np.arange(min(length(inputs), probed(inputs)))
        self.halves[part] = Half(rows(inputs, first), None if targets is None else rows(targets, first))
        self.ranges[part] = inputs
        if part == "training":
            self.targets, self.batches = targets, [pair[1] for pair in pairs if pair[1] is not None]
            self.size = length(pairs[0][0])


class Heard:
    """Batches that passed, until there are enough for a probe.

    Args:
        iterator: that training draws them from.
    """

    def __init__(self, iterator: Any):
        self.batches: list[Any] = []
        self.end = listen(iterator, self.keep)

    def keep(self, batch: Any) -> None:
        """Keep one of the first batches."""
        if len(self.batches) < TAPPED:
            self.batches.append(batch)

    @property
    def enough(self) -> bool:
        """Whether there are as many inputs as a probe has, or no more batches will be kept."""
        inputs = [keras.utils.unpack_x_y_sample_weight(batch)[0] for batch in self.batches]
        return bool(inputs) and (len(inputs) >= TAPPED or sum(map(length, inputs)) >= probed(inputs[0]))


def seen_at_once(fitting: Fitting) -> Data:
    """What can be seen before the first batch: of data in memory all, of a generator what Keras looked at already."""
    data = Data(size=fitting.batch_size)
    if fitting.source == "Array":
        data.add_arrays("training", fitting.x, fitting.y)
        data.targets, data.whole = fitting.y, True
        if not fitting.shuffled and fitting.y is not None:
            count = length(fitting.y)
            starts = range(0, min(count, TAPPED * fitting.batch_size), fitting.batch_size)
            data.batches = [rows(fitting.y, np.arange(at, min(at + fitting.batch_size, count))) for at in starts]
    elif batches := first_batches(fitting.iterator):
        data.add_batches("training", batches)
    if fitting.validation is not None and lies_in_memory(fitting.validation[0]):
        data.add_arrays("validation", *fitting.validation)
        data.held_out = fitting.validation[1]
    return data


def lies_in_memory(inputs: Any) -> bool:
    """Whether inputs are arrays, tensors or tables, or a structure of such."""
    leaves = keras.tree.flatten(inputs)
    return bool(leaves) and all(hasattr(leaf, "shape") and hasattr(leaf, "__getitem__") for leaf in leaves)


def length(inputs: Any) -> int:
    """Number of inputs."""
    return int(next(leaf.shape[0] for leaf in keras.tree.flatten(inputs) if leaf is not None))


def probed(inputs: Any) -> int:
    """How many inputs of a half are looked at."""
    values = sum(int(np.prod(leaf.shape[1:])) for leaf in keras.tree.flatten(inputs) if leaf is not None)
    return PROBED if values < LARGE else PROBED // 2


def some(count: int, most: int) -> np.ndarray:
    """Numbers of at most so many inputs, drawn at random, the same ones every time, in order."""
    return np.sort(np.random.default_rng(0).permutation(count)[:most])


def rows(values: Any, chosen: np.ndarray) -> Any:
    """Some of the inputs, as arrays."""
    return each(values, lambda leaf: as_array(leaf.iloc[chosen] if hasattr(leaf, "iloc") else leaf, chosen))


def arrays(values: Any) -> Any:
    """A structure of tensors as arrays; None as it is."""
    return None if values is None else each(values, lambda leaf: as_array(leaf, None))


def each(values: Any, function: Callable[[Any], Any]) -> Any:
    """A structure with something done to each of its leaves."""
    return keras.tree.map_structure(lambda leaf: None if leaf is None else function(leaf), values)


def as_array(leaf: Any, chosen: np.ndarray | None) -> np.ndarray:
    """A tensor, table or array, or some of its rows, as an array; numbers as Keras trains on them."""
    if hasattr(leaf, "iloc"):
        leaf, chosen = leaf.to_numpy(), None
    elif hasattr(leaf, "detach"):
        leaf = leaf.detach().cpu().numpy()
    elif hasattr(leaf, "numpy"):
        leaf = leaf.numpy()
    array = np.asarray(leaf if chosen is None else leaf[chosen])
    return array.astype(keras.config.floatx()) if array.dtype.kind == "f" else array


def shapes(values: Any) -> list[tuple[int, ...]]:
    """The shape of an input in each leaf."""
    return [leaf.shape[1:] for leaf in keras.tree.flatten(values) if leaf is not None]


def joined(several: list[Any]) -> Any:
    """Batches one after the other."""
    return keras.tree.map_structure(lambda *leaves: np.concatenate(leaves), *several)
