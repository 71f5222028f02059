"""Data sets: images, labels, class names and a fixed split. Importing this loads no numpy."""

from vgglab.datasets.load import DATASETS, load_data

__all__ = ["DATASETS", "load_data"]
