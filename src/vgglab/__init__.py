"""vgglab: train image classifiers, compare them, and understand what happened."""

import importlib
from typing import Any

from vgglab.keras_tools.backend import configure_backend, import_keras

__version__ = "0.2.0"

configure_backend()

# Public name -> where it lives. Loaded when first used, so that no backend is imported without need.
_PUBLIC = {
    "Run": "vgglab.report.notebook",
    "RunConfig": "vgglab.config.schema",
    "VgglabError": "vgglab.errors",
    "compare": "vgglab.report.compare",
    "diagnose": "vgglab.watching.curves",
    "load": "vgglab.report.notebook",
    "load_data": "vgglab.datasets.load",
}
_PUBLIC_WITH_BACKEND = {
    "Classifier": "vgglab.runs.saved_model",
    "Watch": "vgglab.watching.watch",
    "check": "vgglab.watching.checks",
    "ensemble": "vgglab.experiments.ensemble",
    "evaluate": "vgglab.experiments.evaluation",
    "evaluate_ensemble": "vgglab.experiments.judging",
    "explain_file": "vgglab.evaluation.explain",
    "export": "vgglab.experiments.export",
    "find_doubts": "vgglab.experiments.doubts",
    "load_classifier": "vgglab.runs.saved_model",
    "predict_files": "vgglab.evaluation.predict",
    "resume": "vgglab.experiments.run",
    "run": "vgglab.experiments.run",
    "run_folds": "vgglab.experiments.folds",
    "run_seeds": "vgglab.experiments.seeds",
    "search": "vgglab.experiments.search",
    "vgg16": "vgglab.models.vgg16",
}
__all__ = sorted([*_PUBLIC, *_PUBLIC_WITH_BACKEND])


def __getattr__(name: str) -> Any:
    if name in _PUBLIC_WITH_BACKEND:
        import_keras()
    elif name not in _PUBLIC:
        raise AttributeError(f"module 'vgglab' has no attribute {name!r}")
    return getattr(importlib.import_module((_PUBLIC | _PUBLIC_WITH_BACKEND)[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
