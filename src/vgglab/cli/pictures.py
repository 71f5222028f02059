"""What commands that read picture files share: the files, what is said of those that fail, and the exit code."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from vgglab.cli.console import say
from vgglab.config.shown import one_line

HELP = "Picture files, and folders with them at any depth."
Pictures = Annotated[list[str], typer.Argument(metavar="IMAGE|FOLDER...", help=HELP)]
PictureLines = Annotated[bool, typer.Option("--json", help="A line of JSON for each picture, on stdout.")]


def complaining(predictions: Iterable[Any]) -> Iterator[Any]:
    """The predictions; a line on stderr for each that failed."""
    from vgglab.evaluation.score_files import printable

    for prediction in predictions:
        if prediction.error is not None:
            say(f"vgglab: {one_line(printable(prediction.path))} {prediction.error}")
        yield prediction


def say_unnamed(model: object, network: Any) -> None:
    """A line where a network has no names for its classes."""
    if not network.named:
        side = network.picture_side
        say(f"{model}: holds no class names, so they are numbers; it is given {side}x{side} pixels, RGB, 0 to 255")


def conclude(files: int, failed: int) -> None:
    """End with code 1 where a picture gave no result.

    Raises:
        typer.Exit: so it was.
    """
    if failed and files > 1:
        say(f"vgglab: {failed:,} of {files:,} files gave no result")
    if failed:
        raise typer.Exit(1)
