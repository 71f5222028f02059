"""One run from config to folder: data, model, training, evaluation, diagnosis."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from vgglab.config import RunConfig
from vgglab.datasets.dataset import DataSet
from vgglab.datasets.load import load_dataset
from vgglab.datasets.split import check_split, split_record
from vgglab.diagnosis.findings import diagnose
from vgglab.diagnosis.signals import SignalRecorder, read_signals
from vgglab.errors import RunError
from vgglab.evaluation.evaluate import evaluate_run
from vgglab.models.build import build_model, compile_model
from vgglab.models.describe import count_flops, count_parameters, summary_text
from vgglab.resolve import from_options, make_config
from vgglab.runs.environment import describe_environment
from vgglab.runs.files import read_json, write_atomic, write_json, write_text
from vgglab.runs.record import RunRecord
from vgglab.runs.saved_model import load_model
from vgglab.runs.store import DEFAULT_PARENT, Run, create_run, load, lock
from vgglab.training.checkpoint import Checkpoint, checkpointed_history
from vgglab.training.fit import NonFiniteLoss, fit
from vgglab.training.progress import ProgressMode, close_progress, make_progress
from vgglab.yaml_text import read_yaml


def run(
    config: RunConfig | dict[str, Any] | Path | str | None = None,
    *,
    out: Path | str = DEFAULT_PARENT,
    data_dir: Path | str | None = None,
    progress: ProgressMode = "auto",
    **options: Any,
) -> Run:
    """Train one network on one data set, evaluate it, and keep everything in a new run folder.

    Args:
        config: a config, a nested dict, or the path of a YAML file; None for the defaults.
        out: folder that the run's own folder is made in.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
        progress: `auto`, `json` or `none`.
        **options: fields of the config by their short names, as on the command line: `epochs=3`.

    Returns:
        The run; a loss that became NaN or infinite ends it with status `diverged`.

    Raises:
        ConfigError: an unknown key or a wrong value.
        DataError: the data set is missing or damaged.
        RunError: a run of that name exists already.

    Example:
        >>> import vgglab
        >>> run = vgglab.run(data="digits", batch_norm=True, optimizer="sgd", learning_rate=0.1, epochs=10)
    """
    config = resolve_config(config, options)
    dataset = load_dataset(config.data, config.train.batch_size, data_dir)
    folder, config = create_run(config, out)
    return train(folder, config, dataset, progress)


def resume(folder: Path | str, *, data_dir: Path | str | None = None, progress: ProgressMode = "auto") -> Run:
    """Go on with a run that was interrupted, from its last whole epoch.

    Args:
        folder: the run folder.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
        progress: `auto`, `json` or `none`.

    Raises:
        RunError: the run is finished or diverged, or another process is training it.
    """
    stopped = load(folder)
    if stopped.status in ("finished", "diverged"):
        raise RunError(f"{folder}: the run is {stopped.status}; only a run that was stopped can go on")
    return train(
        stopped.folder,
        stopped.config,
        load_dataset(stopped.config.data, stopped.config.train.batch_size, data_dir),
        progress,
    )


def evaluate(folder: Path | str, *, data_dir: Path | str | None = None) -> dict[str, Any]:
    """Evaluate a run's best model on the test images again, and record what comes out.

    Raises:
        RunError: the run has no model yet, or lacks a file.
        DataError: the data is missing, or is not what the run was trained on.
    """
    trained = load(folder)
    if not (trained.folder / "best.keras").exists():
        raise RunError(f"{folder}: best.keras is missing, the run is {trained.status}; there is nothing to evaluate")
    return evaluate_run(trained, load_dataset(trained.config.data, data_dir=data_dir))


def train(folder: Path, config: RunConfig, dataset: DataSet, progress: ProgressMode) -> Run:
    """Train in a run folder from where its last checkpoint stands, then evaluate and diagnose.

    Whatever stops the training, the record says what happened and everything trained so far is kept.
    """
    record = load(folder).record
    with lock(folder), recorded(folder, record):
        history = checkpointed_history(folder)
        model = load_model(folder / "last.keras") if history else start_model(config, dataset)
        describe(folder, config, dataset, model, record)
        checkpoint = Checkpoint(folder, list(dataset.classes), history, record)
        callbacks = watch(checkpoint, config, dataset, progress)
        epochs = range(len(history), config.train.epochs)
        try:
            fit(model, dataset, config.train.batch_size, epochs, config.train.seed, callbacks)
            record.status = "finished"
        except NonFiniteLoss as error:
            record.status, record.message = "diverged", str(error)
        finally:
            close_progress(callbacks)
        conclude(load(folder), record, dataset)
    return load(folder)


@contextmanager
def recorded(folder: Path, record: RunRecord) -> Iterator[None]:
    """Keep the record of a run true to what happens in the block, whatever ends it."""
    record.status, record.message = "running", ""
    record.save(folder)
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        record.status = "interrupted" if stopped else "failed"
        record.message = "stopped by the user" if stopped else f"{type(error).__name__}: {error}"
        raise
    finally:
        record.save(folder)


def conclude(run: Run, record: RunRecord, dataset: DataSet) -> None:
    """Evaluate and diagnose a run whose training ended by itself; keep architecture and weights apart too."""
    if (run.folder / "best.keras").exists():
        evaluate_run(run, dataset)
        model = run.classifier.model
        write_text(run.folder / "architecture.json", model.to_json(indent=1))
        write_atomic(run.folder / "model.weights.h5", model.save_weights)
    signals = read_signals(run.folder / "signals.jsonl")
    findings = diagnose(record.status, record.message, run.history, signals, len(dataset.classes))
    write_json(run.folder / "findings.json", {"schema": 1, "findings": findings})


def resolve_config(config: RunConfig | dict | Path | str | None, options: dict[str, Any]) -> RunConfig:
    """A checked config from any of its forms, with options on top."""
    source = "config"
    if isinstance(config, Path | str):
        source, config = str(config), read_yaml(config)
    elif isinstance(config, RunConfig):
        config = config.model_dump()
    return make_config(config or {}, from_options(options), source)


def start_model(config: RunConfig, dataset: DataSet) -> keras.Model:
    """A new compiled model for a data set; its first weights are a function of the config's seed."""
    keras.utils.set_random_seed(config.train.seed)
    model = build_model(config.model, dataset.image_shape, len(dataset.classes))
    compile_model(model, config.train)
    return model


def describe(folder: Path, config: RunConfig, dataset: DataSet, model: keras.Model, record: RunRecord) -> None:
    """Write what is known before the first step: environment, classes, split, summary, record."""
    seeds = (config.train.seed, config.data.split_seed)
    write_json(folder / "environment.json", describe_environment(*seeds, keras.backend.backend()))
    write_json(folder / "classes.json", {"schema": 1, "classes": list(dataset.classes)})
    if (folder / "split.json").exists():  # the run goes on: on the same images, or not at all
        check_split(dataset, read_json(folder / "split.json"))
    else:
        write_json(folder / "split.json", split_record(dataset))
    write_text(folder / "summary.txt", summary_text(model))
    record.parameters, record.flops = count_parameters(model), count_flops(model)
    record.save(folder)


def watch(
    checkpoint: Checkpoint, config: RunConfig, dataset: DataSet, progress: ProgressMode
) -> list[keras.callbacks.Callback]:
    """The callbacks of a run: an epoch is told of once it is on disk."""
    settings = config.train
    callbacks = [checkpoint, *make_progress(progress, len(dataset.train), settings.batch_size, settings.epochs)]
    if settings.signals:
        path, done = checkpoint.folder / "signals.jsonl", len(checkpoint.history)
        callbacks.insert(0, SignalRecorder(path, dataset.validation.images, done))
    return callbacks
