"""BatchNormalization's statistics computed anew from training images, for the network that is judged and kept.

Training goes on as without: it has its own moving statistics back as soon as the network has been judged.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from vgglab.diagnosis.data import places
from vgglab.keras_tools.graph import inner_layers
from vgglab.keras_tools.passes import Values, quickly, values_of
from vgglab.keras_tools.variables import holding
from vgglab.training.freezing import at_rest
from vgglab.training.part import TrainedPart

SETTLED_ON = 2048  # training images at most, of all that there are at equal distances


class Settling(keras.callbacks.Callback):
    """Before each validation the statistics of the layers that train are averaged over batches of training images.

    A batch is normalised with its own statistics, as in training, while noise such as Dropout's rests, as in inference.
    Images are as they are without augmentation, and the same ones each time: where a run goes on, so do the bits.

    Args:
        part: what is trained.
        batch_size: images per batch, as in training; what is left of the last one is not used.
    """

    def __init__(self, part: TrainedPart, batch_size: int):
        super().__init__()
        self.part, self.batches = part, settled_batches(len(part.train[1]), batch_size)
        self.norms = trained_norms(part.model)
        self.statistics = [each for norm in self.norms for each in (norm.moving_mean, norm.moving_variance)]
        self.of_batch = quickly(self.pass_through)
        self.settled: list[np.ndarray] = []

    def on_test_begin(self, logs: dict | None = None) -> None:
        self.settled = self.computed()
        self.lent = ExitStack()
        self.lent.enter_context(self.judged())

    def on_test_end(self, logs: dict | None = None) -> None:
        self.lent.close()

    def judged(self) -> AbstractContextManager[None]:
        """Have the model the statistics that it was last validated with inside the block."""
        return holding(self.statistics, self.settled)

    def computed(self) -> list[np.ndarray]:
        """Mean and variance of each layer's inputs, averaged over the batches."""
        with at_rest(self.part.noisy), forgetful(self.norms):
            passes = (self.of_batch(values_of(self.part.model), self.part.train[0][rows]) for rows in self.batches)
            sums = [0.0] * len(self.statistics)
            for found in passes:
                sums = [so_far + ops.convert_to_numpy(one) for so_far, one in zip(sums, found, strict=True)]
        return [(each / len(self.batches)).astype("float32") for each in sums]

    def pass_through(self, values: Values, inputs: Any) -> list[Any]:
        """The statistics after a pass in training, of which nothing stays in the model."""
        model, (trained, fixed) = self.part.model, values
        mapping = zip(model.trainable_variables + model.non_trainable_variables, [*trained, *fixed], strict=True)
        with keras.StatelessScope(mapping) as scope:
            model(inputs, training=True)
        return [scope.get_current_value(each) for each in self.statistics]


def trained_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The BatchNormalization layers whose statistics move while a model trains."""
    found = (layer for layer in inner_layers(model) if isinstance(layer, keras.layers.BatchNormalization))
    return [layer for layer in found if layer.trainable]


def settled_batches(count: int, batch_size: int) -> np.ndarray:
    """Rows of so many images for statistics, mixed as in training: int64 (batches, images of each)."""
    rows = np.random.default_rng(0).permutation(places(count, max(SETTLED_ON, batch_size)))
    batches = max(len(rows) // batch_size, 1)
    return rows[: batches * batch_size].reshape(batches, -1)


@contextmanager
def forgetful(norms: list[keras.layers.BatchNormalization]) -> Iterator[None]:
    """Have the moving statistics be those of the last batch alone inside the block."""
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
