"""What a run's `split.json` holds of a data set."""

import json
from typing import Any

from vgglab.datasets.dataset import DataSet
from vgglab.datasets.split import split_text


def split_record(dataset: DataSet) -> dict[str, Any]:
    """The record as it is read again."""
    return json.loads("".join(split_text(dataset)))
