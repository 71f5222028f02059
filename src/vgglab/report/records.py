"""What a report reads of a run folder; a file that is missing or damaged is a `Missing`, never a crash.

Everything is checked where it is read, so that what draws it can rely on it, and the file to blame is known.
"""

import base64
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vgglab.config.schema import flatten
from vgglab.diagnosis.reading import describe, proof_text, read_findings
from vgglab.errors import RunError, VgglabError
from vgglab.report.network import Network, read_network
from vgglab.runs.files import read_json
from vgglab.runs.record import SCHEMA, best_row, check_schema
from vgglab.runs.store import Run

# What reading a file of unknown content can raise, once it is there.
DAMAGE = (VgglabError, OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, csv.Error)
EVALUATE, TRAIN, RESTORE, DIAGNOSE, STUDY, SUMMARY = "evaluate", "train", "restore", "diagnose", "study", "summary"
LARGEST_PICTURE = 60_000  # bytes of an image that is put into the page


class Missing(Exception):
    """A file that a run folder lacks, or that cannot be read.

    Attributes:
        folder: the run folder.
        file: name of the file.
        damage: what is wrong with it; empty where it is not there.
        remedy: what brings it back: one of EVALUATE, TRAIN, RESTORE, DIAGNOSE, STUDY, SUMMARY.
    """

    def __init__(self, folder: Path, file: str, damage: str = "", remedy: str = RESTORE):
        super().__init__(file)
        self.folder, self.file, self.damage, self.remedy = folder, file, damage, remedy


@contextmanager
def reading(folder: Path, file: str, remedy: str) -> Iterator[Path]:
    """The path of a file that is there; what goes wrong in the block is told as damage of that file.

    Raises:
        Missing: the file is not there, or the block could not make sense of it.
    """
    path = folder / file
    if not path.exists():
        raise Missing(folder, file, remedy=remedy)
    try:
        yield path
    except Missing:
        raise
    except DAMAGE as error:
        told = isinstance(error, VgglabError | OSError)
        raise Missing(folder, file, str(error) if told else f"{type(error).__name__}: {error}", remedy) from None


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
    accuracy_interval: tuple[float, float]
    loss: float | None
    loss_interval: tuple[float, float] | None
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
        self.status, self.record = run.status, run.record
        for value in (self.record.seconds, self.record.flops, self.record.epochs_done):
            number(value)
        self.parameters = {str(kind): int(number(count)) for kind, count in self.record.parameters.items()}

    @cached_property
    def config(self) -> dict[str, Any]:
        """Dotted config field -> value."""
        with reading(self.folder, "config.yaml", RESTORE):
            return flatten(self.run.config)

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """A row an epoch; at least one."""
        with reading(self.folder, "history.csv", TRAIN):
            rows = self.run.history
            if not rows:
                raise RunError("no whole epoch was trained")
            return rows

    @property
    def best(self) -> dict[str, Any] | None:
        """The row of the best epoch; None where validation never gave a figure."""
        return best_row(self.history)

    @cached_property
    def classes(self) -> list[str]:
        """Class names in the order of the outputs."""
        with reading(self.folder, "classes.json", RESTORE):
            names = [str(name) for name in self.run.classes]
            if not names:
                raise RunError("no class is named")
            return names

    @cached_property
    def split(self) -> dict[str, Any]:
        """The data set's name, how many images each part has, and the split's hash."""
        with reading(self.folder, "split.json", RESTORE) as path:
            tree = read_json(path)
            sizes = {part: len(tree[part]) for part in ("train", "validation", "test")}
            return {"data": str(tree["data"]), "hash": str(tree.get("sha256", "")), **sizes}

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions and hardware."""
        with reading(self.folder, "environment.json", RESTORE) as path:
            tree = read_json(path)
            packages = {str(name): str(version) for name, version in tree["packages"].items()}
            return {**tree, "packages": packages}

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """`metrics.json` as it is."""
        with reading(self.folder, "metrics.json", EVALUATE) as path:
            tree = read_json(path)
            check_schema(tree, SCHEMA, path)
            return tree

    @cached_property
    def figures(self) -> TestFigures:
        """The test figures."""
        with reading(self.folder, "metrics.json", EVALUATE):
            return test_figures(self.metrics)

    @cached_property
    def calibration(self) -> tuple[float | None, list[Bin]]:
        """Expected calibration error (None without a prediction that is a number), and images by confidence."""
        tree = self.metrics.get("calibration")
        if tree is None:
            raise Missing(self.folder, "metrics.json", "calibration", EVALUATE)
        with reading(self.folder, "metrics.json", EVALUATE):
            return None if tree["error"] is None else number(tree["error"]), [
                Bin(
                    number(row["low"]),
                    number(row["high"]),
                    int(number(row["count"])),
                    *(number(row[key]) if row["count"] else None for key in ("confidence", "accuracy")),
                )
                for row in tree["bins"]
            ]

    @cached_property
    def predictions(self) -> dict[int, tuple[str, bool]]:
        """Index of a test image -> its true class, and whether it was recognised."""
        with reading(self.folder, "predictions.csv", EVALUATE) as path, path.open(newline="", encoding="utf-8") as file:
            rows = {int(row["index"]): (row["label"], row["label"] == row["predicted"]) for row in csv.DictReader(file)}
            if not rows:
                raise RunError("it has no row")
            return rows

    @cached_property
    def confusion(self) -> tuple[list[str], list[list[int]]]:
        """Class names, and images by true class (rows) and predicted class (columns)."""
        return self.read_confusion("confusion_matrix.csv")

    def read_confusion(self, file: str) -> tuple[list[str], list[list[int]]]:
        """As `confusion`, from a file of the folder."""
        with reading(self.folder, file, EVALUATE) as path, path.open(newline="", encoding="utf-8") as lines:
            (_, *names), *rows = csv.reader(lines)
            counts = [[int(cell) for cell in cells] for _, *cells in rows]
            if not names or any(len(row) != len(names) for row in [counts, *counts]):
                raise RunError("it is not square")
            return names, counts

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
            tree = read_json(path)
            check_schema(tree, SCHEMA, path)
            return [self.example(entry) for entry in tree["examples"]]

    def example(self, entry: dict[str, Any]) -> Shown:
        """An entry of `examples.json` with its images in it."""
        return Shown(
            entry["kind"] == "mistake",
            self.class_name(entry["label"]),
            self.class_name(entry["predicted"]),
            number(entry["confidence"]),
            self.picture(entry["image"]),
            self.picture(entry["explanation"]) if entry.get("explanation") else "",
        )

    def class_name(self, label: Any) -> str:
        """A class by its number, or a name as it is."""
        return label if isinstance(label, str) else self.classes[int(number(label))]

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


def test_figures(tree: dict[str, Any]) -> TestFigures:
    """The test figures of a `metrics.json`."""
    return TestFigures(
        int(number(tree["n"])),
        number(tree["accuracy"]),
        pair(tree["accuracy_interval"]),
        None if tree["loss"] is None else number(tree["loss"]),
        None if tree["loss_interval"] is None else pair(tree["loss_interval"]),
        [
            ClassFigures(str(row["class"]), *(number(row[key]) for key in ("precision", "recall", "f1", "support")))
            for row in tree["per_class"]
        ],
        [
            Confused(str(row["true"]), str(row["predicted"]), int(row["count"]), number(row["share"]))
            for row in tree["most_confused"]
        ],
    )


def number(value: Any) -> float:
    """A number as it is; anything else is an error."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


def pair(values: Any) -> tuple[float, float]:
    """Two numbers."""
    low, high = values
    return number(low), number(high)
