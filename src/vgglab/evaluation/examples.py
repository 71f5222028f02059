"""A few images of a test: the most confident mistakes and some typical successes, with what speaks for them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vgglab.datasets.dataset import Part
from vgglab.evaluation.thumbnails import fitted, overlay, save_png, to_picture
from vgglab.runs.files import write_json

MISTAKES, SUCCESSES = 8, 4
EXPLAINED = {"mistake": 4, "success": 2}  # the first ones of each kind

# Images (N, H, W, C) and class numbers (N,) -> how much each place speaks for the class, (N, h, w), 0 to 1.
Explain = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Example(NamedTuple):
    """One image of a test: its row there, which one of its kind it is (from 1), and what was predicted."""

    kind: str
    number: int
    row: int
    predicted: int
    confidence: float

    @property
    def explained(self) -> bool:
        """Whether it comes with what speaks for the predicted class."""
        return self.number <= EXPLAINED[self.kind]


def choose_examples(labels: np.ndarray, probabilities: np.ndarray) -> list[Example]:
    """The most confident mistakes, then successes of as many classes as can be, each the median one of its class.

    Args:
        labels: true class numbers, (N,).
        probabilities: predicted, (N, classes); a row that is not finite is no example.
    """
    rows = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    predicted, confidence = probabilities[rows].argmax(axis=1), probabilities[rows].max(axis=1)
    right = predicted == labels[rows]
    chosen = {"mistake": _most_confident(~right, confidence), "success": _typical(right, predicted, confidence)}
    return [
        Example(kind, number, int(rows[at]), int(predicted[at]), float(confidence[at]))
        for kind, places in chosen.items()
        for number, at in enumerate(places, 1)
    ]


def _most_confident(wanted: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    places = np.flatnonzero(wanted)
    return places[np.argsort(-confidence[places], kind="stable")][:MISTAKES]


def _typical(right: np.ndarray, predicted: np.ndarray, confidence: np.ndarray) -> list[int]:
    """Round after round the median success of each class that has one left, classes with most successes first."""
    counts = np.bincount(predicted[right])
    classes = [number for number in np.argsort(-counts, kind="stable") if counts[number]][:SUCCESSES]
    chosen: list[int] = []
    for turn in range(SUCCESSES if classes else 0):
        number = classes[turn % len(classes)]
        left = [at for at in np.flatnonzero(right & (predicted == number)) if at not in chosen]
        if left:
            chosen.append(sorted(left, key=lambda at: confidence[at])[len(left) // 2])
    return [int(at) for at in chosen]


def write_examples(folder: Path, part: Part, probabilities: np.ndarray, explain: Explain | None) -> None:
    """Write `examples.json` and the pictures it names, in the folder `examples`.

    Args:
        folder: the run folder.
        part: the test images, perhaps on disk.
        probabilities: predicted for them, (N, classes).
        explain: None where the network cannot be explained.
    """
    examples = choose_examples(part.labels, probabilities)
    (folder / "examples").mkdir(exist_ok=True)
    explained = [example for example in examples if example.explained and explain]
    heats = _explain(part, explained, explain)
    rows = [_write_example(folder, part, example, heats.get(example)) for example in examples]
    write_json(folder / "examples.json", {"schema": 1, "examples": rows})
    named = {row[key] for row in rows for key in ("image", "explanation")}
    for path in (folder / "examples").glob("*.png"):  # of an evaluation before
        if f"examples/{path.name}" not in named:
            path.unlink()


def _explain(part: Part, examples: Iterable[Example], explain: Explain | None) -> dict[Example, np.ndarray]:
    examples = list(examples)
    if not examples:
        return {}
    images = part.images[np.array([example.row for example in examples])]
    return dict(zip(examples, explain(images, np.array([each.predicted for each in examples])), strict=True))


def _write_example(folder: Path, part: Part, example: Example, heat: np.ndarray | None) -> dict:
    picture = fitted(to_picture(part.images[example.row]))
    image = f"examples/{example.kind}-{example.number}.png"
    explanation = None if heat is None else f"examples/{example.kind}-{example.number}-gradcam.png"
    save_png(picture, folder / image)
    if explanation:
        save_png(overlay(picture, heat).quantize(128), folder / explanation)
    return {
        "kind": example.kind,
        "index": int(part.indices[example.row]),
        "label": int(part.labels[example.row]),
        "predicted": example.predicted,
        "confidence": round(example.confidence, 6),
        "image": image,
        "explanation": explanation,
    }
