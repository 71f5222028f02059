"""What is made sure of before a search begins."""

from importlib.util import find_spec
from pathlib import Path

from vgglab.config.search_file import Plan
from vgglab.datasets.load import read_data
from vgglab.errors import RunError
from vgglab.tracking.trackers import check_trackers


def check_search(plan: Plan, data_dir: Path | str | None = None) -> None:
    """Make sure that Optuna is there, and the data, and that it fits what is searched.

    Raises:
        RunError: Optuna is not installed.
        ConfigError: a crop is larger than the images allow, or a tracker is not installed.
        DataError: the data set is missing or damaged.
    """
    if find_spec("optuna") is None:
        raise RunError("a search needs Optuna; pip install 'vgglab[search]'")
    config = plan.config()
    check_trackers(config.log)
    read_data(config, data_dir)
