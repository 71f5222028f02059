"""Whether an exported file answers as the network does: on images, and on picture files as its user decodes them."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.evaluation.significance import wilson_interval
from vgglab.exporting.engines import Engine, run_engine

CALLS = {1: 30, 32: 5}  # images together -> how often they are timed


@dataclass(frozen=True)
class Sample:
    """What the two are compared on.

    Attributes:
        images: uint8 (N, side, side, 3), as vgglab decodes them.
        labels: class numbers (N,); None where they are not known.
        files: a picture file of each.
        expected: the network's probabilities (N, classes).
    """

    images: np.ndarray
    labels: np.ndarray | None
    files: Sequence[Path]
    expected: np.ndarray


@dataclass(frozen=True)
class Parity:
    """How far an exported file and the network agree.

    Attributes:
        n: images.
        largest: largest difference of a probability.
        same: share of images with the same most probable class.
        pixels: largest difference of a pixel, 0 to 255, where a file is decoded without vgglab.
        largest_of_files: as `largest`, of files that are decoded without vgglab; inf where one has no finite answer.
        accuracy: of the network and of the exported file, with their intervals at 95 %; None without labels.
    """

    n: int
    largest: float
    same: float
    pixels: int
    largest_of_files: float
    accuracy: dict[str, dict[str, Any]] | None

    def holds(self, tolerance: float) -> bool:
        """Whether no probability differs by more, of an image or of a file."""
        return max(self.largest, self.largest_of_files) <= tolerance

    @property
    def cost(self) -> float | None:
        """Accuracy of the network less that of the exported file; None without labels."""
        return self.accuracy and self.accuracy["network"]["accuracy"] - self.accuracy["exported"]["accuracy"]

    def as_dict(self) -> dict[str, Any]:
        """The attributes, as JSON takes them."""
        told = asdict(self) | {"cost": self.cost}
        return {name: None if value == np.inf else value for name, value in told.items()}


def compare(sample: Sample, engine: Engine, load: Callable[[Path], np.ndarray]) -> Parity:
    """Let an engine answer what the network has answered.

    Args:
        sample: images, files, and the network's answers.
        engine: runs the exported file.
        load: decodes a file as the user of the exported file does: uint8 (side, side, 3).
    """
    decoded = np.stack([load(path) for path in sample.files])
    given, of_files = run_engine(engine, sample.images), run_engine(engine, decoded)
    pixels = np.abs(decoded.astype(int) - sample.images.astype(int)).max()
    same = given.argmax(axis=1) == sample.expected.argmax(axis=1)
    accuracy = None
    if sample.labels is not None:
        both = {"network": sample.expected, "exported": given}
        accuracy = {name: _accuracy(sample.labels, answers) for name, answers in both.items()}
    differences = (_largest(answers, sample.expected) for answers in (given, of_files))
    largest, largest_of_files = differences
    return Parity(len(given), largest, float(same.mean()), int(pixels), largest_of_files, accuracy)


def latency(engine: Engine, images: np.ndarray) -> dict[str, dict[str, Any]]:
    """Milliseconds of a call, by how many images it gets: `median`, `low`, `high` and the `calls` that were timed."""
    return {str(count): _timed(engine, images, count, calls) for count, calls in CALLS.items()}


def _timed(engine: Engine, images: np.ndarray, count: int, calls: int) -> dict[str, Any]:
    batch = np.resize(images, (count, *images.shape[1:])).astype(np.float32)
    engine(batch)
    taken = []
    for _ in range(calls):
        begun = time.perf_counter()
        engine(batch)
        taken.append(1000 * (time.perf_counter() - begun))
    return {"median": statistics.median(taken), "low": min(taken), "high": max(taken), "calls": calls}


def _largest(given: np.ndarray, expected: np.ndarray) -> float:
    difference = float(np.abs(given - expected).max())
    return difference if np.isfinite(difference) else np.inf


def _accuracy(labels: np.ndarray, answers: np.ndarray) -> dict[str, Any]:
    right = int((answers.argmax(axis=1) == labels).sum())
    return {"accuracy": right / len(labels), "interval": list(wilson_interval(right, len(labels)))}
