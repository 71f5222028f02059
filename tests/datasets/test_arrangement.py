"""Folders as data sets come: what their folders are is told by names and contents, or asked for."""

import numpy as np
import pytest

from vgglab.config.schema import DataConfig
from vgglab.datasets import load_data
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.part_names import speaks_of
from vgglab.errors import DataError


@pytest.fixture
def listed(tmp_path):
    """Of a folder with the files named: its classes, and how many files of them each part has."""

    def find(files, **settings):
        for file in files:
            path = tmp_path / "x" / (file if "." in file else f"{file}/1.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        found = find_pictures(DataConfig(name=str(tmp_path / "x"), **settings))
        counts = {p: np.bincount(found.labels[rows], minlength=len(found.classes)) for p, rows in found.parts.items()}
        return found.classes, {part: count.tolist() for part, count in counts.items()}, found.notes

    return find


AB = ("a", "b")


def both(*folders):
    return [f"{folder}/{name}" for folder in folders for name in AB]


@pytest.mark.parametrize(
    "files",
    [
        both("seg_train/seg_train", "seg_test/seg_test"),
        both("training_set", "test_set"),
        [*both("train_set/train_set", "test_set/test_set"), "train_set/train_set/left.jpg"],
        both("train_data", "testData"),
        both("Training", "Testing"),
        both("trainset", "testset"),
        both("images_train", "images_test"),
        both("train2017", "test2017"),
        both("archive/train", "archive/test"),
        both("archive/data/training_set/training_set", "archive/data/test_set/test_set"),
        both("train/Images", "test/Images"),
        ["a/train", "b/train", "a/test", "b/test"],
        ["x/a/a_train", "x/b/b_train", "x/a/a_test", "x/b/b_test"],
    ],
    ids=lambda files: files[0],
)
def test_parts_are_parts_whatever_stands_around_their_names_above_or_below_classes(listed, files):
    assert listed(files)[:2] == (AB, {"train": [1, 1], "test": [1, 1]})


@pytest.mark.parametrize("name", ["valid", "dev", "val_set", "Validation"])
def test_a_validation_part_has_many_names(listed, name):
    assert listed(both("train", name))[:2] == (AB, {"train": [1, 1], "validation": [1, 1]})


@pytest.mark.parametrize(
    "classes",
    [
        ("bus", "car", "train"),
        ("airport", "bus_stop", "train_station"),
        ("bus", "test", "train"),
        ("test_a", "test_b"),
        ("predator", "valley"),
        ("bus/front", "car/back", "train_model/side"),
        ("rail/train", "rail/tram", "road/bus"),
    ],
    ids=", ".join,
)
def test_classes_that_only_look_like_parts_are_classes(listed, classes):
    names = sorted({name.partition("/")[0] for name in classes})
    assert listed(classes)[0] == tuple(names) and listed(classes)[1].keys() == {"train"}


@pytest.mark.parametrize("wrapped", ["archive/Images", "archive", "a-set/a-set"])
def test_a_wrapping_folder_is_looked_into_and_said(listed, wrapped):
    classes, parts, notes = listed([*both(wrapped), f"{wrapped.partition('/')[0]}/translate.py"])
    assert (classes, parts) == (AB, {"train": [1, 1]}) and notes == (f"the data set is what lies in {wrapped}",)


@pytest.mark.parametrize("test", ["test", "seg_test/seg_test", "test/images"])
def test_a_test_part_without_class_folders_is_left_out_and_said(listed, test):
    _, parts, (note,) = listed([*both("train"), f"{test}/1.png", f"{test}/2.png"])
    assert parts == {"train": [1, 1]} and f"/x/{test.partition('/')[0]}: holds 2 files and no class folders" in note
    assert note.endswith("left out, and the test part is cut from the training pictures; vgglab predict takes it")


def test_a_class_may_be_called_unknown(listed):
    assert listed(["train/a", "train/unknown", "test/unknown"])[1] == {"train": [1, 1], "test": [0, 1]}


def test_pictures_to_predict_beside_the_parts_are_left_out(listed):
    _, parts, (note,) = listed([*both("seg_train/seg_train", "seg_test/seg_test"), "seg_pred/seg_pred/1.png"])
    assert parts == {"train": [1, 1], "test": [1, 1]} and "/x/seg_pred: holds 1 file and" in note and "cut" not in note


def test_what_is_left_out_is_said_once_and_training_goes_on(make_folder, capfd):
    root = make_folder({"train/a": 9, "train/b": 9, "test": 3})
    folder = load_data(str(root), image_size=8)
    assert [len(part) for part in (folder.train, folder.validation, folder.test)] == [12, 2, 4]
    assert capfd.readouterr().err.count("\n") == 1


UNSURE = {
    "train_station and test_track": (
        [*both("train_station"), "test_track/c"],
        "Give --layout part/class",
    ),
    "parts among classes": (both("seg_train", "extra"), "'seg_train' both hold 'a'|'extra' both hold 'a'"),
    "a folder beside parts": ([*both("train", "test"), "masks/a"], "named 'masks'; .* or give --layout class if"),
    "parts in one class": (["a/train", "a/test", "b"], "'a' holds test, train, but not every class"),
    "files beside parts": (["a/train", "a/test", "b/train", "b/test", "a/1.png"], "nothing beside them"),
    "parts without classes": (["training_set", "test_set"], "parts or classes"),
    "sets of the same classes": (
        [*both("color", "grayscale", "segmented"), "segmented/c"],
        "color, grayscale, segmented each hold a, b: which of them are the classes.* give .*/x/color, or another one",
    ),
    "sets, each wrapped": (both("color/color", "grey/grey"), "color, grey each hold a, b"),
    "sets above parts": (both("color/train", "color/test", "grey/train", "grey/test"), "/x/color, or"),
}


@pytest.mark.parametrize("case", UNSURE)
def test_what_can_be_read_in_two_ways_is_asked_for_in_one_line_and_then_done(listed, case):
    files, expected = UNSURE[case]
    with pytest.raises(DataError, match=expected) as caught:
        listed(files)
    assert "\n" not in str(caught.value) and "--layout class" in str(caught.value)
    classes, parts, _ = listed(files, layout="class")
    assert set(classes) == {file.partition("/")[0] for file in files} and parts.keys() == {"train"}


def test_sets_of_the_same_classes_in_each_part_are_asked_for_too(listed):
    files = both("train/color", "train/grey", "test/color", "test/grey")
    with pytest.raises(DataError, match=r"color, grey each hold a, b.* Give --layout part/class .* keep one of"):
        listed(files)
    assert listed(files, layout="part/class")[0] == ("color", "grey")


@pytest.mark.parametrize("more", [["cat/1.png"], ["cow"], ["cow/2019", "cow/2020", "cow/2021", "cow/2022", "cow/2023"]])
def test_classes_that_hold_folders_of_other_names_or_pictures_are_classes(listed, more):
    files = ["cat/a", "cat/b", "dog/a", "dog/b", *more]
    assert listed(files)[0] == tuple(sorted({file.partition("/")[0] for file in files}))


def test_the_layout_that_is_asked_for_is_taken_or_refused(listed):
    files = [*both("train_station"), "test_track/a"]
    assert listed(files, layout="part/class")[1] == {"train": [1, 1], "test": [1, 0]}
    with pytest.raises(DataError, match="has a folder named 'a'; expected train"):
        listed(files, layout="class/part")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("TRAIN_SET", "train"),
        ("trainval", "train"),
        ("imgsVal", "validation"),
        ("constrain", None),
        ("train_test", None),
    ],
)
def test_a_name_speaks_of_a_part_in_words_of_its_own(name, part):
    assert speaks_of(name) == part
