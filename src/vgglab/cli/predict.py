"""`vgglab predict` and `vgglab explain`: what a saved model says of pictures in files, and what speaks for it."""

import csv
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from vgglab.cli.console import say
from vgglab.cli.parameters import Classes, Code, Model, run_code
from vgglab.config.shown import one_line, shown_name
from vgglab.keras_tools.backend import import_keras

Paths = Annotated[
    list[str], typer.Argument(metavar="IMAGE|FOLDER...", help="Picture files, and folders with them at any depth.")
]
Json = Annotated[bool, typer.Option("--json", help="A line of JSON for each picture, on stdout.")]

Prediction = Any  # of evaluation.predict, which is not loaded for --help


def predict(
    model: Model,
    paths: Paths,
    top: Annotated[int, typer.Option(min=1, help="Classes named for each picture, at most.")] = 5,
    csv_file: Annotated[str | None, typer.Option("--csv", metavar="FILE|-", help="Write CSV; - is stdout.")] = None,
    classes: Classes = None,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Say what pictures show, by a saved model: the most probable classes of each; code 1 if one cannot be read."""
    target = _csv_target(csv_file, as_json)
    import_keras()
    from vgglab.evaluation.predict import predict_files
    from vgglab.training.progress import counting

    classifier, tally = _find(model, classes, code), Counter()
    columns = min(top, len(classifier.classes))
    live = sys.stderr.isatty() and (target is not None or not sys.stdout.isatty())
    with counting("auto" if live else "none", "pictures", _number_of_files(paths) if live else 0) as count:
        predictions = _told(predict_files(classifier, paths, top), tally, count)
        if target is not None:
            _write_csv_file(predictions, target, columns)
        elif csv_file == "-":
            _write_csv(predictions, sys.stdout, columns)
        else:
            _print(predictions, as_json)
    if target is not None:
        say(f"written: {target}, {tally['files'] - tally['failed']:,} pictures")
    _conclude(tally)


def explain(
    model: Model,
    paths: Paths,
    out: Annotated[Path, typer.Option(help="Folder for the drawings; one of the same name is replaced.")] = Path(
        "explanations"
    ),
    class_name: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Class to explain; else the most probable one.")
    ] = None,
    classes: Classes = None,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Draw, next to each picture, what in it speaks for its class (Grad-CAM); prints the drawings' paths."""
    from vgglab.errors import UsageError, VgglabError

    if out.exists() and not out.is_dir():
        raise UsageError(f"--out: {out} is a file; expected a folder, new or not")
    import_keras()
    from vgglab.datasets.pictures import find_files
    from vgglab.evaluation.explain import Explainer

    explainer, tally, names = Explainer(_find(model, classes, code)), Counter(), set()
    if class_name is not None:
        explainer.check_class(class_name)
    out.mkdir(parents=True, exist_ok=True)
    for path, problem in find_files(paths):
        tally["files"] += 1
        try:
            told = None if problem else explainer.explain(path, class_name)
        except VgglabError as error:
            told, problem = None, str(error).removeprefix(f"{path} ").partition(";")[0]
        if told is None:
            tally["failed"] += 1
            say(f"vgglab: {path} {problem}")
            if as_json:
                typer.echo(json.dumps({"path": path, "error": problem}))
            continue
        drawing = told.save(out / _free_name(Path(path).stem, names))
        row = told.as_dict() | {"drawing": str(drawing)}
        typer.echo(json.dumps(row) if as_json else f"{drawing}  {shown_name(told.predicted)} {told.probability:.4f}")
    _conclude(tally)


def _find(model: Path, classes: Path | None, code: Path | None) -> Any:
    """The classifier; a line tells where it has no names for its classes."""
    from vgglab.runs.find import find_classifier

    run_code(code)
    classifier = find_classifier(model, classes)
    if not classifier.named:
        side = classifier.picture_side
        say(f"{model}: holds no class names, so they are numbers; it is given {side}x{side} pixels, RGB, 0 to 255")
    return classifier


def _told(predictions: Iterable[Prediction], tally: Counter, count: Any) -> Iterator[Prediction]:
    """The predictions, counted; a line on stderr for each that failed."""
    for prediction in predictions:
        tally["files"] += 1
        if prediction.error is not None:
            tally["failed"] += 1
            say(f"vgglab: {one_line(_printable(prediction.path))} {prediction.error}")
        count(1)
        yield prediction


def _conclude(tally: Counter) -> None:
    if tally["failed"] and tally["files"] > 1:
        say(f"vgglab: {tally['failed']:,} of {tally['files']:,} files gave no result")
    if tally["failed"]:
        raise typer.Exit(1)


def _print(predictions: Iterable[Prediction], as_json: bool) -> None:
    for prediction in predictions:
        if as_json:
            typer.echo(json.dumps(prediction.as_dict()))
        elif prediction.error is None:
            pairs = zip(prediction.classes, prediction.probabilities, strict=True)
            said = "  ".join(f"{shown_name(name)} {probability:.4f}" for name, probability in pairs)
            typer.echo(f"{one_line(_printable(prediction.path))}  {said}")


def _csv_target(csv_file: str | None, as_json: bool) -> Path | None:
    """The file to write, once it is sure that it can be; None where there is none."""
    from vgglab.errors import UsageError

    if csv_file is not None and as_json:
        raise UsageError("--csv and --json exclude each other; choose one")
    if csv_file is None or csv_file == "-":
        return None
    path = Path(csv_file)
    if path.is_dir():
        raise UsageError(f"--csv: {path} is a folder; expected a file to write, or - for stdout")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--csv: there is no folder {path.parent}; make it first")
    if not os.access(path.absolute().parent, os.W_OK):
        raise UsageError(f"--csv: no permission to write in {path.parent}; name another folder, or - for stdout")
    return path


def _write_csv_file(predictions: Iterable[Prediction], target: Path, columns: int) -> None:
    from vgglab.runs.files import write_atomic

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            _write_csv(predictions, file, columns)

    write_atomic(target, write)


def _write_csv(predictions: Iterable[Prediction], file: IO[str], columns: int) -> None:
    """A row a picture: path, class, probability, class_2, probability_2, ..., error."""
    numbers = ["", *(f"_{place}" for place in range(2, columns + 1))]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["path", *(f"{name}{number}" for number in numbers for name in ("class", "probability")), "error"])
    for prediction in predictions:
        pairs = zip(prediction.classes, prediction.probabilities, strict=True)
        cells = [cell for pair in pairs for cell in pair] or [""] * (2 * columns)
        writer.writerow([_printable(prediction.path), *cells, prediction.error or ""])


def _free_name(stem: str, taken: set[str]) -> str:
    """A name for a drawing that no other picture of this command has."""
    name, number = f"{stem}.png", 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}.png"
    taken.add(name)
    return name


def _number_of_files(paths: list[str]) -> int:
    from vgglab.datasets.pictures import find_files

    return sum(1 for _ in find_files(paths))


def _printable(path: str) -> str:
    """A path with what is no UTF-8 in it replaced."""
    return os.fsencode(path).decode("utf-8", "replace")
