"""The engine for every backend and device: Keras's own `Model.fit`, batches made on the host."""

from typing import Any

import keras

from vgglab.engines.telling import Together
from vgglab.engines.work import Work
from vgglab.keras_tools.accelerator import accelerated
from vgglab.training.batches import feed
from vgglab.training.part import STEPS_AT_ONCE, TrainedPart


def fit_by_keras(work: Work) -> None:
    """Compute epochs with `Model.fit`."""
    model = work.part.model
    for span, steps in spans(work.epochs, steps_at_once(work.part)):
        model.steps_per_execution = steps
        model.train_function = model.test_function = None  # they were traced for another number
        model.fit(
            feed(work.train),
            validation_data=feed(work.validation),
            class_weight=work.part.class_weights,
            initial_epoch=span.start,
            epochs=span.stop,
            shuffle=False,
            verbose=0,
            callbacks=told_of(work, span),
        )
        if model.stop_training:
            break


def steps_at_once(part: TrainedPart) -> int:
    """Steps a call after the first epoch: on an accelerator TensorFlow, the only one that has such calls, does several.

    Keras does them one by one on JAX and torch, where nobody waits for a step's end.
    """
    several = keras.backend.backend() == "tensorflow" and accelerated()
    return max(part.steps_at_once, STEPS_AT_ONCE if several else 1)


def told_of(work: Work, span: range) -> Any:
    """The callbacks of some epochs: on an accelerator they look at steps some at a time."""
    if not accelerated():
        return work.callbacks
    return Together(work.callbacks, model=work.part.model, epochs=span.stop, steps=len(work.train), verbose=0)


def spans(epochs: range, steps_at_once: int) -> list[tuple[range, int]]:
    """Epochs, and how many steps are done at once in them: one in a run's first epoch, whose steps are recorded."""
    first, rest = range(epochs.start, min(epochs.stop, 1)), range(max(epochs.start, 1), epochs.stop)
    if steps_at_once == 1:
        return [(epochs, 1)]
    return [(span, steps) for span, steps in ((first, 1), (rest, steps_at_once)) if span]
