"""A run's phases, one after the other: what each freezes, and the rate it trains at."""

from collections.abc import Iterator
from dataclasses import dataclass

import keras

from vgglab.config.schema import WEIGHT_DECAY, Phase, RunConfig, TrainConfig
from vgglab.errors import ConfigError
from vgglab.keras_tools.precision import loss_scaling
from vgglab.training.batches import steps_per_epoch
from vgglab.training.compiling import build_optimizer, compile_model
from vgglab.training.freezing import freeze
from vgglab.training.layer_rates import depths
from vgglab.training.schedules import Rate, make_schedule
from vgglab.training.settling import trained_norms


@dataclass(frozen=True)
class Stretch:
    """The epochs of a phase that are still to do.

    Attributes:
        number: of the phase, from 1.
        phase: its settings.
        epochs: of the run, from 0.
        begins: whether the phase begins here, and does not go on.
    """

    number: int
    phase: Phase
    epochs: range
    begins: bool


def remaining(phases: tuple[Phase, ...], done: int) -> Iterator[Stretch]:
    """What is left of the phases after `done` epochs."""
    start = 0
    for number, phase in enumerate(phases, start=1):
        stop = start + phase.epochs
        if done < stop:
            yield Stretch(number, phase, range(max(start, done), stop), begins=done <= start)
        start = stop


def begin_phase(model: keras.Model, config: RunConfig, phase: Phase, images: int) -> None:
    """Freeze what the phase freezes, and compile the model with an optimizer at the phase's rate.

    Args:
        model: flat, from raw images to probabilities.
        config: of the run.
        phase: one of `config.phases`.
        images: training images in an epoch.

    Raises:
        ConfigError: there is no such layer to train from, or nothing is left to train.
    """
    freeze(model, phase.freeze, config.backbone.used)
    steps = steps_per_epoch(images, config.train.batch_size)
    rate = make_schedule(phase.schedule, phase.learning_rate, steps * phase.epochs, round(steps * phase.warmup))
    compile_model(model, make_optimizer(config.train, rate), config.soft_labels)


def make_optimizer(settings: TrainConfig, rate: Rate) -> keras.optimizers.Optimizer:
    """The optimizer that a run asks for, at a rate; what it does not ask for, and 0, is left to Keras."""
    asked = {
        "momentum": settings.momentum,
        "nesterov": settings.nesterov,
        "weight_decay": settings.weight_decay,
        "global_clipnorm": settings.clip_norm,
        "use_ema": settings.ema,
        "ema_momentum": settings.ema and settings.ema_momentum,
    }
    options = {name: value for name, value in asked.items() if value}
    if settings.weight_decay == 0 and settings.optimizer in WEIGHT_DECAY:
        options["weight_decay"] = 0.0  # left out, it would be Keras's own
    optimizer = build_optimizer(settings.optimizer, rate, **options)
    return loss_scaling(optimizer) if settings.precision == "float16" else optimizer


def check_phases(model: keras.Model, config: RunConfig) -> None:
    """Make sure that every phase can freeze what it wants to, before the first one begins.

    Raises:
        ConfigError: there is no such layer to train from, nothing is left to train, or what a setting is about: layers
            below the head, BatchNormalization.
    """
    norms = below_head = 0
    for phase in reversed(config.phases):  # the model is left as the first phase has it
        freeze(model, phase.freeze, config.backbone.used)
        norms += len(trained_norms(model))
        below_head += sum(len(layer.trainable_variables) for layer, depth in depths(model) if depth)
    if config.train.layer_decay < 1 and not below_head:
        raise ConfigError(
            f"train.layer_decay: only the head of {model.name} trains, which has the whole rate; "
            "train from an earlier layer (freeze), or leave it out"
        )
    if config.train.settle_batch_norm and not norms:
        raise ConfigError(
            f"train.settle_batch_norm: no BatchNormalization trains in {model.name}, so there is nothing to settle; "
            "use model.batch_norm, train more layers, or leave it out"
        )
