"""Evaluate a run on its test images, and write figures, tables, pictures and examples into its folder."""

from typing import Any

import numpy as np

from vgglab.datasets.dataset import DataSet
from vgglab.evaluation.displays import draw_confusion_matrix, draw_curves, save_figure
from vgglab.evaluation.examples import Explain, write_examples
from vgglab.evaluation.gradcam import GradCam, NotExplainable
from vgglab.evaluation.metrics import confusion_counts, confusion_csv, evaluate_predictions, prediction_rows
from vgglab.runs.files import write_atomic, write_csv, write_json, write_text
from vgglab.runs.folds import PROBABILITIES
from vgglab.runs.store import Run

PREDICTION_FIELDS = ("index", "label", "predicted", "confidence", "label_probability", "label_rank")


def evaluate_run(run: Run, dataset: DataSet) -> dict[str, Any]:
    """Test figures of a run's best model, recorded in the run folder with their tables and pictures.

    Args:
        run: a run that has trained at least one epoch.
        dataset: what the run was trained on, as `check_data` says.

    Returns:
        What `metrics.json` holds.

    Raises:
        RunError: the run has no model, or lacks another file.
    """
    classes, history, test = run.classes, run.history, dataset.test  # all is read before anything is written
    probabilities = run.predict(test.images)
    metrics = {"schema": 1, **evaluate_predictions(test.labels, probabilities, classes)}
    counts = confusion_counts(test.labels, probabilities.argmax(axis=1), len(classes))
    write_csv(
        run.folder / "predictions.csv",
        PREDICTION_FIELDS,
        prediction_rows(test.labels, probabilities, test.indices, classes),
    )
    if run.config.data.fold:  # what all folds say is put together from it
        write_atomic(run.folder / PROBABILITIES, lambda path: np.save(path, probabilities.astype("float32")))
    write_text(run.folder / "confusion_matrix.csv", confusion_csv(counts, classes))
    save_figure(draw_confusion_matrix(counts, classes, run.name), run.folder / "confusion_matrix")
    save_figure(draw_curves(history, run.name, len(classes), run.record.measures), run.folder / "curves")
    write_examples(run.folder, test, probabilities, explainer(run.classifier.model))
    write_json(run.folder / "metrics.json", metrics)
    return metrics


def explainer(model: Any) -> Explain | None:
    """Grad-CAM of a model; None where it cannot be explained."""
    try:
        return GradCam(model).explain
    except NotExplainable:
        return None
