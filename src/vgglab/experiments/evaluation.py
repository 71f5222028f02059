"""Evaluate a network again: on its run's own test images, or on the pictures of another folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vgglab.config.names import data_label
from vgglab.config.schema import DATASETS
from vgglab.config.shown import one_line
from vgglab.datasets.changes import recorded_files
from vgglab.datasets.dataset import DataSet
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.split import check_split
from vgglab.errors import ConfigError, DataError, RunError, UsageError
from vgglab.evaluation.evaluate import evaluate_run
from vgglab.evaluation.other import Tried, try_pictures, write_tried
from vgglab.experiments.run_data import moved, read_run_data
from vgglab.runs.door import EVALUATIONS, read_json
from vgglab.runs.find import find_classifier
from vgglab.runs.shapes import OtherMetrics
from vgglab.runs.store import Run, find_folder


def evaluate(
    folder: Path | str,
    *,
    data: Path | str | None = None,
    out: Path | str | None = None,
    data_dir: Path | str | None = None,
) -> dict[str, Any]:
    """Evaluate a run's best model on its test images again, or a network on the pictures of another folder.

    Where `data` holds the very pictures of the run's split, by their hash, they are the run's own in another place,
    and its test part is what is evaluated. Any other folder is another test: all its pictures count but those that
    the run was trained or chosen on, classes are matched by name, and the run's folder keeps what comes out in
    `evaluations/<name of the folder>`.

    Args:
        folder: a run folder, a run's name below `./runs`, or, with `data`, a `.keras` file.
        data: a folder of labelled pictures; None for those that the run's config names.
        out: new folder for what comes out of other pictures, in place of the run's own; of a file it is not kept
            without one.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.

    Returns:
        What `metrics.json` holds; of other pictures it has `data`, the folder (see `evaluation.other.Tried`).

    Raises:
        RunError: the run has no model yet, or lacks a file; `out` exists.
        DataError: the data is missing, or is not what the run was trained on.
        UsageError: a file without `data`, or `out` for the run's own test.
    """
    path = find_folder(folder)
    run = None if path.suffix == ".keras" else Run(path)
    if run and not (path / "best.keras").exists():
        raise RunError(f"{folder}: best.keras is missing, the run is {run.status}; there is nothing to evaluate")
    if run and (own := own_data(run, data, data_dir)):
        if out:
            raise UsageError("--out: the run's own test figures go into its folder; leave --out out")
        return evaluate_run(run, own)
    if data is None:
        raise UsageError(f"{folder}: a model file knows no test images; name a folder of pictures with --data")
    return evaluate_other(run, path, Path(data), out, data_dir)


def own_data(run: Run, data: Path | str | None, data_dir: Path | str | None) -> DataSet | None:
    """What the run was trained on, from its config's place or from `data`; None where that holds other pictures.

    Raises:
        DataError: the place in the config does not hold it any more.
    """
    record = run.split
    if data is not None and not may_be_own(run, Path(data), record):
        return None
    try:
        dataset = read_run_data(run.config, data, data_dir)
        check_split(dataset, record)
    except (ConfigError, DataError):
        if data is None:
            raise
        return None
    return dataset


def may_be_own(run: Run, data: Path, record: Mapping[str, Any]) -> bool:
    """Whether the names of the files in a folder allow it to hold the run's pictures; nothing is decoded."""
    if run.config.data.name in DATASETS:
        return False
    files = recorded_files(record)
    try:
        found = find_pictures(moved(run.config.data, data))
    except DataError:  # its folders are others, or its table of labels
        return False
    return files is None or files.keys() == set(map(one_line, found.files))


def evaluate_other(
    run: Run | None, path: Path, data: Path, out: Path | str | None, data_dir: Path | str | None
) -> dict[str, Any]:
    """The figures of a network on other pictures, written where they belong."""
    if out and Path(out).exists():
        raise RunError(f"{out}: exists already; choose another --out, or remove it")
    classifier = find_classifier(path)
    split, own = (run.split, run.metrics) if run else (None, None)
    tried = try_pictures(classifier, data, split, own, data_dir)
    target = Path(out) if out else free_folder(run.folder / EVALUATIONS, tried) if run else None
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        title = f"{run.name if run else path.stem}, {data_label(str(data))}"
        write_tried(target, tried, classifier.classes, title, replace=not out)
    return tried.metrics | ({"folder": str(target)} if target else {})


def free_folder(parent: Path, tried: Tried) -> Path:
    """The folder for an evaluation: named for its data, that of an earlier one of the same data, else a free name."""
    name, number = data_label(tried.metrics["data"]), 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        if not folder.exists() or read_json(folder / "metrics.json", OtherMetrics)["data"] == tried.metrics["data"]:
            return folder
        number += 1
