"""The data of a run that is there: from where its config says, or from another place."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vgglab.config.schema import DATASETS, DataConfig, RunConfig
from vgglab.config.shown import count_of
from vgglab.datasets.dataset import DataSet, Skipped
from vgglab.datasets.load import read_data
from vgglab.datasets.split import check_split, split_text
from vgglab.datasets.telling import tell
from vgglab.errors import DataError, UsageError
from vgglab.runs.files import has_text, write_csv
from vgglab.runs.store import Run

TABLES = ("labels", "without")  # the fields that name a table beside the pictures
SKIPPED = "skipped.csv"  # in a run's folder: pictures that cannot be read


def read_run_data(config: RunConfig, data: Path | str | None = None, data_dir: Path | str | None = None) -> DataSet:
    """The data set that a run was trained on; whether it is still the same is for `check_data` to say.

    Args:
        config: of the run.
        data: as for `located`.
        data_dir: where the data sets lie.

    Raises:
        UsageError: as of `located`.
        DataError: the data is missing or damaged.
    """
    return read_data(located(config, data), data_dir)


def check_data(run: Run, dataset: DataSet) -> None:
    """Make sure that data is what a run was trained on; errors as of `check_split` and of `Run.split`.

    Nearly always the record would be written just so again, and need not be taken apart: of a million pictures that
    takes 340 MB.
    """
    if not has_text(run.folder / "split.json", split_text(dataset)):
        check_split(dataset, run.split)


@contextmanager
def skipped_written(folder: Path, dataset: DataSet) -> Iterator[None]:
    """Write down which pictures are left out; and in the end, whatever it is, those that turned out to be black."""
    _write_skipped(folder, dataset.skipped)
    try:
        yield
    finally:
        if black := dataset.black():
            known = sorted({*black, *_read_skipped(folder)})
            _write_skipped(folder, known)
            count = count_of(len(known), "picture")
            tell([f"{folder}: black for {count} that cannot be read, such as {known[0].path}; {SKIPPED} names all"])


def _write_skipped(folder: Path, skipped: Iterable[Skipped]) -> None:
    if skipped:
        write_csv(folder / SKIPPED, Skipped._fields, [each._asdict() for each in skipped])


def _read_skipped(folder: Path) -> list[Skipped]:
    """What is written down already: a run that goes on need not come across it again."""
    if not (folder / SKIPPED).exists():
        return []
    with (folder / SKIPPED).open(encoding="utf-8", newline="") as file:
        return [Skipped(**row) for row in csv.DictReader(file)]


def located(config: RunConfig, data: Path | str | None = None) -> RunConfig:
    """The config of a run, naming the folder that its pictures are in now.

    Args:
        config: of the run.
        data: that folder; None for the one in the config.

    Raises:
        UsageError: a folder is given for a run on a data set that is none.
        DataError: the folder in the config is not there.
    """
    name = config.data.name
    if data is None:
        if name not in DATASETS and not Path(name).expanduser().exists():
            raise DataError(f"{name}: no such folder; name the one that the run's pictures are in now with --data")
        return config
    if name in DATASETS:
        raise UsageError(f"--data {data}: the run was trained on {name}, which is no folder; leave --data out")
    return config.model_copy(update={"data": moved(config.data, data)})


def moved(config: DataConfig, data: Path | str) -> DataConfig:
    """The same data in another folder; tables of labels or doubts that lay in the old one lie in the new one.

    One that lay elsewhere lies there still, or has come along as `carried`.
    """
    old, new = (Path(folder).expanduser().absolute() for folder in (config.name, data))
    place = {"name": str(new)}
    for field in TABLES:
        named = getattr(config, field)
        table = named and Path(named).expanduser().absolute()
        inside = table and table.is_relative_to(old) and new / table.relative_to(old)
        if inside and (inside.suffix or inside.exists()):  # else it is a column in shards
            place[field] = str(inside)
        elif table and (new / carried(field)).is_file():
            place[field] = str(new / carried(field))
    return config.model_copy(update=place)


def carried(field: str) -> str:
    """The name of a table from elsewhere in a folder that it travelled with; hidden, as it is no picture."""
    return f".vgglab-{field}.csv"
