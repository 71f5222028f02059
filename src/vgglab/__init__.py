"""vgglab: train image classifiers, compare them, and understand what happened."""

import importlib
import os
from typing import Any

__version__ = "0.1.0"

# TensorFlow otherwise greets every user with its build options; an explicit setting is respected.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# Public name -> where it lives. Loaded when first used, so that no backend is imported without need.
_PUBLIC = {
    "Classifier": "vgglab.runs.saved_model",
    "Run": "vgglab.runs.store",
    "RunConfig": "vgglab.config",
    "VgglabError": "vgglab.errors",
    "compare": "vgglab.report.compare",
    "evaluate": "vgglab.experiment",
    "load": "vgglab.runs.store",
    "load_classifier": "vgglab.runs.saved_model",
    "load_data": "vgglab.datasets.load",
    "resume": "vgglab.experiment",
    "run": "vgglab.experiment",
    "vgg16": "vgglab.models.vgg16",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'vgglab' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
