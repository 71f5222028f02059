"""The command `vgglab`, and `python -m vgglab`: the command line, which may be interrupted from its first moment on."""

import atexit
import contextlib
import gc
import os
import signal
import sys

from vgglab.interrupts import CODE, raise_swallowed_again

SELDOM = (20_000, 50, 100)  # most of what a command makes stays until its end: looking for garbage is a tenth of a run


def main() -> None:
    """Run the command line and end with its exit code."""
    gc.set_threshold(*SELDOM)
    raise_swallowed_again()
    codes: list[int] = []
    atexit.register(_leave_at_once, codes)  # before all others, and so called after them
    try:
        from vgglab.cli.app import app
        from vgglab.cli.console import run_command

        codes.append(run_command(app, sys.argv[1:]))
    except KeyboardInterrupt:  # before the command line was there to tell
        print("vgglab: interrupted", file=sys.stderr)
        codes.append(CODE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending: a second Ctrl-C has nothing left to interrupt
    sys.exit(codes[0])


def _leave_at_once(codes: list[int]) -> None:
    """End an interrupted process here, with everything said.

    Python would take apart what threads of a backend still compute with, which may crash; and it ends by the signal
    SIGINT, not with a code, where the interrupt came inside an `exec` of a library.
    """
    if codes == [CODE]:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(CODE)


if __name__ == "__main__":
    main()
