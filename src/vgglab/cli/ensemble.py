"""`vgglab ensemble`: several networks as one."""

from pathlib import Path
from typing import Annotated

import typer

import vgglab
from vgglab.cli.console import say
from vgglab.cli.parameters import Code, Paths, Tta, run_code


def ensemble(
    paths: Paths,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="MODEL.keras", help="New file to write.")],
    tta: Tta = None,
    code: Code = None,
) -> None:
    """Save the networks of all seeds or folds as one model that averages what they say."""
    run_code(code)
    made = vgglab.ensemble(*paths, output=output, tta=tta)
    say(f"written: {output}, {len(made.classes)} classes; vgglab predict, evaluate --data and export take it")
