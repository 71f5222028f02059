"""What the process of a run does.

Ctrl-C reaches every process of a terminal. The one that is forked from never sees it; a run does from the moment on
that it can put itself away, and until then it is held back, not lost.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vgglab.interrupts import CODE, INTERRUPTS, interrupt_main_thread, raise_swallowed_again

AGAIN = 5  # seconds until a run that is alone and goes on is interrupted again


def train_here(
    path: Path, quiet: bool, share: dict[str, str], label: str, environment: dict[str, str], places: Any = None
) -> None:
    """Go on with a run and say what came of it; the run's record has why it failed.

    Args:
        path: of the run.
        quiet: no live progress.
        share: environment variables of this run alone.
        label: what the lines on stderr begin with, where other runs write there too; else empty.
        environment: of the process that asks for it.
        places: where what it reads is here, as for `go_on`; None for where its config says.
    """
    try:
        raise_swallowed_again()
        _listen(_leave)
        threading.Thread(target=_interrupt_when_alone, daemon=True).start()
        os.environ.update(environment | share)
        from vgglab.experiments.grid import preloaded
        from vgglab.report.outcome import outcome_text

        if label:
            sys.stderr = Labelled(sys.stderr, label)
        _listen(signal.default_int_handler)
        run = preloaded.go_on(path, places or {}, progress=_progress(quiet, bool(label)))
        print(outcome_text(run), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        _be_deaf()
        sys.exit(CODE)
    except Exception:
        sys.exit(1)


class Labelled:
    """A stream whose lines begin with a label, each written in one piece.

    Args:
        stream: that is written to.
        label: of all lines.
    """

    def __init__(self, stream: Any, label: str):
        self.stream, self.label, self.begun = stream, label, ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write the lines that are whole now."""
        *lines, self.begun = (self.begun + text).split("\n")
        if lines:
            self.stream.write("".join(f"{self.label}: {line}\n" for line in lines))
        return len(text)


def _progress(quiet: bool, beside: bool) -> str:
    """How the training is told of: a live line would overwrite that of another run."""
    asked = "none" if quiet else os.environ.get("VGGLAB_PROGRESS", "auto")
    return "lines" if asked == "auto" and beside and sys.stderr.isatty() else asked


def _leave(*_: object) -> None:
    """End at once: nothing was begun yet, and what is being imported may swallow an exception."""
    os._exit(CODE)


def _listen(handler: Callable[..., Any]) -> None:
    """Be interrupted by what comes from now on, and by what came since this process began."""
    for number in INTERRUPTS:
        signal.signal(number, handler)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)


def _be_deaf() -> None:
    """Let nothing interrupt what is left to do."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt_when_alone() -> None:
    """Wait for the end of the study's process, however it ends: nobody would know of a run that went on without it."""
    multiprocessing.parent_process().join()
    while True:  # libraries swallow an interrupt where it comes at a bad moment
        interrupt_main_thread()
        time.sleep(AGAIN)
