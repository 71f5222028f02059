"""How the command line speaks: data on stdout, the rest on stderr, one line for an error."""

import functools
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from vgglab import interrupts
from vgglab.cli.options import expand_options
from vgglab.errors import VgglabError, explain
from vgglab.report.tables import text_table

# What stays of a command that was interrupted, by its name; others leave things as they were.
KEPT = {
    "train": "; whole epochs are kept, and vgglab train --resume RUN goes on (vgglab runs lists them), or with "
    "--seeds or --folds the same command",
    "predict": "; what was scored into a file is kept, and the same command goes on",
    "study": "; whole epochs are kept, and the same command goes on",
    "search": "; whole epochs are kept, and the same command goes on",
}


def say(message: str) -> None:
    """A line for a person, on stderr, in one piece: threads may say something at once."""
    print(f"{message}\n", end="", file=sys.stderr, flush=True)


def say_report(folder: Path, language: str) -> None:
    """Write the report of a study or a search; whatever is wrong with it, its runs are done and stay so."""
    from vgglab.report.html import write_report

    try:
        say(f"report: {write_report([folder], language=language)}")
    except Exception as error:
        say(f"no report was written: {explain(error)}")


class Complaints:
    """Told of what is left out of a listing: each is a line on stderr, once, and makes the exit code 1."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def __call__(self, error: VgglabError) -> None:
        """Say what is wrong, unless that was said."""
        if str(error) not in self.said:
            say(f"vgglab: left out: {explain(error)}")
        self.said.add(str(error))

    def exit(self) -> None:
        """End the command with code 1 where anything was said.

        Raises:
            typer.Exit: so it was.
        """
        if self.said:
            raise typer.Exit(1)


def print_table(header: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """A table on stdout."""
    print(text_table(header, cells))


_command = functools.cache(typer.main.get_command)  # which takes longer than many a command


def run_command(app: typer.Typer, arguments: list[str]) -> int:
    """Run the command line and give its exit code; an error becomes one line on stderr.

    `--debug`, anywhere on the line, lets the traceback through.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    if expand_options(app, arguments):
        _command.cache_clear()
    try:
        with interrupts.interrupt_first():
            code = _command(app).main(arguments, prog_name="vgglab", standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort):
        code = interrupts.CODE
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nothing is left to say
        return 1
    except Exception as error:
        if debug and not hasattr(error, "format_message"):
            raise
        say(f"vgglab: {explain(error)}")
        return getattr(error, "exit_code", 1)
    if code == interrupts.CODE:
        say(f"vgglab: interrupted{KEPT.get(''.join(arguments[:1]), '')}")
    return code
