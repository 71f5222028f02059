"""Data sets: images, labels, class names and a fixed split. Importing this loads no numpy."""

from vgglab.config.schema import DATASETS
from vgglab.datasets.load import load_data, published

__all__ = ["DATASETS", "load_data", "published"]
