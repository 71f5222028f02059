"""Data sets: images, labels, class names and a fixed split. Importing this loads no numpy."""

from vgglab.config import DATASETS
from vgglab.datasets.load import load_data, published

__all__ = ["DATASETS", "load_data", "published"]
