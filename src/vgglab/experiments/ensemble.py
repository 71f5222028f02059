"""Several trained networks as one model, which averages what they say."""

from pathlib import Path

from vgglab.errors import UsageError
from vgglab.report.compare import find_runs
from vgglab.runs.ensemble import averaged, check_tta, open_members
from vgglab.runs.find import find_model
from vgglab.runs.remote.names import here
from vgglab.runs.saved_model import Classifier, save_model


def ensemble(*runs: Path | str, output: Path | str | None = None, tta: str | None = None) -> Classifier:
    """One model that averages the probabilities of the best models of some runs, of all seeds or folds say.

    Saved, it is a `.keras` file with class names inside as a run's is, for `predict_files`, `evaluate` with `data`,
    `export` and any Keras. It holds the weights of all, and takes their time.

    Args:
        *runs: run folders, and folders of runs such as NAME of `run_seeds` or `run_folds`, which stand for all in them.
        output: the file, which is not there yet; None saves nothing.
        tta: `flip` averages over each image and its mirror image too, which doubles the time; None does not.

    Returns:
        The classifier, which `predict_files` takes as well.

    Raises:
        RunError: a run has no model, or they have other classes or take other images than the first.
        UsageError: the file is there already or is no `.keras` file, or `tta` is unknown.

    Example:
        >>> import vgglab
        >>> vgglab.ensemble("runs/normed", output="normed.keras", tta="flip").classify(images)
    """
    check_tta(tta)
    target = None if output is None else _checked(here(output, "--output"))
    made = averaged(open_members([find_model(run.folder) for run in find_runs(list(runs))]), tta)
    if target:
        save_model(made.model, target, made.classes, {"history": []}, made.levels)
    return made


def _checked(target: Path) -> Path:
    if target.suffix != ".keras" or target.exists() or not target.absolute().parent.is_dir():
        wrong = "is there already" if target.exists() else "is no .keras file in a folder that is there"
        raise UsageError(f"--output: {target} {wrong}; name a new one")
    return target
