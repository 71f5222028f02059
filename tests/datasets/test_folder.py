"""Folders of pictures: their classes and parts, how they are split, and what is wrong with them in one line."""

import numpy as np
import pytest
from PIL import Image

from vgglab.config.schema import DataConfig
from vgglab.config.shown import one_line
from vgglab.datasets import load_data, published
from vgglab.datasets.decode import decode_picture
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.split import hold_out
from vgglab.errors import ConfigError, DataError

SIDE = 16


def load(path, **settings):
    return load_data(str(path), image_size=SIDE, **settings)


def parts(dataset):
    return {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}


def sizes(dataset):
    return [len(part) for part in parts(dataset).values()]


def test_a_folder_becomes_three_parts_with_classes_in_keras_order(make_folder):
    folder = load(make_folder({"b": 10, "a": 20, "B": 10, "10": 10, "9": 10}, name="my pictures"))
    assert folder.classes == ("10", "9", "B", "a", "b") and folder.name == "my pictures"
    assert [np.bincount(part.labels).tolist() for part in parts(folder).values()] == [
        [6, 6, 6, 13, 6],
        [2, 2, 2, 3, 2],
        [2, 2, 2, 4, 2],
    ]
    assert folder.image_shape == (SIDE, SIDE, 3) and folder.skipped == ()


def test_classes_are_those_of_keras(make_folder):
    keras = pytest.importorskip("keras")
    root = make_folder({"b": 2, "A 1": 2, "a": 2, "10": 2, "2": 2, ".hidden": 2})
    theirs = keras.utils.image_dataset_from_directory(root, verbose=False)
    assert find_pictures(DataConfig(name=str(root))).classes == tuple(theirs.class_names)


def test_every_image_is_the_one_of_its_file_and_label(make_folder):
    root = make_folder({"cats": 5, "dogs": 6})
    files = find_pictures(DataConfig(name=str(root))).files
    for part in parts(load(root)).values():
        for image, label, index in zip(part.images, part.labels, part.indices, strict=True):
            assert np.array_equal(image, decode_picture(root / files[index], SIDE))
            assert files[index].startswith(["cats", "dogs"][label])


def test_files_are_in_the_order_of_their_paths_as_they_are_shown(make_folder):
    root = make_folder({"b": 3, "a": 2, "a b": 2, "a\n": 2, "a/in": 2, "a.c": 2, "Z": 2})
    (root / "a/001.png").rename(root / "a/\n.png")  # shown with a backslash, which comes after digits
    files = [*find_pictures(DataConfig(name=str(root))).files]
    assert files == sorted(files, key=one_line) and len(files) == 15 and files != sorted(files)


def test_parts_share_nothing_and_cover_everything_whatever_the_seed(make_folder):
    root = make_folder({"cats": 15, "dogs": 25})
    one, other = load(root, split_seed=1), load(root, split_seed=2)
    together = np.concatenate([part.indices for part in parts(one).values()])
    assert np.array_equal(np.sort(together), np.arange(40))
    assert np.array_equal(one.test.indices, other.test.indices)
    assert not np.array_equal(one.validation.indices, other.validation.indices)


def test_the_shares_that_are_asked_for_are_held_out(make_folder):
    assert sizes(load(make_folder({"cats": 40, "dogs": 60}), validation=0.5, test=0.1)) == [45, 45, 10]


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "val", "test"), ("Training", "VALID", "Testing"), ("TRAIN", "validation", "tEST")],
)
def test_parts_in_any_spelling_stay_as_they_are(make_folder, train, validation, test):
    counts = {f"{train}/a": 3, f"{train}/b": 4, f"{validation}/a": 2, f"{validation}/b": 1, f"{test}/b": 5}
    folder = load(make_folder(counts))
    assert folder.classes == ("a", "b") and sizes(folder) == [7, 3, 5]
    assert np.bincount(folder.test.labels).tolist() == [0, 5]


def test_what_is_not_there_is_cut_from_training(make_folder):
    counts = {"train/a": 10, "train/b": 10, "val/a": 3, "val/b": 3}
    assert sizes(load(make_folder(counts))) == [16, 6, 4]
    counts = {part.replace("val", "test"): count for part, count in counts.items()}
    assert sizes(load(make_folder(counts, name="with test"))) == [16, 4, 6]
    assert sizes(load(make_folder({"train/a": 10, "train/b": 10}, name="neither"))) == [12, 4, 4]


def test_the_smallest_classes_are_in_every_part(make_folder):
    folder = load(make_folder({"few": 3, "many": 30}), validation=0.9, test=0.9)
    assert all(np.bincount(part.labels).min() > 0 for part in parts(folder).values())


def test_held_out_are_rounded_shares_and_something_stays():
    kept, held_out = hold_out(np.repeat([0, 1, 2], [2, 3, 10]), 0.25, seed=0)
    assert np.bincount(np.repeat([0, 1, 2], [2, 3, 10])[held_out]).tolist() == [1, 1, 3]
    assert np.array_equal(np.sort(np.concatenate([kept, held_out])), np.arange(15))


def test_hidden_files_and_folders_do_not_count(make_folder):
    root = make_folder({"a": 3, "b": 3, ".git": 4, "a/.thumbnails": 2, "__MACOSX": 2})
    for name in (".DS_Store", "a/.DS_Store", "a/Thumbs.db", "b/desktop.ini", "b/._1.png", "notes.txt"):
        (root / name).write_text("not a picture")
    folder = load(root)
    assert folder.classes == ("a", "b") and sum(sizes(folder)) == 6 and folder.skipped == ()


def test_pictures_in_folders_of_a_class_belong_to_it(make_folder):
    assert sum(sizes(load(make_folder({"a/one": 2, "a/two": 3, "b": 3})))) == 8


def test_a_class_may_be_called_train(make_folder):
    assert load(make_folder({"train": 3, "car": 3, "test": 3})).classes == ("car", "test", "train")


def test_a_limit_holds_for_each_part_and_nothing_else_is_decoded(make_folder, tmp_path):
    root = make_folder({"cats": 40, "dogs": 40})
    folder = load(root, limit=6)
    assert sizes(folder) == [6, 6, 6] and np.isin(folder.train.indices, load(root).train.indices).all()
    (entry,) = [path for path in (tmp_path / "home" / "pictures").glob("*/images.npy") if len(np.load(path)) < 80]
    assert len(np.load(entry)) == 18
    with pytest.raises(ConfigError, match="at least 2"):
        load(root, limit=1)


def test_what_is_published_of_a_folder_is_what_it_holds(make_folder):
    unsplit = make_folder({"a": 20, "b": 30})
    split = make_folder({"train/a": 20, "train/b": 20, "val/a": 5, "val/b": 7}, name="split")
    for root in (unsplit, split):
        told = published(str(root), image_size=SIDE)
        assert list(told.part_sizes(0.2, None)) == sizes(load(root)) and told.image_shape == (SIDE, SIDE, 3)
    assert published(str(unsplit)).image_shape == (224, 224, 3) and published(str(unsplit)).classes == 2


def break_files(root, *names):
    for name in names:
        (root / name).write_bytes((root / name).read_bytes()[:60])


def test_unreadable_files_are_left_out_and_listed(make_folder, capfd):
    root = make_folder({"a": 10, "b": 10})
    break_files(root, "a/003.png", "b/007.png")
    (root / "b/008.png").write_text("not a picture")
    skipped = sorted(load(root).skipped)
    assert [file.path for file in skipped] == ["a/003.png", "b/007.png", "b/008.png"]
    assert [file.reason for file in skipped][1:] == [
        "is cut short",
        "is no JPEG, PNG, BMP, GIF, WebP, TIFF, AVIF or HEIC picture",
    ]
    assert "left out 3 files of 20 that cannot be read" in capfd.readouterr().err


def test_of_what_is_left_out_the_one_that_can_be_helped_is_named(make_folder, capfd):
    root = make_folder({"a": 10, "b": 10})
    break_files(root, "a/003.png")
    for number in range(5):
        Image.fromarray(np.full((4, 4), number, np.float32)).save(root / f"b/x{number}.tif")
    assert len(load(root).skipped) == 6
    assert "such as b/x0.tif, which has 32-bit grey levels, whose range is not known" in capfd.readouterr().err
    assert load(root, stretch=True).levels.keys() == {"8", "32"}


def test_what_is_left_out_moves_no_other_picture(make_folder):
    root = make_folder({"a": 10, "b": 10})
    whole = parts(load(root))
    break_files(root, "a/003.png", "b/007.png", "b/008.png")
    files, folder = find_pictures(DataConfig(name=str(root))).files, load(root)
    for name, part in parts(folder).items():
        lost = [files.index(skipped.path) for skipped in folder.skipped if skipped.part == name]
        kept = ~np.isin(whole[name].indices, lost)
        assert np.array_equal(part.indices, whole[name].indices[kept])
        assert np.array_equal(part.images, whole[name].images[kept])


def test_strict_refuses_and_names_the_first(make_folder):
    root = make_folder({"a": 10, "b": 10})
    break_files(root, "a/003.png", "b/007.png")
    with pytest.raises(DataError, match=r"a/003\.png is cut short \(and 1 more\); replace or remove it"):
        load(root, strict=True)
    assert len(load(root).skipped) == 2


PROBLEMS = {
    "nothing": (None, "no such folder; give a folder that has one folder of pictures per class"),
    "empty": ({}, "holds 0 files and no class folders"),
    "one class": ({"a": 5}, "has a single class, 'a'; expected at least two"),
    "one picture": ({"a": 5, "b": 1}, "class 'b' has a single picture .* expected at least 3: add some"),
    "two pictures": ({"a": 5, "b": 2}, "class 'b' has 2 pictures"),
    "no picture": ({"a": 5, "b": 0}, "class 'b' has no pictures"),
    "one to train on": ({f"{p}/{c}": 1 for p in ("train", "val", "test") for c in "ab"}, "class 'a' has a single"),
    "another part": ({"train/a": 3, "train/b": 3, "masks/a": 3}, "and one named 'masks'; expected train"),
    "a part twice": ({"train/a": 3, "Training/a": 3}, "are both for train"),
    "no training": ({"val/a": 3, "test/a": 3}, "has no folder for training, only test, val"),
    "unknown class": ({"train/a": 3, "train/b": 3, "val/c": 3}, "training has no class 'c', only a, b"),
    "an empty part": ({"train/a": 5, "train/b": 5, "val/a": 0}, "folder of the validation part holds no pictures"),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_folder_that_is_wrong_is_one_line_with_advice(make_folder, tmp_path, problem):
    counts, expected = PROBLEMS[problem]
    if counts is not None:
        (tmp_path / "pictures").mkdir()
        make_folder(counts)
    with pytest.raises(DataError, match=expected) as caught:
        load(tmp_path / "pictures")
    assert "\n" not in str(caught.value) and str(tmp_path / "pictures") in str(caught.value)


def test_a_file_and_a_folder_of_files_are_no_data_sets(make_folder):
    root = make_folder({"a": 4})
    with pytest.raises(DataError, match="is a file, not a folder"):
        load(root / "a/000.png")
    with pytest.raises(DataError, match="holds 4 files and no class folders; expected a/<class>/<picture>"):
        load(root / "a")


@pytest.mark.parametrize(
    ("broken", "expected"),
    [("*/*", "none of its 9 files can be read, a/000.png is cut short"), ("b/*", "no training picture of class 'b'")],
)
def test_a_folder_of_broken_pictures_is_refused(make_folder, broken, expected):
    root = make_folder({"a": 5, "b": 4})
    break_files(root, *(path.relative_to(root) for path in root.glob(broken)))
    with pytest.raises(DataError, match=expected):
        load(root)
