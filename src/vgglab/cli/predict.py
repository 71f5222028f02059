"""`vgglab predict`: what a network says of pictures in files, be it one, very many, or all that arrive in a folder."""

import os
from pathlib import Path
from typing import Annotated

import typer

from vgglab.cli.parameters import Classes, Code, Ensemble, Tta
from vgglab.cli.pictures import PictureLines
from vgglab.config.export import ENGINES

Anything = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|MODEL.keras|EXPORTED", help="Run folder, a run's name below ./runs, a model file, or its export."
    ),
]
HELP = "Picture files, tar or Parquet shards of them, and folders with them at any depth."
Paths = Annotated[list[str] | None, typer.Argument(metavar="IMAGE|FOLDER|SHARD...", help=HELP)]


def predict(
    model: Anything,
    paths: Paths = None,
    top: Annotated[int, typer.Option(min=1, help="Classes named for each picture, at most.")] = 5,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write .csv or .parquet; goes on where it stopped."),
    ] = None,
    csv_file: Annotated[
        str | None, typer.Option("--csv", metavar="FILE|-", help="Write CSV, whatever the name; - is stdout.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="What computes: auto, onnx (ONNX Runtime, without TensorFlow) or keras.")
    ] = ENGINES[0],
    watch: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Score what is in a folder and arrives there, until Ctrl-C.")
    ] = None,
    ensemble: Ensemble = False,
    tta: Tta = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this vgglab serve, name no model: --url URL IMAGE...")
    ] = None,
    classes: Classes = None,
    code: Code = None,
    as_json: PictureLines = False,
) -> None:
    """Say what pictures show, by a saved model: the most probable classes of each; code 1 if one cannot be read."""
    from vgglab.errors import UsageError

    form = "json" if as_json else "csv" if csv_file else "text"
    if url is not None:
        if out or watch or classes or code or ensemble or tta or csv_file not in (None, "-"):
            raise UsageError("--url prints what the server says: with --top, --json or --csv -; leave the rest out")
        from vgglab.cli.asking import show_server

        return show_server(url, [str(model), *(paths or [])], top, form)
    if watch is None and not paths:
        raise UsageError("there is nothing to predict; name pictures or folders, or a folder to --watch")
    if watch is not None and paths:
        raise UsageError(f"--watch {watch} scores what is in that folder; leave {paths[0]} out")
    target = _target(out, csv_file, as_json, watch)
    from vgglab.cli.scoring import Scorer, printer
    from vgglab.exporting.opening import Asked

    scorer = Scorer(Asked(model, classes, code, ensemble, tta), engine, top)
    if watch is not None:
        scorer.watch(watch, target, printer(form))
    elif target is not None:
        scorer.write(paths, target)
    else:
        scorer.show(paths, printer(form))


def _target(out: str | None, csv_file: str | None, as_json: bool, watch: Path | None) -> Path | None:
    """The file to write, once it is sure that it can be; None where there is none."""
    from vgglab.errors import UsageError

    given = [name for name, value in {"-o": out, "--csv": csv_file, "--json": as_json}.items() if value]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} exclude each other; choose one")
    if csv_file == "-" or not given or as_json:
        return None
    path = Path(out or csv_file)
    if out and path.suffix not in (".csv", ".parquet"):
        raise UsageError(f"-o {path}: expected a name that ends in .csv or .parquet")
    if path.suffix == ".parquet" and (csv_file or watch):
        raise UsageError(f"{given[0]} {path}: Parquet is written with -o, of a list that ends; expected a .csv file")
    if path.is_dir():
        raise UsageError(f"{given[0]}: {path} is a folder; expected a file to write, or --csv - for stdout")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{given[0]}: there is no folder {path.parent}; make it first")
    if not os.access(path.absolute().parent, os.W_OK):
        raise UsageError(f"{given[0]}: no permission to write in {path.parent}; name another folder, or --csv -")
    return path
