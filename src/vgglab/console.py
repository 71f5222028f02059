"""How the command line speaks: data on stdout, the rest on stderr, one line for an error."""

import errno
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import typer

from vgglab.display import text_table
from vgglab.errors import VgglabError
from vgglab.options import expand_options

INTERRUPTED = 130


def say(message: str) -> None:
    """A line for a person, on stderr."""
    print(message, file=sys.stderr, flush=True)


def print_table(header: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """A table on stdout."""
    print(text_table(header, cells))


def run_command(app: typer.Typer, arguments: list[str]) -> int:
    """Run the command line and give its exit code; an error becomes one line on stderr.

    `--debug`, anywhere on the line, lets the traceback through.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    expand_options(app, arguments)
    command = typer.main.get_command(app)
    try:
        code = command.main(arguments, prog_name="vgglab", standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nothing is left to say
        return 1
    except Exception as error:
        if debug and not hasattr(error, "format_message"):
            raise
        say(f"vgglab: {explain(error)}")
        return getattr(error, "exit_code", 1)
    if code == INTERRUPTED:
        say(
            "vgglab: interrupted; whole epochs are kept, and vgglab train --resume RUN goes on (vgglab runs lists them)"
        )
    return code


def explain(error: Exception) -> str:
    """One line that says what happened and what to do about it."""
    if isinstance(error, VgglabError):
        text = str(error)
    elif hasattr(error, "format_message"):  # what Typer raises for a wrong command line
        text = f"{error.format_message()} (see vgglab --help)"
    elif isinstance(error, OSError) and (error.errno == errno.ENOSPC or "No space left" in str(error)):
        text = f"{error.filename or 'the disk'}: no space left on the device; free some, or use another --out"
    elif isinstance(error, PermissionError):
        text = f"{error.filename}: no permission to write or read there; change it, or use another --out"
    elif isinstance(error, ModuleNotFoundError) and error.name in ("jax", "torch", "tensorflow"):
        text = f"the backend {error.name} is not installed; pip install 'vgglab[{error.name}]' or change KERAS_BACKEND"
    elif isinstance(error, OSError):
        text = str(error)
    else:
        text = f"unexpected {type(error).__name__}: {error}; run again with --debug for the traceback"
    return " ".join(text.split())


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
