"""Evaluate a network again: on its run's own test images, or on the pictures of another folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vgglab.config.names import data_label
from vgglab.config.resolve import make_config
from vgglab.config.schema import DATASETS, DataConfig, RunConfig
from vgglab.config.shown import one_line
from vgglab.datasets.changes import recorded_files
from vgglab.datasets.dataset import DataSet
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.load import read_data
from vgglab.errors import ConfigError, DataError, RunError, UsageError
from vgglab.evaluation.evaluate import evaluate_run
from vgglab.evaluation.other import Tried, find_fresh, try_pictures, write_tried
from vgglab.experiments.run_data import check_data, located
from vgglab.runs.door import EVALUATIONS, read_json
from vgglab.runs.files import sweep
from vgglab.runs.find import find_classifier
from vgglab.runs.remote.folder import sent
from vgglab.runs.remote.names import here
from vgglab.runs.shapes import OtherMetrics
from vgglab.runs.store import Run, find_folder


def evaluate(
    folder: Path | str,
    *,
    data: Path | str | None = None,
    labels: Path | str | None = None,
    layout: str | None = None,
    out: Path | str | None = None,
    data_dir: Path | str | None = None,
    classes: Path | str | None = None,
) -> dict[str, Any]:
    """Evaluate a run's best model on its test images again, or a network on the pictures of another folder.

    Where `data` holds the very pictures of the run's split, by their hash, they are the run's own in another place,
    and its test part is what is evaluated. Any other folder is another test: all its pictures count but those that
    the run was trained or chosen on, classes are matched by name, and the run's folder keeps what comes out in
    `evaluations/<name of the folder>`.

    Args:
        folder: a run folder, a run's name below `./runs`, or, with `data`, a `.keras` file.
        data: a folder of labelled pictures; None for those that the run's config names.
        labels: a table of the classes of `data`, as for `load_data`; None for folders, and for the table that the run's
            own pictures have.
        layout: what the folders of `data` are, as for `load_data`; None finds out.
        out: new folder for what comes out of other pictures, in place of the run's own; of a file it is not kept
            without one.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
        classes: a text file with a class name a line, for a `.keras` file that has none inside; None numbers them.

    Returns:
        What `metrics.json` holds; of other pictures it has `data`, the folder (see `evaluation.other.Tried`).

    Raises:
        RunError: the run has no model yet, or lacks a file; `out` exists.
        DataError: the data is missing, or is not what the run was trained on.
        UsageError: a file, `labels` or `layout` without `data`, `out` for the run's own test, or `classes` for a run.
        ConfigError: `layout` is none, or stands beside `labels`.
    """
    given, target = given_data(data, labels, layout), here(out, "--out") if out else None
    path = find_folder(folder)
    run = None if path.suffix == ".keras" else Run(path)
    if run and classes:
        raise UsageError(f"--classes {classes}: the run {path} knows its class names; leave --classes out")
    if run:
        run.check_trained("there are no test images; evaluate a .keras file that it saves, on pictures of --data")
    if run and not (path / "best.keras").exists():
        raise RunError(f"{folder}: best.keras is missing, the run is {run.status}; there is nothing to evaluate")
    if run and (own := own_data(run, given, data_dir)):
        if target:
            raise UsageError("--out: the run's own test figures go into its folder; leave --out out")
        sweep(run.folder)  # what an evaluation that was killed was writing
        metrics = evaluate_run(run, own)
        sent(run.folder)
        return metrics
    if given is None:
        raise UsageError(f"{folder}: a model file knows no test images; name a folder of pictures with --data")
    if target and target.exists():
        raise RunError(f"{target}: exists already; choose another --out, or remove it")
    classifier = find_classifier(path, classes)
    found = find_fresh(classifier, given, [run.split] if run else [], data_dir)
    tried = try_pictures(classifier, found, run and run.metrics)
    title = f"{run.name if run else path.stem}, {data_label(given.name)}"
    return keep_tried(tried, classifier.classes, title, run, target)


def given_data(data: Path | str | None, labels: Path | str | None, layout: str | None) -> DataConfig | None:
    """The folder that was given, with what was told of how to read it; None where none was.

    Raises:
        UsageError: that was told without a folder.
        ConfigError: it cannot be read so.
    """
    table = labels and Path(labels).expanduser()  # or a column
    told = {"labels": labels and str(table.absolute() if table.suffix or table.exists() else labels), "layout": layout}
    told = {name: value for name, value in told.items() if value is not None}
    if data is not None:
        return make_config({"data": {"name": str(Path(data).expanduser().absolute()), **told}}, source="--data").data
    for name in told:
        raise UsageError(f"--{name} says how the folder of --data is read; name that folder too, or leave it out")
    return None


def own_data(run: Run, given: DataConfig | None, data_dir: Path | str | None) -> DataSet | None:
    """What the run was trained on, from its config's place or from that given; None where that holds other pictures.

    Raises:
        DataError: the place in the config does not hold it any more.
    """
    if given and not may_be_own(run, given, run.split):
        return None
    try:
        dataset = read_data(own_config(run, given), data_dir)
        check_data(run, dataset)
    except (ConfigError, DataError):
        if given is None:
            raise
        return None
    return dataset


def own_config(run: Run, given: DataConfig | None) -> RunConfig:
    """The run's config with the folder that was given, read as was told, or as the run's own is where nothing was."""
    config = located(run.config, given and given.name)
    if given is None or given.model_fields_set == {"name"}:
        return config
    told = {"layout": given.layout, "labels": given.labels}
    return config.model_copy(update={"data": config.data.model_copy(update=told)})


def may_be_own(run: Run, given: DataConfig, record: Mapping[str, Any]) -> bool:
    """Whether the names of the files in a folder allow it to hold the run's pictures; nothing is decoded."""
    if run.config.data.name in DATASETS:
        return False
    files = recorded_files(record)
    try:
        found = find_pictures(own_config(run, given).data)
    except DataError:  # its folders are others, or its table of labels
        return False
    return files is None or files.keys() == set(map(one_line, found.files))


def keep_tried(tried: Tried, classes: list[str], title: str, run: Run | None, out: Path | None) -> dict[str, Any]:
    """The figures of a network on other pictures, written where they belong."""
    target = out or (free_folder(run.folder / EVALUATIONS, tried) if run else None)
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_tried(target, tried, classes, title, replace=not out)
    if run and not out:
        sent(run.folder)
    return tried.metrics | ({"folder": str(target)} if target else {})


def free_folder(parent: Path, tried: Tried) -> Path:
    """The folder for an evaluation: named for its data, that of an earlier one of the same data, else a free name."""
    name, number = data_label(tried.metrics["data"]), 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        if not folder.exists() or place_of(read_json(folder / "metrics.json", OtherMetrics)) == place_of(tried.metrics):
            return folder
        number += 1


def place_of(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Which pictures an evaluation is of: their folder, and how it was told to be read."""
    return {name: metrics.get(name) for name in ("data", "layout", "labels")}
