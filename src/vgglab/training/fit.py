"""To `Model.fit`, from batches and the part of a model that is trained."""

import math

import keras

from vgglab.errors import VgglabError
from vgglab.keras_tools.averages import ValidateAverages, kept_apart
from vgglab.keras_tools.precision import inner_optimizer
from vgglab.training.batches import Batches, SeedEpochs, feed, one_hot
from vgglab.training.fast_cpu import fast_batch_norm
from vgglab.training.freezing import at_rest
from vgglab.training.interrupts import KeptInterrupts
from vgglab.training.part import TrainedPart


class NonFiniteLoss(VgglabError):
    """The loss became NaN or infinite; training stopped at once, after the steps that were done together."""

    def __init__(self, loss: float, epoch: int, step: int):
        super().__init__(f"the loss became {loss} in epoch {epoch}, step {step}")
        self.epoch, self.step = epoch, step


class StopOnNonFinite(keras.callbacks.Callback):
    """Stops at the first step whose loss is NaN or infinite."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise NonFiniteLoss(loss, self.epoch, batch + 1)


def fit(
    part: TrainedPart,
    batch_size: int,
    epochs: range,
    seed: int,
    callbacks: list[keras.callbacks.Callback],
) -> None:
    """Train the part of a model that is trained.

    Args:
        part: its model is compiled.
        batch_size: images per step.
        epochs: the epochs to train, from 0; `range(4, 10)` goes on after four.
        seed: of the data order, and of the noise of layers such as Dropout.
        callbacks: told of every epoch and step.

    Raises:
        NonFiniteLoss: the loss became NaN or infinite.
    """
    train = Batches(*part.train, batch_size, seed, part.augmenter, part.classes)
    validation = Batches(*part.validation, 4 * batch_size, classes=part.classes)
    complete(part)
    optimizer = part.model.optimizer
    with fast_batch_norm(part.model), at_rest(part.resting), kept_apart(optimizer), KeptInterrupts() as kept:
        averages = [ValidateAverages()] if inner_optimizer(optimizer).use_ema else []
        callbacks = [SeedEpochs(train, part.noisy, seed), *averages, *callbacks, StopOnNonFinite(), kept]
        for span, steps in spans(epochs, part.steps_at_once):
            part.model.steps_per_execution = steps
            part.model.train_function = part.model.test_function = None  # they were traced for another number
            part.model.fit(
                feed(train),
                validation_data=feed(validation),
                class_weight=part.class_weights,
                initial_epoch=span.start,
                epochs=span.stop,
                shuffle=False,
                verbose=0,
                callbacks=callbacks,
            )
            if part.model.stop_training:
                break


def complete(part: TrainedPart) -> None:
    """Make what a compiled model otherwise makes in its first step: the optimizer's variables, loss and metrics.

    TensorFlow traces a step that makes variables twice: a second for a VGG-16, in every run.
    """
    model, labels = part.model, part.train[1][:1]
    if part.classes is not None:
        labels = one_hot(labels, part.classes)
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    outputs = keras.ops.ones((1, *model.output_shape[1:]))
    model.compute_loss(None, labels, outputs)
    model.compute_metrics(None, labels, outputs)
    model.reset_metrics()


def spans(epochs: range, steps_at_once: int) -> list[tuple[range, int]]:
    """Epochs, and how many steps are done at once in them: one in a run's first epoch, whose steps are recorded."""
    first, rest = range(epochs.start, min(epochs.stop, 1)), range(max(epochs.start, 1), epochs.stop)
    if steps_at_once == 1:
        return [(epochs, 1)]
    return [(span, steps) for span, steps in ((first, 1), (rest, steps_at_once)) if span]
