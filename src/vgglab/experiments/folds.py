"""Cross-validation: a run a fold, and what they come to together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vgglab.config.schema import RunConfig
from vgglab.errors import ConfigError
from vgglab.evaluation.displays import draw_confusion_matrix, save_figure
from vgglab.evaluation.evaluate import PREDICTION_FIELDS
from vgglab.evaluation.metrics import confusion_counts, confusion_csv, evaluate_predictions
from vgglab.experiments.grid.where import Where
from vgglab.experiments.run import resolve_config
from vgglab.experiments.seeds import run_all
from vgglab.experiments.study import folds_study
from vgglab.report.notebook import Run
from vgglab.runs import folds
from vgglab.runs.files import write_csv, write_json, write_text
from vgglab.runs.remote.folder import sent
from vgglab.runs.seeds import Group, folded
from vgglab.runs.store import DEFAULT_PARENT
from vgglab.runs.store import Run as Folder
from vgglab.training.progress import ProgressMode


def run_folds(
    config: RunConfig | dict[str, Any] | Path | str | None = None,
    *,
    workers: int | str = 1,
    ray: str | None = None,
    out: Path | str = DEFAULT_PARENT,
    data_dir: Path | str | None = None,
    progress: ProgressMode = "auto",
    **options: Any,
) -> list[Run]:
    """Cross-validate: train as `run` does once for each of `folds`, in the folders `NAME/fold-1`, `NAME/fold-2`, ...

    What is there already is gone on with, or read where it is done. Into NAME go `predictions.csv`, with each picture
    judged once by a network that did not see it, `metrics.json` of all of them, and `confusion_matrix.*`.

    Args:
        config: as for `run`, with `data.folds` and without `data.fold`.
        workers: as for `run_seeds`.
        ray: as for `run_seeds`.
        out: folder that the folder NAME is made in.
        data_dir: as for `run`.
        progress: as for `run`.
        **options: as for `run`: `folds=5, groups="patient"`.

    Returns:
        The runs, in the order of the folds.

    Raises:
        ConfigError: an unknown key or a wrong value, or no folds are asked for.
        RunError: the folder holds runs with other settings, the cluster cannot be used, or a run failed; the same call
            goes on.

    Example:
        >>> import vgglab
        >>> runs = vgglab.run_folds(data="digits", batch_norm=True, width=0.25, folds=5, name="normed")
        >>> vgglab.compare("runs/normed")
    """
    resolved = resolve_config(config, options)
    if not resolved.data.folds or resolved.data.fold:
        raise ConfigError("run_folds does every fold: give data.folds, such as folds=5, and leave data.fold out")
    runs = run_all(folds_study(resolved), Where(workers, ray), out, data_dir, progress)
    for whole in write_wholes(runs):
        sent(whole)
    return runs


def write_wholes(runs: Sequence[Folder]) -> list[Path]:
    """Put together what the folds of each cross-validation say, where all of them are done; the folders."""
    whole = [
        group for group in folded(runs) if len(group.runs) == group.folds and all(run.metrics for run in group.runs)
    ]
    for group in whole:
        write_whole(group)
    return [group.folder for group in whole]


def write_whole(group: Group) -> None:
    """Write predictions and figures of all folds into the folder that theirs are in.

    Raises:
        RunError: a file of a fold is missing or damaged.
    """
    judged, name = folds.read_judged(group), group.folder.name
    counts = confusion_counts(judged.labels, judged.probabilities.argmax(axis=1), len(judged.classes))
    fields = ("fold", *(["file"] if judged.files else []), *PREDICTION_FIELDS)
    metrics = evaluate_predictions(judged.labels, judged.probabilities, judged.classes)
    write_csv(group.folder / "predictions.csv", fields, judged.rows)
    write_text(group.folder / "confusion_matrix.csv", confusion_csv(counts, judged.classes))
    save_figure(draw_confusion_matrix(counts, judged.classes, name), group.folder / "confusion_matrix")
    write_json(group.folder / "metrics.json", {"schema": 1, **metrics})
