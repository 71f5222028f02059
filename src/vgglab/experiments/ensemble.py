"""Several trained networks as one saved model, which averages what they say."""

from collections.abc import Sequence
from pathlib import Path

from vgglab.errors import RunError, UsageError
from vgglab.models.ensemble import average
from vgglab.report.compare import find_runs
from vgglab.runs.saved_model import Classifier, load_classifier, save_model

TTA = ("flip",)


def ensemble(*runs: Path | str, output: Path | str, tta: str | None = None) -> Classifier:
    """Save one model that averages the probabilities of the best models of some runs, of all seeds or folds say.

    It is a `.keras` file with class names inside as a run's is, for `predict_files`, `evaluate` with `data`, `export`
    and any Keras. It holds the weights of all, and takes their time.

    Args:
        *runs: run folders, and folders of runs such as NAME of `run_seeds` or `run_folds`, which stand for all in them.
        output: the file, which is not there yet.
        tta: `flip` averages over each image and its mirror image too, which doubles the time; None does not.

    Returns:
        The classifier.

    Raises:
        RunError: a run has no model, or they have other classes or take other images than the first.
        UsageError: the file is there already or is no `.keras` file, or `tta` is unknown.

    Example:
        >>> import vgglab
        >>> vgglab.ensemble("runs/normed", output="normed.keras", tta="flip").classify(images)
    """
    target = Path(output)
    if tta not in (None, *TTA):
        raise UsageError(f"--tta is {tta!r}; expected one of {', '.join(TTA)}")
    if target.suffix != ".keras" or target.exists() or not target.absolute().parent.is_dir():
        wrong = "is there already" if target.exists() else "is no .keras file in a folder that is there"
        raise UsageError(f"--output: {target} {wrong}; name a new one")
    files = [run.folder / "best.keras" for run in find_runs(list(runs))]
    members = [load_classifier(file) for file in files]
    _check_alike(files, members)
    first = members[0]
    model = average([member.model for member in members], flip=tta == "flip")
    save_model(model, target, first.classes, {"history": []}, first.levels)
    return Classifier(model, first.classes, levels=first.levels)


def _check_alike(files: Sequence[Path], members: Sequence[Classifier]) -> None:
    """Refuse members that do not see the same images, or do not name the same classes."""
    first = members[0]
    for file, member in zip(files, members, strict=True):
        if member.classes != first.classes:
            raise RunError(f"{file}: has other classes than {files[0]}; only networks of the same ones can be averaged")
        if member.model.input_shape != first.model.input_shape or member.levels != first.levels:
            raise RunError(f"{file}: takes images of another size or other grey levels than {files[0]}")
