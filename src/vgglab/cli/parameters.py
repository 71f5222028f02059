"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Classes = Annotated[
    Path | None,
    typer.Option(metavar="NAMES.txt", help="Class names of a model file without, one a line; else numbers."),
]
CODE = "Python file to execute first: it registers a network's own layers; runs that were trained here need none."
Code = Annotated[Path | None, typer.Option(metavar="FILE.py", help=CODE)]
Model = Annotated[
    Path,
    typer.Argument(metavar="RUN|MODEL.keras", help="Run folder or URL, a run's name below ./runs, or a model file."),
]
Out = Annotated[Path, typer.Option("--out", help="Folder that runs are made in, or a URL such as s3://bucket/runs.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", envvar="VGGLAB_DATA", help="Where the data sets lie.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]
Labels = Annotated[str | None, typer.Option(metavar="TABLE", help="Table of the pictures' classes, as for train.")]
Layout = Annotated[str | None, typer.Option(metavar="VALUE", help="What the folder's folders are, as for train.")]
Language = Annotated[str, typer.Option("--lang", help="Language: en or fr.")]
Ensemble = Annotated[
    bool, typer.Option("--ensemble", help="Average what the networks of all seeds or folds in the folder say.")
]
Tta = Annotated[
    str | None, typer.Option("--tta", metavar="flip", help="Average over each image and its mirror image too.")
]
SEEDS = "Train each run with several seeds: how many, or a list such as 1,7,42; in folders NAME/seed-0 and so on."
Seeds = Annotated[str | None, typer.Option("--seeds", metavar="N|LIST", help=SEEDS)]
RAY = "Do the runs on a Ray cluster: auto, local (started here), HOST:PORT or ray://HOST:PORT."
Ray = Annotated[str | None, typer.Option("--ray", metavar="ADDRESS", help=RAY)]
WORKERS = "Runs beside each other, each on a share of the machine: how many, or auto, as many as GPUs, or one."
Workers = Annotated[str, typer.Option("--workers", metavar="N|auto", help=WORKERS)]
Paths = Annotated[list[Path], typer.Argument(metavar="RUN...|STUDY", help="Run folders, or a study's.")]


def run_code(path: Path | None) -> None:
    """Execute the file of `--code`, where one is named."""
    if path is not None:
        from vgglab.runs.source import execute_file

        execute_file(path)
