"""What a report reads of a run folder; a file that is missing or damaged is a `Missing`, never a crash.

Everything comes through `runs.door`, so that what draws it can rely on it, and the file to blame is known.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vgglab.diagnosis.findings import Evidence
from vgglab.diagnosis.reading import describe, evidence_of, proof_text, read_findings
from vgglab.errors import RunError, VgglabError
from vgglab.report.network import Network, read_network
from vgglab.runs.door import read_json, read_matrix, read_rows
from vgglab.runs.record import best_row
from vgglab.runs.shapes import Environment, Example, Examples, Metrics, Prediction
from vgglab.runs.store import Run

EVALUATE, TRAIN, RESTORE, DIAGNOSE, STUDY, SUMMARY = "evaluate", "train", "restore", "diagnose", "study", "summary"
OTHER, SEARCH = "other", "search"
SCORES = ("precision", "recall", "f1", "support")
LARGEST_PICTURE = 60_000  # bytes of an image that is put into the page


class Missing(Exception):
    """A file that a run folder lacks, or that cannot be read.

    Attributes:
        folder: the run folder.
        file: name of the file.
        damage: what is wrong with it; empty where it is not there.
        remedy: what brings it back: one of EVALUATE, TRAIN, RESTORE, DIAGNOSE, STUDY, SUMMARY, OTHER,
            SEARCH.
    """

    def __init__(self, folder: Path, file: str, damage: str = "", remedy: str = RESTORE):
        super().__init__(file)
        self.folder, self.file, self.damage, self.remedy = folder, file, damage, remedy


@contextmanager
def reading(folder: Path, file: str, remedy: str) -> Iterator[Path]:
    """The path of a file that is there; what cannot be read in the block is told as damage of that file.

    Raises:
        Missing: the file is not there, or damaged.
    """
    path = folder / file
    if not path.exists():
        raise Missing(folder, file, remedy=remedy)
    try:
        yield path
    except (VgglabError, OSError) as error:
        raise Missing(folder, file, str(error), remedy) from None


@dataclass(frozen=True)
class ClassFigures:
    """Test figures of one class; shares from 0 to 1."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Confused:
    """How often images of one class were taken for another; `share` is of the true class."""

    true: str
    predicted: str
    count: int
    share: float


@dataclass(frozen=True)
class TestFigures:
    """What `metrics.json` holds; intervals are [low, high] at 95 %, None where there is none."""

    n: int
    accuracy: float
    accuracy_interval: list[float]
    loss: float | None
    loss_interval: list[float] | None
    classes: list[ClassFigures]
    confused: list[Confused]


@dataclass(frozen=True)
class Bin:
    """Images whose confidence lies from `low` to `high`: how many, their mean confidence, the share that is right."""

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Shown:
    """An example of `examples.json`, its images as data URIs."""

    mistake: bool
    label: str
    predicted: str
    confidence: float
    image: str
    explanation: str


class Records:
    """A run as its folder tells it: each file is read when first asked for.

    Args:
        run: the run.
        name: what it is called in the page.
        anchor: where its part of the page is; empty where the whole page is about it.

    Every property raises Missing where its file is missing or damaged.
    """

    def __init__(self, run: Run, name: str = "", anchor: str = ""):
        self.run, self.folder, self.name, self.anchor = run, run.folder, name or run.name, anchor
        self.status, self.record, self.parameters = run.status, run.record, run.record.parameters

    @cached_property
    def config(self) -> dict[str, Any]:
        """Dotted config field -> value."""
        with reading(self.folder, "config.yaml", RESTORE):
            return self.run.settings

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """A row an epoch; at least one."""
        with reading(self.folder, "history.csv", RESTORE if self.run.watched else TRAIN):
            rows = self.run.history
            if not rows:
                raise RunError("no whole epoch was trained")
            return rows

    @cached_property
    def evidence(self) -> Evidence:
        """What the diagnosis takes from the run."""
        with reading(self.folder, "run.json", RESTORE):
            return evidence_of(self.run)

    @property
    def best(self) -> dict[str, Any] | None:
        """The row of the best epoch; None where validation never gave a figure."""
        return best_row(self.history, self.record.measures)

    @cached_property
    def classes(self) -> list[str]:
        """Class names in the order of the outputs."""
        with reading(self.folder, "classes.json", RESTORE):
            return self.run.classes

    @cached_property
    def split(self) -> dict[str, Any]:
        """The data set's name, how many images each part has, and the split's hash."""
        with reading(self.folder, "split.json", RESTORE):
            tree = self.run.split
            sizes = {part: len(tree[part]) for part in ("train", "validation", "test")}
            return {"data": tree["data"], "hash": tree.get("sha256", ""), **sizes}

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions and hardware."""
        with reading(self.folder, "environment.json", RESTORE) as path:
            return read_json(path, Environment)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """`metrics.json` as it is."""
        with reading(self.folder, "metrics.json", EVALUATE):
            return self.run.metrics

    @cached_property
    def figures(self) -> TestFigures:
        """The test figures."""
        return test_figures(self.metrics)

    @cached_property
    def calibration(self) -> tuple[float | None, list[Bin]]:
        """Expected calibration error (None without a prediction that is a number), and images by confidence."""
        tree = self.metrics.get("calibration")
        if tree is None:
            raise Missing(self.folder, "metrics.json", "calibration", EVALUATE)
        return tree["error"], [Bin(**each) for each in tree["bins"]]

    @cached_property
    def predictions(self) -> dict[int, tuple[str, bool]]:
        """Index of a test image -> its true class, and whether it was recognised."""
        with reading(self.folder, "predictions.csv", EVALUATE) as path:
            rows = read_rows(path, Prediction)
            if not rows:
                raise RunError("it has no row")
            return {row["index"]: (row["label"], row["label"] == row["predicted"]) for row in rows}

    @cached_property
    def confusion(self) -> tuple[list[str], list[list[int]]]:
        """Class names, and images by true class (rows) and predicted class (columns)."""
        return self.read_confusion("confusion_matrix.csv")

    def read_confusion(self, file: str, remedy: str = EVALUATE) -> tuple[list[str], list[list[int]]]:
        """As `confusion`, from a file of the folder."""
        with reading(self.folder, file, remedy) as path:
            return read_matrix(path)

    @cached_property
    def network(self) -> Network:
        """The network, layer by layer."""
        if not (self.folder / "network.json").exists() and (self.folder / "architecture.json").exists():
            with reading(self.folder, "architecture.json", SUMMARY):
                return read_network(self.folder)
        with reading(self.folder, "network.json", SUMMARY):
            return read_network(self.folder)

    @cached_property
    def examples(self) -> list[Shown]:
        """Mistakes and successes, in the order of the file."""
        with reading(self.folder, "examples.json", EVALUATE) as path:
            return [self.example(entry) for entry in read_json(path, Examples)["examples"]]

    def example(self, entry: Example) -> Shown:
        """An entry of `examples.json` with its images in it."""
        return Shown(
            entry["kind"] == "mistake",
            self.class_name(entry["label"]),
            self.class_name(entry["predicted"]),
            entry["confidence"],
            self.picture(entry["image"]),
            self.picture(entry["explanation"]) if entry.get("explanation") else "",
        )

    def class_name(self, label: int | str) -> str:
        """A class by its number, or a name as it is.

        Raises:
            RunError: there is no class of that number.
        """
        if isinstance(label, int) and label >= len(self.classes):
            raise RunError(f"a class has the number {label}, of {len(self.classes)} counted from 0")
        return self.classes[label] if isinstance(label, int) else label

    def picture(self, name: str) -> str:
        """A PNG of the folder as a data URI.

        Raises:
            Missing: it is not there, not in the folder, no PNG, or too large for a page.
        """
        with reading(self.folder, str(name), EVALUATE) as path:
            if self.folder.resolve() not in path.resolve().parents:
                raise RunError("it lies outside the run folder")
            content = path.read_bytes()
            if not content.startswith(b"\x89PNG") or len(content) > LARGEST_PICTURE:
                raise RunError(f"not a PNG of at most {LARGEST_PICTURE:,} bytes")
            return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"

    def findings(self, language: str) -> list[dict[str, Any]]:
        """The findings with their texts in a language, most severe first."""
        file = "findings.json" if (self.folder / "findings.json").exists() else "signals.jsonl"
        with reading(self.folder, file, DIAGNOSE):
            return [
                {"epoch": None, **describe(found, language), "tried": tried(found, language)}
                for found in read_findings(self.run)
            ]


def tried(finding: dict[str, Any], language: str) -> str:
    """What came of trying what a finding suggests; empty where that was not tried."""
    return proof_text(finding["proof"], language) if "proof" in finding else ""


def test_figures(tree: Metrics) -> TestFigures:
    """The test figures of a `metrics.json`."""
    return TestFigures(
        tree["n"],
        tree["accuracy"],
        tree["accuracy_interval"],
        tree["loss"],
        tree["loss_interval"],
        [ClassFigures(row["class"], **{key: row[key] for key in SCORES}) for row in tree["per_class"]],
        [Confused(**row) for row in tree["most_confused"]],
    )
