"""One run from config to folder: data, model, training, evaluation, diagnosis."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import keras

from vgglab.config.resolve import from_options, make_config
from vgglab.config.schema import RunConfig, flatten
from vgglab.config.yaml_text import read_yaml
from vgglab.datasets.dataset import DataSet
from vgglab.datasets.load import read_data
from vgglab.datasets.split import split_text
from vgglab.diagnosis.data import data_signals
from vgglab.diagnosis.findings import diagnose
from vgglab.diagnosis.signals import SignalRecorder, read_signals
from vgglab.engines.choose import check_engine
from vgglab.engines.counting import count_devices
from vgglab.engines.fit import NonFiniteLoss, fit
from vgglab.errors import RunError, explain
from vgglab.evaluation.evaluate import evaluate_run
from vgglab.experiments.outside import DATA, Places, relocated
from vgglab.experiments.run_data import check_data, skipped_written
from vgglab.experiments.trials.pruning import is_trial, stopping
from vgglab.interrupts import interrupt_first
from vgglab.keras_tools.precision import computing_in
from vgglab.models.build import build_model
from vgglab.models.describe import count_flops, count_parameters, summary_json, summary_text
from vgglab.models.own import check_frozen
from vgglab.models.preprocessing import pixel_statistics, wants_statistics
from vgglab.report.notebook import Run, load
from vgglab.runs.environment import describe_environment
from vgglab.runs.files import write_json, write_pieces, write_text
from vgglab.runs.record import RunRecord
from vgglab.runs.remote.names import shown
from vgglab.runs.remote.writing import mirrored, new_parent
from vgglab.runs.saved_model import Classifier, load_model, write_weights
from vgglab.runs.source import kept_config
from vgglab.runs.store import DEFAULT_PARENT, create_run, lock
from vgglab.tracking.trackers import Tracking, check_trackers, tracked
from vgglab.training.checkpoint import Checkpoint, checkpointed_history
from vgglab.training.part import TrainedPart, make_part
from vgglab.training.phases import Stretch, begin_phase, check_phases, remaining
from vgglab.training.program_store import ProgramStore
from vgglab.training.progress import ProgressMode, close_progress, make_progress, tell
from vgglab.training.settling import Settling, trained_norms

Before = Callable[[RunConfig, DataSet, keras.Model], None]


def run(
    config: RunConfig | dict[str, Any] | Path | str | None = None,
    *,
    out: Path | str = DEFAULT_PARENT,
    data_dir: Path | str | None = None,
    progress: ProgressMode = "auto",
    before: Before | None = None,
    **options: Any,
) -> Run:
    """Train one network on one data set, evaluate it, and keep everything in a new run folder.

    Args:
        config: a config, a nested dict, or the path of a YAML file; None for the defaults.
        out: folder that the run's own folder is made in; a URL such as `s3://bucket/runs` keeps it there.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
        progress: `auto`, `json` or `none`.
        before: called with the config, the data set and the new network before there is a folder; what it raises stops
            the run.
        **options: fields of the config by their short names, as on the command line: `epochs=3`.

    Returns:
        The run; a loss that became NaN or infinite ends it with status `diverged`.

    Raises:
        ConfigError: an unknown key or a wrong value.
        DataError: the data set is missing or damaged.
        RunError: a run of that name exists already.
        RemoteError: nothing can be written at the URL of `out`, or not all of the run is there at its end.

    Example:
        >>> import vgglab
        >>> run = vgglab.run(data="digits", batch_norm=True, optimizer="sgd", learning_rate=0.1, epochs=10)
    """
    config = resolve_config(config, options)
    check_trackers(config.log)
    parent, taken = new_parent(out)
    dataset = read_data(config, data_dir)
    model = start_model(config, dataset)  # before there is a folder: what cannot be built leaves none behind
    if before:
        before(config, dataset, model)
    folder, config = create_run(config, parent, taken)
    with mirrored(shown(folder)):
        return train(folder, config, dataset, progress, model)


def resume(
    folder: Path | str,
    *,
    data: Path | str | None = None,
    data_dir: Path | str | None = None,
    progress: ProgressMode = "auto",
) -> Run:
    """Go on with a run that was interrupted, from its last whole epoch.

    Args:
        folder: the run folder, also one at a URL.
        data: the folder that the run's pictures are in now, if it is another.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
        progress: `auto`, `json` or `none`.

    Raises:
        RunError: the run is finished or diverged, or another process is training it.
        RemoteError: as of `run`.
        DataError: the data is missing, or is not what the run was trained on.
    """
    return go_on(folder, {DATA: data} if data else {}, data_dir, progress)


def go_on(
    folder: Path | str, places: Places, data_dir: Path | str | None = None, progress: ProgressMode = "auto"
) -> Run:
    """Go on with a run, what it reads being where `places` says, field by field, or else where its config does.

    Raises:
        RunError, RemoteError, DataError: as of `resume`.
    """
    with mirrored(folder) as place:
        stopped = load(place)
        stopped.check_trained("only that script can go on with it")
        if stopped.status in ("finished", "diverged"):
            raise RunError(f"{shown(place)}: the run is {stopped.status}; only a run that was stopped can go on")
        config = relocated(stopped.config, places)
        return train(stopped.folder, config, read_data(config, data_dir), progress)


def train(
    folder: Path, config: RunConfig, dataset: DataSet, progress: ProgressMode, model: keras.Model | None = None
) -> Run:
    """Train in a run folder from where its last checkpoint stands, then evaluate and diagnose.

    Whatever stops the training, the record says what happened and everything trained so far is kept.
    """
    told = partial(tell, progress)
    with (
        lock(folder),
        tracked(folder, config.log, told) as tracking,
        recorded(folder) as record,
        skipped_written(folder, dataset),
    ):
        ProgramStore().make_room(0, "")
        history = checkpointed_history(folder)
        if history:
            model = load_model(folder / "last.keras")
        model = model or start_model(kept_config(folder, config), dataset)
        describe_data(folder, config, dataset)
        if not history:
            describe_network(folder, model, record)
        stops, apart = stopping(folder, config), config.train.settle_batch_norm or config.train.ema
        checkpoint = Checkpoint(folder, model, dataset, history, record, stops, apart)
        try:
            for stretch in remaining(config.phases, len(history)):
                if not stops(history):  # it may have been killed after its last epoch
                    train_stretch(model, dataset, config, stretch, checkpoint, tracking, progress)
            record.status, record.message = "finished", stops(checkpoint.history)
        except NonFiniteLoss as error:
            record.status, record.message = "diverged", str(error)
        conclude(load(folder), record, dataset, model)
    return load(folder)


def train_stretch(
    model: keras.Model,
    dataset: DataSet,
    config: RunConfig,
    stretch: Stretch,
    checkpoint: Checkpoint,
    tracking: Tracking | None,
    progress: ProgressMode,
) -> None:
    """Train a phase, or what is left of it: on features where frozen layers can be computed once, else on images."""
    if stretch.begins:
        begin_phase(model, config, stretch.phase, len(dataset.train))
    part = make_part(model, dataset, config, progress)
    settles = config.train.settle_batch_norm and trained_norms(part.model)
    settling = [Settling(part, config.train.batch_size)] if settles else []
    checkpoint.begin_phase(stretch.number, part.seconds, settling[0].judged if settling else nullcontext)
    callbacks = settling + watch(checkpoint, config, dataset, part, stretch, progress)
    if tracking:
        callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: tracking.update()))
    try:
        settings, devices = config.train, count_devices(config.train.devices)
        with interrupt_first(), computing_in(model, settings.precision):
            fit(part, settings.batch_size, stretch.epochs, settings.seed, callbacks, settings.resident, devices)
    except KeyboardInterrupt:
        checkpoint.forget_unsaved()
        raise
    finally:
        close_progress(callbacks)


@contextmanager
def recorded(folder: Path) -> Iterator[RunRecord]:
    """The record of a run, kept true to what happens in the block, whatever ends it."""
    record = load(folder).record
    record.status, record.message = "running", ""
    record.save(folder)
    try:
        with interrupt_first():
            yield record
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        record.status = "interrupted" if stopped else "failed"
        record.message = "stopped by the user" if stopped else explain(error)
        raise
    finally:
        record.save(folder)


def conclude(run: Run, record: RunRecord, dataset: DataSet, model: keras.Model) -> None:
    """Test and diagnose a run whose training ended by itself; a trial of a search is diagnosed alone.

    The trained model takes the best epoch's weights and is evaluated, as building it anew takes longer.
    """
    if (run.folder / "best.keras").exists() and not is_trial(run.folder):
        model.optimizer = None  # it has done its work, and the file may hold that of an earlier phase
        model.load_weights(run.folder / "best.keras")
        run.classifier = Classifier(model, run.classes, levels=dataset.levels)
        test_best(run, dataset)
    signals = read_signals(run.folder / "signals.jsonl")
    told = (record.status, record.message, run.history, signals, len(dataset.classes), flatten(run.config))
    findings = diagnose(*told)
    write_json(run.folder / "findings.json", {"schema": 1, "findings": findings})


def test_best(run: Run, dataset: DataSet) -> None:
    """Evaluate a run's best model on the test images; keep its architecture and weights apart too."""
    evaluate_run(run, dataset)
    write_text(run.folder / "architecture.json", run.classifier.model.to_json(indent=1))
    write_weights(run.folder / "best.keras", run.folder / "model.weights.h5")


def resolve_config(config: RunConfig | dict | Path | str | None, options: dict[str, Any]) -> RunConfig:
    """A checked config from any of its forms, with options on top."""
    source = "config"
    if isinstance(config, Path | str):
        source, config = str(config), read_yaml(config)
    elif isinstance(config, RunConfig):
        config = config.model_dump()
    return make_config(config or {}, from_options(options), source)


def start_model(config: RunConfig, dataset: DataSet) -> keras.Model:
    """A new model for a data set, frozen as its first phase wants; its first weights follow from the config's seed."""
    keras.utils.set_random_seed(config.train.seed)
    wanted = wants_statistics(config.model.preprocessing)
    statistics = pixel_statistics(dataset.train.images) if wanted else None
    model = build_model(config, dataset.image_shape, len(dataset.classes), statistics)
    if config.model.own and config.phases[0].freeze == "none":
        check_frozen(model, config.model)
    check_phases(model, config)
    check_engine(model, config.train)
    return model


def describe_data(folder: Path, config: RunConfig, dataset: DataSet) -> None:
    """Write where and on what a run trains: environment, classes, split."""
    seeds = (config.train.seed, config.data.split_seed)
    write_json(folder / "environment.json", describe_environment(*seeds, keras.backend.backend()))
    write_json(folder / "classes.json", {"schema": 1, "classes": list(dataset.classes)})
    if (folder / "split.json").exists():  # the run goes on: on the same images, or not at all
        check_data(load(folder), dataset)
    else:
        write_pieces(folder / "split.json", split_text(dataset))


def describe_network(folder: Path, model: keras.Model, record: RunRecord) -> None:
    """Write what a network is before its first step; later, its optimizer's state would count as parameters."""
    write_text(folder / "summary.txt", summary_text(model))
    write_json(folder / "network.json", {"schema": 1, **summary_json(model)})
    record.parameters, record.flops = count_parameters(model), count_flops(model)
    record.save(folder)


def watch(
    checkpoint: Checkpoint,
    config: RunConfig,
    dataset: DataSet,
    part: TrainedPart,
    stretch: Stretch,
    progress: ProgressMode,
) -> list[keras.callbacks.Callback]:
    """The callbacks of a run: an epoch is told of once it is on disk."""
    settings = config.train
    callbacks = [checkpoint, *make_progress(progress, len(dataset.train), settings.batch_size, settings.epochs)]
    if settings.signals:
        path, (probe, labels), start = checkpoint.folder / "signals.jsonl", part.validation, stretch.epochs.start
        pictures = [(images.images, images.labels) for images in (dataset.train, dataset.validation)]
        data = None if start else data_signals(*pictures, len(dataset.classes))
        callbacks.insert(0, SignalRecorder(path, probe, start, labels, part.train, data, checkpoint.judged))
    return callbacks
