"""Callbacks that are told of steps some at a time: to look at a step's figures is to wait for the device."""

from typing import Any

import keras

from vgglab.diagnosis.recorder import SAMPLED_STEPS

TOLD_TOGETHER = 25  # steps


class Together(keras.callbacks.CallbackList):
    """A list of callbacks for `Model.fit` that are told of each step, in order, but after some more have been taken.

    Steps that the recording of signals looks at are told of as they are taken.
    """

    def __init__(self, callbacks: list[keras.callbacks.Callback], **options: Any):
        self.waiting: list[tuple[int, dict]] = []
        self.sampled: tuple[int, ...] = ()
        super().__init__(callbacks, add_history=True, **options)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.sampled = SAMPLED_STEPS if epoch == 0 else ()
        super().on_epoch_begin(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        if batch + 1 in self.sampled:
            self.tell()
        super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.waiting.append((batch, logs))
        if batch + 1 in self.sampled or len(self.waiting) == TOLD_TOGETHER:
            self.tell()

    def on_test_begin(self, logs: dict | None = None) -> None:
        self.tell()
        super().on_test_begin(logs)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.tell()
        super().on_epoch_end(epoch, logs)

    def tell(self) -> None:
        """Tell of the steps that nobody was told of yet."""
        waiting, self.waiting = self.waiting, []
        for batch, logs in waiting:
            super().on_train_batch_end(batch, logs)
