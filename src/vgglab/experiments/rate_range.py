"""The learning-rate range test of a run's network, data and optimizer: rates that rise step by step, and the losses."""

import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgglab.config.names import readable_name
from vgglab.config.resolve import read_config
from vgglab.config.schema import RunConfig
from vgglab.config.yaml_text import dump_yaml
from vgglab.datasets.dataset import DataSet
from vgglab.diagnosis.rate_range import HIGHEST_RATE, LOWEST_RATE, RANGE_FILE, STEPS, ran_away, read_range
from vgglab.errors import RunError, UsageError
from vgglab.evaluation.displays import save_figure
from vgglab.evaluation.rate_display import draw_rate_range
from vgglab.experiments.run import start_model
from vgglab.experiments.run_data import check_data, read_run_data
from vgglab.keras_tools.precision import computing_in
from vgglab.runs.files import write_json, write_text
from vgglab.runs.remote.folder import sent
from vgglab.runs.remote.names import shown
from vgglab.runs.remote.writing import new_parent
from vgglab.runs.source import kept_config
from vgglab.runs.store import Run, find_folder, load
from vgglab.training.batches import Batches, epoch_order, feed
from vgglab.training.compiling import compile_model
from vgglab.training.fast_cpu import fast_batch_norm
from vgglab.training.freezing import at_rest, freeze
from vgglab.training.interrupts import KeptInterrupts
from vgglab.training.part import TrainedPart, make_part
from vgglab.training.phases import make_optimizer
from vgglab.training.progress import ProgressMode


class StepLosses(keras.callbacks.Callback):
    """Keeps the loss of each step, and stops once it has run away.

    Args:
        chance: loss of guessing.
    """

    def __init__(self, chance: float):
        super().__init__()
        self.chance, self.losses, self.total = chance, [], 0.0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        total = float((logs or {})["loss"]) * (batch + 1)  # Keras reports the mean over the epoch so far
        self.losses.append(total - self.total)
        self.total = total
        if ran_away(self.losses, self.chance):
            self.model.stop_training = True


def run_range_test(
    config: RunConfig, dataset: DataSet, folder: Path, progress: ProgressMode = "auto"
) -> dict[str, Any]:
    """Do the range test, and write `lr_range.json`, `.svg` and `.png` into a folder.

    The network, its first weights, the frozen layers, the order of the images and the optimizer are those of the
    run's first phase; only the rate is another in each step.

    Args:
        config: of a run.
        dataset: the data set that it names.
        folder: is there already.
        progress: told while frozen layers are computed.

    Returns:
        What `lr_range.json` holds: see `diagnosis.rate_range`.
    """
    model = start_model(config, dataset)
    freeze(model, config.phases[0].freeze, config.backbone.used)
    rate = keras.optimizers.schedules.ExponentialDecay(LOWEST_RATE, STEPS - 1, HIGHEST_RATE / LOWEST_RATE)
    compile_model(model, make_optimizer(config.train, rate), config.soft_labels)
    chance = chance_loss(dataset)
    size = min(config.train.batch_size, len(dataset.train))
    part = make_part(model, dataset, config, progress)
    with computing_in(model, config.train.precision):
        losses = sweep(part, config, size, chance)
    tested = {"schema": 1, "optimizer": config.train.optimizer, "batch_size": size}
    tested |= {"steps": len(losses), **read_range(losses, chance)}
    write_json(folder / f"{RANGE_FILE}.json", tested)
    save_figure(draw_rate_range(tested, config.name or folder.name), folder / RANGE_FILE)
    return tested


def sweep(part: TrainedPart, config: RunConfig, size: int, chance: float) -> list[float]:
    """The loss of each step on `size` images, the optimizer's rate rising by itself."""
    seed, watch = config.train.seed, StepLosses(chance)
    batches = Batches(*part.train, size, seed, part.augmenter, part.classes)
    count = len(batches.labels)
    orders = (epoch_order(count, seed, epoch) for epoch in itertools.count())
    needed = -(-STEPS * size // count)
    batches.order = np.concatenate(list(itertools.islice(orders, needed)))[: STEPS * size]
    with fast_batch_norm(part.model), at_rest(part.resting), KeptInterrupts() as kept:
        part.model.fit(feed(batches), epochs=1, shuffle=False, verbose=0, callbacks=[watch, kept])
    return watch.losses


def chance_loss(dataset: DataSet) -> float:
    """The loss of guessing: the entropy of the training part's class frequencies."""
    shares = np.bincount(dataset.train.labels, minlength=len(dataset.classes)) / len(dataset.train)
    return float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())


def find_range(
    path: Path | None, overrides: dict[str, Any], out: Path, data_dir: Path | None, progress: ProgressMode
) -> tuple[Path, dict[str, Any]]:
    """The range test of a run, written into its folder; or that of a config, written into one of its own below `out`.

    Args:
        path: a run, or a run's YAML file; None for a config from `overrides` alone.
        overrides: dotted config fields; for a run none but `data.name`, the folder that its pictures are in now.
        out: folder that the folder of a config's test, `<name>-lr-range`, is made in.
        data_dir: where the data sets lie.
        progress: see `vgglab.run`.

    Returns:
        The folder, and what `lr_range.json` holds.

    Raises:
        UsageError: other settings were given for a run.
        RunError: a folder of that name exists already.
        DataError: the data is missing, or is not what the run was trained on.
    """
    run = find_run(path)
    if run and overrides.keys() - {"data.name"}:
        raise UsageError(f"{path} is a run: its own config is tested; leave the settings out, or give its config.yaml")
    if run:
        run.check_trained("try rates in that script")
    config = kept_config(run.folder, run.config) if run else read_config(path, overrides)
    dataset = read_run_data(config, overrides.get("data.name") if run else None, data_dir)
    if run:
        if (run.folder / "split.json").exists():
            check_data(run, dataset)
        tested = run_range_test(config, dataset, run.folder, progress)
        sent(run.folder)
        return run.folder, tested
    parent, taken = new_parent(out)
    folder = parent / f"{config.name or readable_name(config)}-lr-range"
    if folder.exists() or folder.name in taken:
        raise RunError(f"{shown(folder)}: is there already; choose another --name or --out, or remove it")
    with tempfile.TemporaryDirectory(prefix="vgglab-lr-range-") as kept:  # what is stopped leaves nothing
        tested = run_range_test(config, dataset, Path(kept), progress)
        write_text(Path(kept) / "config.yaml", dump_yaml(config.model_dump(mode="json")))
        shutil.copytree(kept, folder)
    sent(folder)
    return folder, tested


def find_run(path: Path | None) -> Run | None:
    """The run at a path; None for a config, or for none at all."""
    folder = find_folder(path) if path else None
    return load(folder) if folder and (folder.is_dir() or folder.suffix not in (".yaml", ".yml")) else None
