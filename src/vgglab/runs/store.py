"""Make, load and list run folders."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from vgglab.config.names import readable_name
from vgglab.config.resolve import make_config
from vgglab.config.schema import DATASETS, NO_FILES, RUN_PREFIX, RunConfig, flatten
from vgglab.config.seeds import group_of
from vgglab.config.watched import WatchedConfig, make_watched_config
from vgglab.config.yaml_text import dump_yaml, read_yaml
from vgglab.errors import ConfigError, RunError, UsageError
from vgglab.keras_tools.backend import import_keras
from vgglab.runs.door import read_json, read_rows
from vgglab.runs.files import sweep, write_folder, write_text
from vgglab.runs.locks import is_locked
from vgglab.runs.record import BEST, HISTORY_FIELDS, MODELS, RunRecord, best_row, read_record
from vgglab.runs.remote.folder import brought, fetched
from vgglab.runs.remote.names import shown, url_of
from vgglab.runs.shapes import TRAINED, WATCHED, ClassNames, Findings, HistoryRow, Metrics, Split, WatchedRow
from vgglab.runs.source import keep_code, keep_source

DEFAULT_PARENT = "runs"


class Run:
    """A run as its folder tells it: everything is read when first asked for.

    Args:
        folder: the run folder.

    Raises:
        RunError: it is no run folder, or a newer version wrote it.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.record = read_record(self.folder)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.status})"

    @property
    def name(self) -> str:
        """Name of the run; with that of the folder above, where a run has several seeds: `batchnorm-sgd/seed-3`."""
        whole = f"{self.folder.absolute().parent.name}/{self.record.name}"
        return whole if group_of(whole) != whole else self.record.name

    @property
    def status(self) -> str:
        """The recorded status; `interrupted` where a run was killed before it could say so."""
        if self.record.status == "running" and not is_locked(self.folder):
            return "interrupted"
        return self.record.status

    @property
    def watched(self) -> bool:
        """Whether its training was only watched: somebody's own script did it."""
        return self.record.kind == WATCHED

    def check_trained(self, what: str) -> None:
        """Refuse what a run that was only watched cannot do.

        Args:
            what: what is asked for, and what it would need: the end of a sentence.

        Raises:
            RunError: the run was only watched.
        """
        if self.watched:
            raise RunError(f"{shown(self.folder)}: the run was only watched, its own script trained it; {what}")

    @cached_property
    def config(self) -> RunConfig | WatchedConfig:
        """The fully resolved config of the run; of a watched one what is known of it."""
        path = self.folder / "config.yaml"
        if not path.exists():
            raise RunError(f"{self.folder}: config.yaml is missing; restore the file from a copy")
        try:
            tree = read_yaml(path)
            if self.watched:
                return make_watched_config(tree, str(path))
            return make_config(_with_folder(tree), source=str(path))
        except ConfigError as error:
            raise RunError(f"{error}; the run's config was changed, or a newer vgglab wrote it") from None
        except OSError as error:
            raise RunError(f"{path}: cannot be read ({error.strerror or error})") from None

    @property
    def settings(self) -> dict[str, Any]:
        """Dotted config field -> value; of a watched run only what is known."""
        return {name: value for name, value in flatten(self.config).items() if not self.watched or value is not None}

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """One row an epoch: epoch (from 1), losses, accuracies, learning rate, seconds; None for no value."""
        path = self.folder / "history.csv"
        if not path.exists():
            return []
        shape = WatchedRow if self.watched else HistoryRow
        rows = read_rows(path, shape, HISTORY_FIELDS, HISTORY_FIELDS[:-1])  # early runs: no phase
        return [{"phase": 1, **row} for row in rows] if rows and "phase" not in rows[0] else rows

    @property
    def ended_early(self) -> bool:
        """Whether the training finished before the last epoch that was planned, as it got no better."""
        return self.status == "finished" and self.record.epochs_done < (self.config.train.epochs or 0)

    @property
    def best(self) -> dict[str, Any] | None:
        """The history row of the best epoch; of a watched run without accuracies that of the lowest val_loss."""
        return best_row(self.history, self.record.measures)

    @cached_property
    def metrics(self) -> dict[str, Any] | None:
        """Test figures as `metrics.json` has them; None before the run was evaluated."""
        path = self.folder / "metrics.json"
        return read_json(path, Metrics) if path.exists() else None

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        """What the diagnosis found, most severe first."""
        path = self.folder / "findings.json"
        return read_json(path, Findings)["findings"] if path.exists() else []

    def read_figures(self) -> None:
        """Read config, history and metrics now.

        Raises:
            RunError: one of them is damaged, or was written by a newer version.
        """
        self.config, self.history, self.metrics  # noqa: B018 - they are kept once they are read

    @property
    def classes(self) -> list[str]:
        """Class names, in the order of the model's outputs."""
        return read_json(self.folder / "classes.json", ClassNames)["classes"]

    @property
    def split(self) -> dict[str, Any]:
        """Which images are in which part, and a hash of them; see `datasets.split`."""
        return read_json(self.folder / "split.json", Split)

    @cached_property
    def classifier(self) -> Any:
        """The best model with its class names: a `vgglab.Classifier`."""
        self.check_trained("there is no model in the folder; predict with one that the script saves as a .keras file")
        import_keras()
        from vgglab.runs.saved_model import load_classifier

        return load_classifier(fetched(self.folder / "best.keras"))

    def predict(self, images: Any) -> Any:
        """Class probabilities (N, classes) of raw images (N, H, W, 3), 0 to 255, from the best model."""
        return self.classifier.predict(images)


def load(folder: Path | str) -> Run:
    """Open a run folder.

    Args:
        folder: the run folder; a run's name stands for the one below `./runs`.

    Raises:
        RunError: it is no run folder, or a newer version wrote it.
    """
    return Run(find_folder(folder))


def find_folder(path: Path | str) -> Path:
    """The folder at `path`, or else the one of that name below the default parent, if there is one.

    A folder without runs, of pictures say, does not hide a run of its name. Of a URL it is the mirror, with what is
    there.

    Raises:
        RemoteError: a URL cannot be read.
        UsageError: it is that of a model's file.
    """
    if url := url_of(path):
        if url.endswith(".keras"):
            raise UsageError(f"{url}: a file elsewhere is not read by itself; name its run's URL, or copy it here")
        return brought(path)
    path, below = Path(path), Path(DEFAULT_PARENT) / path
    hides = path.is_file() or any(path.glob("run.json")) or any(path.glob("*/run.json"))
    return below if below.exists() and not hides else path


def create_run(
    config: RunConfig, parent: Path | str = DEFAULT_PARENT, taken: Collection[str] = ()
) -> tuple[Path, RunConfig]:
    """Make a new run folder and write the config into it; an existing folder is never used.

    A name that was asked for must be free; a made-up one gets `-2`, `-3`, ... where it is taken.

    Args:
        config: of the run.
        parent: the folder that it is made in.
        taken: names that are not free although nothing of that name is there.

    Returns:
        The folder, and the config with its name filled in.

    Raises:
        RunError: the name that was asked for is taken.
    """
    parent = Path(parent)
    parent.mkdir(parents=True, exist_ok=True)
    wanted = config.name or readable_name(config)
    for number in range(1, 10_000):
        name = wanted if number == 1 else f"{wanted}-{number}"
        try:
            made = config.model_copy(update={"name": name})
            if name in taken:
                raise FileExistsError(name)
            write_folder(parent / name, partial(start_folder, config=made))
        except FileExistsError:
            if config.name:
                there = shown(parent / name)
                raise RunError(
                    f"{there}: exists already, and a run is never overwritten; "
                    f"choose another --name, or go on with it: vgglab train --resume {there}"
                ) from None
            continue
        return parent / name, made
    raise RunError(f"{parent}: holds 9,999 runs named {wanted}; choose a --name")


def list_runs(parent: Path | str = DEFAULT_PARENT, damaged: Callable[[RunError], None] | None = None) -> list[Run]:
    """The runs below a folder, those of studies as well, by the time they were created.

    Args:
        parent: the folder.
        damaged: told of each run that is damaged or was written by a newer version, which is then left out.

    Raises:
        RunError: there is such a run, and nothing to tell of it.
    """
    runs = []
    for path in brought(parent).glob("**/run.json"):
        if path.parent.name.startswith("."):  # a killed process was making it
            continue
        try:
            run = Run(path.parent)
            run.read_figures()
        except RunError as error:
            if damaged is None:
                raise
            damaged(error)
        else:
            runs.append(run)
    return sorted(runs, key=lambda run: (run.record.created, run.name))


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold a run folder while it is trained; the system lets go of it when the process dies.

    What a process left half-written that died is taken away first: of models, which only training writes, all of it,
    as nobody else trains; of the rest what this machine knows to have no process.

    Raises:
        RunError: another process holds it.
    """
    from filelock import FileLock, Timeout  # brings asyncio along, which a listing of runs need not wait for

    try:
        with FileLock(folder / ".lock", timeout=1):  # is_locked holds it for a moment
            sweep(folder, MODELS)
            yield
    except Timeout:
        raise RunError(f"{shown(folder)}: in use, another process is training this run") from None


def start_folder(
    folder: Path, config: RunConfig | WatchedConfig, kind: str = TRAINED, parameters: dict[str, int] | None = None
) -> None:
    """Write config and record into a new folder."""
    write_text(folder / "config.yaml", dump_yaml(config.model_dump(mode="json", by_alias=True)))
    if isinstance(config, RunConfig):
        keep_source(folder, config)
        if (start := start_file(config)) and start.suffix == ".keras":
            keep_code(folder, start.parent)
    now = datetime.now().astimezone().isoformat("T", "seconds")
    record = RunRecord(config.name, "running", now, parameters=parameters or {}, kind=kind)
    if kind == TRAINED:
        record.monitor = config.train.monitor
    record.save(folder)


def start_file(config: RunConfig) -> Path | None:
    """The file with the model or the weights that a run starts from, there or not; None where it starts from none."""
    if config.model.own:
        return Path(config.model.name).expanduser() if config.model.name.endswith(".keras") else None
    start = config.backbone.weights
    if start is None or start.lower() in NO_FILES:
        return None
    if start.startswith(RUN_PREFIX):
        return find_folder(start.removeprefix(RUN_PREFIX)) / BEST
    return Path(start).expanduser()


def _with_folder(tree: Any) -> Any:
    """A recorded config whose data is a folder named without a path: it is one also where it is not there."""
    data = tree.get("data") if isinstance(tree, dict) else None
    name = data.get("name") if isinstance(data, dict) else None
    if not isinstance(name, str) or name in DATASETS or os.sep in name or os.path.isdir(name):
        return tree
    return {**tree, "data": {**data, "name": os.path.join(os.curdir, name)}}
