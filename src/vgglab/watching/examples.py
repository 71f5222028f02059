"""Some examples of whatever `fit` takes: arrays, tables, data sets, loaders."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from vgglab.diagnosis.data import places
from vgglab.errors import DataError, UsageError

LOOKED = 2000  # examples that are looked at
KERAS_BATCH = 32  # what `fit` takes where it is told nothing


@dataclass(frozen=True)
class Examples:
    """Inputs and targets that were looked at, and how many there are.

    Attributes:
        inputs: arrays (N, ...) as the model takes them, one or a tree of them.
        targets: the same of the targets; None for none.
        steps: batches of an epoch; None where that is not known.
        batch: examples of a batch.
        count: examples in all; None where that is not known.
        columns_added: whether `fit` makes one column (N, 1) of arrays of one axis, as it does of arrays alone.
    """

    inputs: Any
    targets: Any
    steps: int | None
    batch: int
    count: int | None = None
    columns_added: bool = field(default=False)

    def __len__(self) -> int:
        return len(tree.flatten(self.inputs)[0])

    @cached_property
    def input(self) -> np.ndarray | None:
        """The only input; None where there are several."""
        found = tree.flatten(self.inputs)
        return found[0] if len(found) == 1 else None

    @cached_property
    def target(self) -> np.ndarray | None:
        """The only targets; None where there are several, or none."""
        found = [] if self.targets is None else tree.flatten(self.targets)
        return found[0] if len(found) == 1 else None

    def spread(self, count: int) -> np.ndarray:
        """Places of so many examples, evenly spread, as they may lie in the order of their classes."""
        return places(len(self), count)

    def feed(self, rows: np.ndarray) -> tuple[Any, Any]:
        """Inputs and targets of some examples as tensors, as `fit` gives them to the model."""
        return self._tensors(self.inputs, rows), self._tensors(self.targets, rows)

    def _tensors(self, arrays: Any, rows: np.ndarray) -> Any:
        return None if arrays is None else tree.map_structure(lambda array: self._tensor(array[rows]), arrays)

    def _tensor(self, array: np.ndarray) -> Any:
        array = array[:, None] if self.columns_added and array.ndim == 1 else array
        return ops.convert_to_tensor(array, dtype=keras.config.floatx() if array.dtype.kind == "f" else None)


def read_examples(x: Any, y: Any = None, batch: int | None = None) -> Examples:
    """Examples of a part: all of arrays, the first LOOKED of what comes in batches.

    A generator is read from: what was taken is gone.

    Args:
        x: arrays, tensors or tables, or a tree of them; or a `tf.data.Dataset`, `PyDataset`, `DataLoader` or another
            iterable of batches.
        y: targets, where x has none.
        batch: examples of a batch, where x does not say.

    Raises:
        UsageError: targets are given beside batches that hold them.
        DataError: there are no examples, or inputs and targets differ in number.
    """
    if not is_batched(x):
        return _of_arrays(x, y, batch or KERAS_BATCH)
    if y is not None:
        raise UsageError("y is given beside an x that comes in batches; expected both in each batch: leave y out")
    taken, seen = [], 0
    for found in batches_of(x):
        parts = keras.utils.unpack_x_y_sample_weight(found)[:2]
        taken.append(tree.map_structure(as_array, parts))
        seen += len(tree.flatten(taken[-1][0])[0])
        if seen >= LOOKED:
            break
    if not taken:
        raise DataError("x gives no batches; expected at least one (a generator that was read to its end gives none)")
    inputs, targets = tree.map_structure(lambda *arrays: np.concatenate(arrays), *taken)
    return Examples(inputs, targets, known_length(x), len(tree.flatten(taken[0][0])[0]))


def is_batched(x: Any) -> bool:
    """Whether data comes in batches, inputs and targets together."""
    if isinstance(x, keras.utils.PyDataset) or hasattr(x, "element_spec"):
        return True
    return hasattr(x, "__iter__") and not hasattr(x, "shape") and not isinstance(x, list | tuple | dict)


def batches_of(x: Any) -> Iterator[Any]:
    """The batches of an epoch, from its first."""
    if isinstance(x, keras.utils.PyDataset):
        return (x[number] for number in range(x.num_batches or 0))
    return iter(x)


def known_length(x: Any) -> int | None:
    """Batches of an epoch; None where data does not say."""
    try:
        return x.num_batches if isinstance(x, keras.utils.PyDataset) else len(x)
    except TypeError:
        return None


def as_array(values: Any) -> np.ndarray:
    """A table, a tensor of any backend or a list as an array.

    Raises:
        DataError: it holds what is no number, of several types.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    array = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if array.dtype != object:
        return array
    try:
        return array.astype("float32")
    except (TypeError, ValueError):
        raise DataError(
            "x or y holds text or lists among its numbers; expected numbers: encode these columns"
        ) from None


def _of_arrays(x: Any, y: Any, batch: int) -> Examples:
    inputs = tree.map_structure(as_array, x)
    targets = None if y is None else tree.map_structure(as_array, y)
    counts = {len(array) for array in [*tree.flatten(inputs), *(() if y is None else tree.flatten(targets))]}
    if counts == {0} or not counts:
        raise DataError("x has no examples; expected at least one")
    if len(counts) > 1:
        raise DataError(f"inputs and targets have {sorted(counts)} examples; expected as many of each")
    count = counts.pop()
    return Examples(inputs, targets, math.ceil(count / batch), batch, count, True)
