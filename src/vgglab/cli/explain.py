"""`vgglab explain`: what in pictures speaks for their classes."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from vgglab.cli.console import say
from vgglab.cli.parameters import Classes, Code, Model, run_code
from vgglab.cli.pictures import PictureLines, Pictures, conclude, say_unnamed
from vgglab.config.shown import shown_name
from vgglab.keras_tools.backend import import_keras


def explain(
    model: Model,
    paths: Pictures,
    out: Annotated[Path, typer.Option(help="Folder for the drawings; one of the same name is replaced.")] = Path(
        "explanations"
    ),
    class_name: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Class to explain; else the most probable one.")
    ] = None,
    classes: Classes = None,
    code: Code = None,
    as_json: PictureLines = False,
) -> None:
    """Draw, next to each picture, what in it speaks for its class (Grad-CAM); prints the drawings' paths."""
    from vgglab.errors import UsageError, VgglabError
    from vgglab.runs.remote.names import here

    out = here(out, "--out")
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out: {out} is a file; expected a folder, new or not")
    import_keras()
    from vgglab.datasets.pictures import find_files
    from vgglab.evaluation.explain import Explainer

    explainer, files, failed, names = Explainer(_find(model, classes, code)), 0, 0, set()
    if class_name is not None:
        explainer.check_class(class_name)
    out.mkdir(parents=True, exist_ok=True)
    for path, problem in find_files(paths):
        files += 1
        try:
            told = None if problem else explainer.explain(path, class_name)
        except VgglabError as error:
            told, problem = None, str(error).removeprefix(f"{path} ").partition(";")[0]
        if told is None:
            failed += 1
            say(f"vgglab: {path} {problem}")
            if as_json:
                typer.echo(json.dumps({"path": path, "error": problem}))
            continue
        drawing = told.save(out / _free_name(Path(path).stem, names))
        row = told.as_dict() | {"drawing": str(drawing)}
        typer.echo(json.dumps(row) if as_json else f"{drawing}  {shown_name(told.predicted)} {told.probability:.4f}")
    conclude(files, failed)


def _find(model: Path, classes: Path | None, code: Path | None) -> Any:
    """The classifier; a line tells where it has no names for its classes."""
    from vgglab.runs.find import find_classifier

    run_code(code)
    classifier = find_classifier(model, classes)
    say_unnamed(model, classifier)
    return classifier


def _free_name(stem: str, taken: set[str]) -> str:
    """A name for a drawing that no other picture of this command has."""
    name, number = f"{stem}.png", 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}.png"
    taken.add(name)
    return name
