"""The examples of a test: which ones, and what is written."""

import json
import shutil

import keras
import numpy as np
from PIL import Image

from vgglab.datasets.dataset import Part
from vgglab.evaluation.evaluate import explainer
from vgglab.evaluation.examples import choose_examples, write_examples
from vgglab.evaluation.thumbnails import fitted, overlay, to_picture

LABELS = np.arange(200) % 100


def sure(predicted: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Probabilities over 100 classes with the given winners."""
    rest = (1 - confidence) / 99
    return np.where(np.eye(100)[predicted] == 1, confidence[:, None], rest[:, None])


def test_mistakes_are_the_eight_most_confident_ones():
    confidence = np.linspace(0.3, 0.9, 200)
    predicted = np.where(np.arange(200) < 50, (LABELS + 1) % 100, LABELS)
    mistakes = [each for each in choose_examples(LABELS, sure(predicted, confidence)) if each.kind == "mistake"]
    assert [each.row for each in mistakes] == list(range(49, 41, -1))
    assert [each.number for each in mistakes if each.explained] == [1, 2, 3, 4] and mistakes[0].predicted == 50


def test_successes_are_of_four_classes_and_neither_the_surest_nor_the_least_sure():
    labels = np.repeat(np.arange(5), 40)
    confidence = np.tile(np.linspace(0.5, 0.9, 40), 5)
    successes = choose_examples(labels, sure(labels, confidence))
    assert [each.predicted for each in successes] == [0, 1, 2, 3]
    assert all(each.kind == "success" and 0.65 < each.confidence < 0.75 for each in successes)


def test_rows_that_are_not_finite_are_no_examples():
    assert choose_examples(np.array([0, 1]), np.full((2, 3), np.nan)) == []
    one = choose_examples(np.array([0, 1]), np.array([[0.9, 0.1], [np.nan, 1.0]]))
    assert [(each.kind, each.row) for each in one] == [("success", 0)]


def test_a_run_holds_examples_as_small_pictures(trained):
    told = json.loads((trained.folder / "examples.json").read_text())
    (one, *_), indices = told["examples"], {int(row.split(",")[0]) for row in prediction_lines(trained)}
    assert told["schema"] == 1 and {each["index"] for each in told["examples"]} <= indices
    with Image.open(trained.folder / one["image"]) as image, Image.open(trained.folder / one["explanation"]) as heat:
        assert image.size == heat.size == (96, 96)
    assert sum(each["explanation"] is not None for each in told["examples"] if each["kind"] == "mistake") == 4


def prediction_lines(run) -> list[str]:
    return (run.folder / "predictions.csv").read_text().splitlines()[1:]


def test_evaluating_again_leaves_no_picture_that_is_not_named(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "copy")
    part = Part(np.zeros((3, 8, 8, 3), "uint8"), np.array([0, 1, 1]), np.array([7, 8, 9]))
    write_examples(folder, part, np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), None)
    told = json.loads((folder / "examples.json").read_text())["examples"]
    assert [(each["kind"], each["index"]) for each in told] == [("mistake", 9), ("success", 7), ("success", 8)]
    assert {each["explanation"] for each in told} == {None}
    assert sorted(f"examples/{path.name}" for path in (folder / "examples").iterdir()) == sorted(
        each["image"] for each in told
    )


def test_a_network_without_convolution_has_no_explanations():
    dense = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    assert explainer(dense) is None


def test_images_on_disk_are_read_by_row(tmp_path):
    images = np.lib.format.open_memmap(tmp_path / "images.npy", "w+", "uint8", (2, 8, 8, 3))
    images[1] = 255
    part = Part(images, np.array([0, 1]), np.array([0, 1]))
    write_examples(tmp_path, part, np.array([[0.9, 0.1], [0.2, 0.8]]), lambda images, classes: np.ones((2, 2, 2)))
    with Image.open(tmp_path / "examples" / "success-2.png") as image:
        assert image.size == (96, 96) and image.getpixel((0, 0)) == (255, 255, 255)


def test_small_images_are_enlarged_by_whole_factors_and_large_ones_shrunk():
    assert fitted(to_picture(np.zeros((32, 20, 3)))).size == (60, 96)
    assert fitted(to_picture(np.zeros((64, 64, 1)))).size == (64, 64)
    assert fitted(to_picture(np.zeros((300, 200, 3)))).size == (64, 96)


def test_an_overlay_is_the_grey_image_where_nothing_speaks_and_coloured_where_it_does():
    picture, heat = to_picture(np.full((64, 64, 3), (200, 100, 50))), np.zeros((8, 8))
    heat[:, 4:] = 1
    drawn = np.asarray(overlay(picture, heat), "int")
    assert np.ptp(drawn[:, :16], axis=-1).max() == 0 and np.ptp(drawn[:, -16:], axis=-1).min() > 50
