"""To an engine, from batches and the part of a model that is trained."""

import math

import keras

from vgglab.engines.choose import choose_engine, engine_name
from vgglab.engines.work import Work
from vgglab.errors import VgglabError
from vgglab.keras_tools.accelerator import accelerated
from vgglab.keras_tools.averages import ValidateAverages, kept_apart
from vgglab.keras_tools.precision import inner_optimizer
from vgglab.training.batches import Batches, SeedEpochs, one_hot
from vgglab.training.checkpoint import Checkpoint
from vgglab.training.fast_cpu import fast_batch_norm
from vgglab.training.freezing import at_rest
from vgglab.training.interrupts import KeptInterrupts
from vgglab.training.part import TrainedPart

LARGE = 20_000_000  # weights; VGG-16 at full width has 33.6 million here, at half of it 8.4


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
    resident: str = "off",
    devices: int = 1,
) -> None:
    """Train the part of a model that is trained.

    Args:
        part: its model is compiled.
        batch_size: images per step.
        epochs: the epochs to train, from 0; `range(4, 10)` goes on after four.
        seed: of the data order, and of the noise of layers such as Dropout.
        callbacks: told of every epoch and step.
        resident: whether images are to lie on the device: `auto`, `on` or `off`.
        devices: that share each batch.

    Raises:
        NonFiniteLoss: the loss became NaN or infinite.
        ConfigError: images are to lie on the device and cannot.
    """
    train = Batches(*part.train, batch_size, seed, part.augmenter, part.classes)
    validation = Batches(*part.validation, 4 * batch_size, classes=part.classes)
    complete(part)
    optimizer = part.model.optimizer
    with fast_batch_norm(part.model), at_rest(part.resting), kept_apart(optimizer), KeptInterrupts() as kept:
        averages = [ValidateAverages()] if inner_optimizer(optimizer).use_ema else []
        callbacks = [SeedEpochs(train, part.noisy, seed), *averages, *callbacks, StopOnNonFinite(), kept]
        engine = choose_engine(part, resident, devices)
        for checkpoint in (each for each in callbacks if isinstance(each, Checkpoint)):
            checkpoint.keep_engine(engine_name(engine))
        engine(Work(part, train, validation, epochs, callbacks))


def complete(part: TrainedPart) -> None:
    """Make what a compiled model otherwise makes in its first step: the optimizer's variables, loss and metrics.

    TensorFlow traces a step that makes variables twice: a second for a VGG-16, in every run. Of a LARGE network it may
    make the optimizer's itself all the same: on a CPU each step is then 5 to 8 % faster (docs/results/train_step.md).
    """
    model, labels = part.model, part.train[1][:1]
    if part.classes is not None:
        labels = one_hot(labels, part.classes)
    if not (model.optimizer.built or better_made_in_first_step(model)):
        model.optimizer.build(model.trainable_variables)
    outputs = keras.ops.ones((1, *model.output_shape[1:]))
    model.compute_loss(None, labels, outputs)
    model.compute_metrics(None, labels, outputs)
    model.reset_metrics()


def better_made_in_first_step(model: keras.Model) -> bool:
    """Whether steps are faster where the first of them makes the optimizer's variables: TensorFlow's on a CPU."""
    plain = (
        keras.backend.backend() == "tensorflow" and not accelerated() and not inner_optimizer(model.optimizer).use_ema
    )
    return plain and sum(math.prod(variable.shape) for variable in model.trainable_variables) >= LARGE
