"""Ctrl-C that comes at a bad moment: while a finalizer or a callback of C code runs, where Python can raise nothing."""

import _thread
import signal
import sys
import threading
from typing import Any

CODE = 130  # of a process that was interrupted, as shells have it
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
