"""The classifier that a person names: by a run, by a model's file, or by a run's seeds or folds."""

from pathlib import Path
from typing import Any

from vgglab.errors import RunError, UsageError
from vgglab.keras_tools.backend import import_keras
from vgglab.runs.record import BEST
from vgglab.runs.remote.folder import fetched
from vgglab.runs.remote.names import shown
from vgglab.runs.seeds import find_group
from vgglab.runs.store import Run, find_folder


def find_classifier(path: Path | str, classes: Path | str | None = None) -> Any:
    """The best model of a run, or the one in a `.keras` file; where a file has no class names, classes are numbered.

    Args:
        path: a run folder, a run's name below `./runs`, or a file.
        classes: a text file with a class name a line, for a file without.

    Returns:
        A `vgglab.Classifier`.

    Raises:
        RunError: there is no such thing, the run has no model yet, or the file is damaged.
        UsageError: `classes` was given for a run, or does not fit the file.
    """
    file = find_model(path, classes)
    import_keras()
    from vgglab.runs.saved_model import open_classifier

    path = find_folder(path)
    return Run(path).classifier if path.is_dir() else open_classifier(file, classes)


def find_model(path: Path | str, classes: Path | str | None = None) -> Path:
    """The `.keras` file that `find_classifier` reads, with the same arguments and errors; no backend is loaded."""
    path = find_folder(path)
    if path.is_dir():
        run = Run(path)
        run.check_trained("there is no model in the folder; name a .keras file that the script saves")
        if not fetched(path / BEST).exists():
            raise RunError(
                f"{shown(path)}: {BEST} is missing, the run is {run.status}; there is no model to predict with"
            )
        if classes:
            raise UsageError(f"--classes {classes}: the run {shown(path)} knows its class names; leave --classes out")
        return path / BEST
    if path.suffix != ".keras":
        problem = "is not a .keras file" if path.exists() else "no such run folder or model file"
        raise RunError(
            f"{shown(path)}: {problem}; expected a run folder or a .keras file (`vgglab runs` lists the runs)"
        )
    return path


def find_models(path: Path | str, ensemble: bool = False, classes: Path | str | None = None) -> list[Path]:
    """The `.keras` files that a person names: with `ensemble` those of all seeds or folds in a folder, else one.

    Raises:
        RunError: as of `find_model`, or the folder holds no seeds or folds.
        UsageError: as of `find_model`.
    """
    if not ensemble:
        return [find_model(path, classes)]
    return [find_model(run.folder, classes) for run in find_group(path).runs]


def find_averaged(path: Path | str, ensemble: bool, tta: str | None, classes: Path | str | None = None) -> Any:
    """As `find_classifier`; with `ensemble` the mean over all seeds or folds, with `tta` also over views of an image.

    Raises:
        RunError: as of `find_models` and `runs.ensemble.open_members`.
        UsageError: as of `find_models`, or `tta` is unknown.
    """
    files = find_models(path, ensemble, classes)
    import_keras()
    from vgglab.runs.ensemble import averaged, check_tta, open_members

    check_tta(tta)
    return averaged(open_members(files, classes), tta)
