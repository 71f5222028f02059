"""Ctrl-C that comes at a bad moment: while a finalizer or a callback of C code runs, where Python can raise nothing."""

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

CODE = 130  # of a process that was interrupted, as shells have it
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
AGAIN = 0.05  # seconds until an interrupt that was swallowed comes again


def interrupt_main_thread() -> None:
    """Do to the main thread what Ctrl-C does; it is woken from a wait, too, where a signal can be sent to a thread."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()


def raise_swallowed_again() -> None:
    """Have an interrupt that Python would report and ignore come again in the main thread, with nothing said of it."""
    report = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            report(unraisable)
            return
        again = threading.Timer(AGAIN, interrupt_main_thread)
        again.daemon = True
        again.start()

    sys.unraisablehook = hook


class NotedInterrupts:
    """Notes what interrupts a block, as libraries swallow it at times.

    Signals are handled as before. Outside of the main thread, which alone gets them, it notes nothing.
    """

    def __init__(self) -> None:
        self.came = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in INTERRUPTS}
            self._before = {number: handler for number, handler in handlers.items() if callable(handler)}
        for number in self._before:
            signal.signal(number, self.note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def note(self, number: int, frame: FrameType | None) -> None:
        """Note a signal, and do what is done about it."""
        self.came = True
        self._before[number](number, frame)


@contextmanager
def interrupt_first() -> Iterator[None]:
    """Have an interrupt leave a block as one, where a library that was at work raises something else in its place.

    A ZIP file that is closed while it is written to is one such, and there are more of them.

    Raises:
        KeyboardInterrupt: the block raised anything after it was interrupted.
    """
    with NotedInterrupts() as noted:
        try:
            yield
        except Exception as error:
            if noted.came:
                raise KeyboardInterrupt from error
            raise
