"""Runs as a person looks at them, in a notebook or printed: everything they give shows itself. Imports no backend."""

from collections.abc import Iterable
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vgglab.config.shown import shown_name
from vgglab.diagnosis.reading import read_findings
from vgglab.errors import RunError
from vgglab.evaluation.picture import Picture
from vgglab.report.findings import Findings
from vgglab.report.tables import html_table
from vgglab.runs import store
from vgglab.runs.door import read_matrix

if TYPE_CHECKING:
    from vgglab.evaluation.explain import Explanation
    from vgglab.evaluation.predict import Prediction

SHOWN_ROWS = 20  # of predictions
SHOWN_CLASSES = 3  # of each


class Metrics(dict[str, Any]):
    """Test figures; printed, or in a notebook, they are a table."""

    def __str__(self) -> str:
        from vgglab.report.outcome import metrics_text

        return metrics_text(self)

    def _repr_html_(self) -> str:
        from vgglab.report.outcome import headline

        header = ["class", "precision", "recall", "f1", "images"]
        rows = [
            [shown_name(row["class"]), *(f"{row[name]:.4f}" for name in ("precision", "recall", "f1")), row["support"]]
            for row in self["per_class"]
        ]
        return f"<p>{escape(headline(self))}</p>{html_table(header, rows)}"


class Probabilities(np.ndarray):
    """Class probabilities (N, classes): an array like any other, which is a table of names in a notebook."""

    classes: list[str] | None

    def __new__(cls, values: np.ndarray, classes: list[str]) -> "Probabilities":
        made = np.asarray(values).view(cls)
        made.classes = classes
        return made

    def __array_finalize__(self, source: Any) -> None:
        self.classes = getattr(source, "classes", None)

    def _repr_html_(self) -> str | None:
        """The most probable classes of the first images; None, hence text, for what was computed from it."""
        if self.classes is None or self.ndim != 2 or self.shape[1] != len(self.classes):
            return None
        top = min(SHOWN_CLASSES, len(self.classes))
        rows = []
        for number, row in enumerate(np.asarray(self[:SHOWN_ROWS])):
            best = np.argsort(-row, kind="stable")[:top]
            rows.append([number, *(f"{shown_name(self.classes[place])} {row[place]:.4f}" for place in best)])
        more = f"<p>{len(self) - len(rows):,} more</p>" if len(self) > len(rows) else ""
        return html_table(["image", *(f"{place}." for place in range(1, top + 1))], rows) + more


class Run(store.Run):
    """A run as its folder tells it: everything is read when first asked for, and shows itself in a notebook.

    Args:
        folder: the run folder.

    Raises:
        RunError: it is no run folder, or a newer version wrote it.
    """

    @cached_property
    def findings(self) -> Findings:
        """What the diagnosis found, most severe first: a list that prints as text, `.translated("fr")` in French."""
        return Findings(read_findings(store.Run(self.folder)), self.folder)

    @cached_property
    def metrics(self) -> Metrics | None:
        """Test figures as `metrics.json` has them, a dict that prints as a table; None before the run was evaluated."""
        found = store.Run(self.folder).metrics
        return None if found is None else Metrics(found)

    def curves(self) -> Picture:
        """Loss and accuracy by epoch, drawn."""
        from vgglab.evaluation.displays import draw_curves

        known = not self.watched and (self.folder / "classes.json").exists()
        classes = len(self.classes) if known else None
        return Picture(draw_curves(self.history, self.name, classes, self.record.measures))

    def confusion(self) -> Picture:
        """How often each class of the test images was taken for each, drawn.

        Raises:
            RunError: the run was not evaluated.
        """
        from vgglab.evaluation.displays import draw_confusion_matrix

        self.check_trained("it has no test figures")
        path = self.folder / "confusion_matrix.csv"
        if not path.exists():
            raise RunError(
                f"{self.folder}: confusion_matrix.csv is missing; make it with vgglab evaluate {self.folder}"
            )
        names, counts = read_matrix(path)
        return Picture(draw_confusion_matrix(np.array(counts), names, self.name))

    def predict(self, images: np.ndarray) -> Probabilities:
        """Class probabilities (N, classes) of raw images (N, H, W, 3), 0 to 255: an array, in a notebook a table."""
        return Probabilities(super().predict(images), self.classes)

    def classify(self, images: np.ndarray) -> list[str]:
        """The name of the most probable class of each raw image."""
        return self.classifier.classify(images)

    def predict_files(self, paths: Iterable[str | PathLike[str]], top: int = 5) -> "Iterable[Prediction]":
        """What the best model says of picture files and folders: see `vgglab.predict_files`."""
        classifier = self.classifier  # first: it imports Keras without greetings
        from vgglab.evaluation.predict import predict_files

        return predict_files(classifier, paths, top)

    def explain_file(self, path: str | PathLike[str], class_name: str | None = None) -> "Explanation":
        """What in a picture file speaks for a class: see `vgglab.explain_file`."""
        classifier = self.classifier
        from vgglab.evaluation.explain import explain_file

        return explain_file(classifier, path, class_name)

    def _repr_html_(self) -> str:
        best, figures = self.best or {}, self.metrics or {}
        rows = [("folder", self.folder), ("status", self.status), ("epochs", len(self.history))]
        measure = "val_loss" if best.get("val_accuracy") is None else "val_accuracy"
        rows += [("best epoch", best["epoch"]), (f"{measure} there", f"{best[measure]:.4f}")] if best else []
        rows += [("test accuracy", f"{figures['accuracy']:.4f}")] if figures else []
        return html_table(["run", self.name], rows)


def load(folder: Path | str) -> Run:
    """Open a run folder.

    Args:
        folder: the run folder; a run's name stands for the one below `./runs`.

    Raises:
        RunError: it is no run folder, or a newer version wrote it.
    """
    return Run(store.find_folder(folder))
