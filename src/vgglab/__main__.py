"""The command `vgglab`, and `python -m vgglab`: the command line, which may be interrupted from its first moment on."""

import gc
import signal
import sys

from vgglab.interrupts import raise_swallowed_again

SELDOM = (20_000, 50, 100)  # most of what a command makes stays until its end: looking for garbage is a tenth of a run


def main() -> None:
    """Run the command line and end with its exit code."""
    gc.set_threshold(*SELDOM)
    raise_swallowed_again()
    try:
        from vgglab.cli.app import app
        from vgglab.cli.console import run_command

        code = run_command(app, sys.argv[1:])
    except KeyboardInterrupt:  # before the command line was there to tell
        print("vgglab: interrupted", file=sys.stderr)
        code = 130
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending: a second Ctrl-C has nothing left to interrupt
    sys.exit(code)


if __name__ == "__main__":
    main()
