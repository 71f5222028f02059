"""What a run reads that is not in its folder, asked of its config in one place; its config where that is elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vgglab.config.schema import DATASETS, HUB_PREFIX, RunConfig
from vgglab.experiments.run_data import TABLES, carried, located
from vgglab.runs.source import kept_code
from vgglab.runs.store import start_file

DATA, WEIGHTS, PRESET = "data.name", "backbone.weights", "backbone.name"  # the fields that name such things
BUILT_IN = "digits"
Places = Mapping[str, Path | str]  # field -> where what it names is on this machine


@dataclass(frozen=True)
class Outside:
    """A file or a folder that a run reads; what is built in, fetched by name, or kept in the run's folder is none.

    Attributes:
        place: of it, absolute; for a published data set the name, as each machine knows where that is.
        beside: name in a copy -> file that lies elsewhere and belongs to it, as pairs.
    """

    place: Path | str
    beside: tuple[tuple[str, Path], ...] = ()


def outside(config: RunConfig) -> dict[str, Outside]:
    """Field -> what it names: a data set with its tables, a file or a run with weights, the folder of a preset.

    What a network's own code opens is not known here.
    """
    found = {}
    if config.data.name != BUILT_IN:
        found[DATA] = _data(config)
    start = None if config.model.own else start_file(config)
    if start and start.is_file():  # else who needs it says so; a run that has begun does not
        start = start.absolute()
        code = kept_code(start.parent)
        found[WEIGHTS] = Outside(start, tuple((path.relative_to(start.parent).as_posix(), path) for path in code))
    preset = _preset(config)
    if preset and preset.is_dir():
        found[PRESET] = Outside(preset.absolute())
    return found


def relocated(config: RunConfig, places: Places) -> RunConfig:
    """A run's config, naming what it reads by the places where that is now.

    Raises:
        UsageError: a folder is given for a run on a data set that is none.
        DataError: the folder of pictures that the config names is not there, and no other is given.
    """
    config = located(config, places.get(DATA))
    named = {WEIGHTS: ("weights", ""), PRESET: ("name", HUB_PREFIX)}
    change = {name: f"{prefix}{places[field]}" for field, (name, prefix) in named.items() if field in places}
    return config.model_copy(update={"backbone": config.backbone.model_copy(update=change)})


def _data(config: RunConfig) -> Outside:
    data = config.data
    if data.name in DATASETS:
        return Outside(data.name)
    place = Path(data.name).expanduser().absolute()
    tables = [(field, Path(named).expanduser().absolute()) for field in TABLES if (named := getattr(data, field))]
    elsewhere = [(field, path) for field, path in tables if path.is_file() and not path.is_relative_to(place)]
    return Outside(place, tuple((carried(field), path) for field, path in elsewhere))  # else it is a column in shards


def _preset(config: RunConfig) -> Path | None:
    name = config.backbone.name or ""
    return Path(name.removeprefix(HUB_PREFIX)) if name.startswith(HUB_PREFIX) else None
