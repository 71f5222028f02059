"""`vgglab doubts`: labels that look wrong."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import vgglab
from vgglab.cli.console import print_table, say
from vgglab.cli.parameters import DataDir, Json, Language

FIRST = 10  # that are told on the terminal


def doubts(
    folder: Annotated[Path, typer.Argument(metavar="NAME", help="Folder of a cross-validation, as --folds makes it.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New CSV file, the page beside it; else doubts.csv in NAME.")
    ] = None,
    top: Annotated[int | None, typer.Option(min=1, help="So many; else those that are likely to be wrong.")] = None,
    data: Annotated[Path | None, typer.Option(help="The folder that the pictures are in now.")] = None,
    data_dir: DataDir = None,
    language: Language = "en",
    as_json: Json = False,
) -> None:
    """Find labels that look wrong, by networks that did not see the pictures: a page to look at, a CSV to correct."""
    from vgglab.runs.store import find_folder

    given = {"data": data, "data_dir": data_dir, "top": top, "output": output}
    found = vgglab.find_doubts(folder, **given, language=language)
    if as_json:
        typer.echo(json.dumps([asdict(doubt) for doubt in found], indent=1))
    else:
        cells = [
            [one.name, one.label, f"{one.label_probability:.4f}", one.suggested, f"{one.probability:.4f}"]
            for one in found[:FIRST]
        ]
        print_table(["picture", "class", "probability", "suggested", "probability"], cells)
    table = output or find_folder(folder) / "doubts.csv"
    say(f"{len(found)} doubtful labels: look at {table.with_suffix('.html')}, correct {table}, train --without {table}")
