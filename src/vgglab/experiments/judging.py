"""How good networks are that are asked as one: on pictures that none of them saw, and each of them beside it."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.config.schema import DATASETS, DataConfig
from vgglab.config.shown import count_of
from vgglab.datasets.dataset import Part
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.load import read_data
from vgglab.errors import DataError, RunError, UsageError
from vgglab.evaluation.metrics import confusion_counts, evaluate_predictions, prediction_rows
from vgglab.evaluation.other import Tried, find_fresh, try_pictures, write_tried
from vgglab.experiments.evaluation import given_data, own_config, own_data
from vgglab.runs.ensemble import averaged, check_tta, open_members
from vgglab.runs.find import find_models
from vgglab.runs.remote.names import here
from vgglab.runs.saved_model import Classifier
from vgglab.runs.seeds import find_group
from vgglab.runs.store import Run, find_folder


def evaluate_ensemble(
    folder: Path | str,
    *,
    tta: str | None = None,
    data: Path | str | None = None,
    labels: Path | str | None = None,
    layout: str | None = None,
    out: Path | str | None = None,
    data_dir: Path | str | None = None,
) -> dict[str, Any]:
    """Evaluate what the networks of all seeds or folds say on average, or one network with `tta`.

    It is judged on pictures that no member was trained or chosen on: the test part that seeds share; of folds, which
    have each seen what the others judge, a test part that the data has of its own and that cross-validation leaves
    alone; with `data` those of another folder, without what any member has seen.

    Args:
        folder: of a run's seeds or folds, of a single run, or, with `data`, a `.keras` file with class names inside.
        tta: `flip` averages over each image and its mirror image too; None does not.
        data, labels, layout: as for `evaluate`.
        out: new folder for what comes out; None keeps nothing.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.

    Returns:
        What `metrics.json` holds, as of `evaluate`, with `tta` and `members`: of the single networks on the same
        pictures, as they are without `tta`, the `accuracies`, their `mean`, and `sd` (None for one).

    Raises:
        RunError: there is no such thing, a run has no model, the members do not fit, or `out` exists.
        DataError: the data is missing, is not what was trained on, or has no picture that no member saw.
        UsageError: as of `evaluate`, or `tta` is unknown.
        ConfigError: as of `evaluate`.

    Example:
        >>> import vgglab
        >>> vgglab.evaluate_ensemble("runs/normed", tta="flip")["members"]["mean"]
    """
    check_tta(tta)
    given, target = given_data(data, labels, layout), here(out, "--out") if out else None
    path = find_folder(folder)
    if target and target.exists():
        raise RunError(f"{target}: exists already; choose another --out, or remove it")
    runs = _runs(path)
    members = open_members([file for run in runs for file in find_models(run.folder)] or find_models(path))
    whole = averaged(members, tta)
    if runs and (unseen := unseen_test(path, runs, given, data_dir)):
        tried = judge(whole, unseen)
        each = [_accuracy(unseen.labels, member.predict(unseen.images)) for member in members]
    elif given is None:
        raise UsageError(f"{folder}: a model file knows no test images; name a folder of pictures with --data")
    else:
        found = find_fresh(whole, given, [run.split for run in runs], data_dir)
        tried = try_pictures(whole, found)
        each = [_accuracy(found.labels, found.ask(member)) for member in members]
    tried.metrics.update(tta=tta, members=_beside(each))
    if target:
        write_tried(target, tried, whole.classes, f"{path.stem}, {count_of(len(members), 'network')}")
    return tried.metrics


def _runs(path: Path) -> list[Run]:
    """The runs of a folder of seeds or folds, the run of a run folder, none of a file."""
    if path.suffix == ".keras":
        return []
    return [Run(path)] if (path / "run.json").exists() else find_group(path).runs


def unseen_test(path: Path, runs: Sequence[Run], given: DataConfig | None, data_dir: Path | str | None) -> Part | None:
    """The test images that no run of some seeds or folds has seen; None where `given` holds other pictures.

    Raises:
        RunError: seeds have been trained on different splits.
        DataError: the pictures are not those that were trained on; of folds, each picture was seen by some.
    """
    first = runs[0]
    dataset = own_data(first, given, data_dir)
    if dataset is None:
        return None
    folds = first.config.data.folds if len(runs) > 1 else None
    if not folds and len({run.split["sha256"] for run in runs}) > 1:
        raise RunError(f"{path}: its runs were trained on different pictures; name a folder of others with --data")
    if not folds:
        return dataset.test
    config = own_config(first, given)
    if config.data.name not in DATASETS and "test" not in find_pictures(config.data).parts:
        raise DataError(
            f"{path}: the networks of the folds have seen every picture, each all but one fold; its predictions.csv "
            "has what each fold says of the pictures that it did not see; for a figure of the ensemble name other "
            "pictures with --data, or give the folder a test part of its own before it is folded"
        )
    whole = config.data.model_copy(update={"folds": None, "fold": None})
    return read_data(config.model_copy(update={"data": whole}), data_dir).test


def judge(classifier: Classifier, test: Part) -> Tried:
    """What a network makes of test images; its predictions have the `index` of each."""
    probabilities = classifier.predict(test.images)
    return Tried(
        {"schema": 1, **evaluate_predictions(test.labels, probabilities, classifier.classes)},
        list(prediction_rows(test.labels, probabilities, test.indices, classifier.classes)),
        confusion_counts(test.labels, probabilities.argmax(axis=1), len(classifier.classes)),
    )


def _accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) == labels).mean())


def _beside(accuracies: list[float]) -> dict[str, Any]:
    deviation = statistics.stdev(accuracies) if len(accuracies) > 1 else None
    return {"accuracies": accuracies, "mean": statistics.fmean(accuracies), "sd": deviation}
