"""Ctrl-C that reaches its end: Keras catches everything while it waits for a step's figures, an interrupt too."""

import signal
import threading
from types import FrameType
from typing import Any, Self

import keras

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


class KeptInterrupts(keras.callbacks.Callback):
    """Raises an interrupt again that came during `Model.fit` and was swallowed, at the next step or epoch.

    Signals are handled as before, and noted. Outside of the main thread, which alone gets them, it does nothing.

    Example:
        >>> with KeptInterrupts() as kept:
        ...     model.fit(images, labels, callbacks=[kept])
    """

    def __init__(self) -> None:
        super().__init__()
        self.came = False
        self.before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in INTERRUPTS}
            self.before = {number: handler for number, handler in handlers.items() if callable(handler)}
        for number in self.before:
            signal.signal(number, self.note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def note(self, number: int, frame: FrameType | None) -> None:
        """Note a signal, and do what is done about it."""
        self.came = True
        self.before[number](number, frame)

    def raise_again(self, *_: Any, **__: Any) -> None:
        """Raise the interrupt that came, as it would have ended the training had it not been swallowed."""
        if self.came:
            raise KeyboardInterrupt

    on_epoch_begin = on_epoch_end = on_train_batch_begin = on_test_batch_begin = raise_again
