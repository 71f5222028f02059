"""Ctrl-C that reaches its end: Keras catches everything while it waits for a step's figures, an interrupt too."""

from typing import Any

import keras

from vgglab.interrupts import NotedInterrupts


class KeptInterrupts(NotedInterrupts, keras.callbacks.Callback):
    """Raises an interrupt again that came during `Model.fit` and was swallowed, at the next step or epoch.

    Example:
        >>> with KeptInterrupts() as kept:
        ...     model.fit(images, labels, callbacks=[kept])
    """

    def __init__(self) -> None:
        NotedInterrupts.__init__(self)
        keras.callbacks.Callback.__init__(self)

    def raise_again(self, *_: Any, **__: Any) -> None:
        """Raise the interrupt that came, as it would have ended the training had it not been swallowed."""
        if self.came:
            raise KeyboardInterrupt

    on_epoch_begin = on_epoch_end = on_train_batch_begin = on_test_batch_begin = raise_again
