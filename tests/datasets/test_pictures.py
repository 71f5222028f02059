"""Files and folders of pictures, one after the other."""

import os

import numpy as np
import pytest
from PIL import Image

from vgglab.datasets.pictures import find_files, read_picture


def test_folders_are_listed_sorted_and_lazily_and_hidden_files_left_out(tmp_path):
    for name in ("b.png", "a/2.png", "a/1.png", "a/.x.png", ".git/y.png", "c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found = [os.path.relpath(path, tmp_path) for path, problem in find_files([tmp_path]) if problem is None]
    assert found == ["a/1.png", "a/2.png", "b.png", "c.png"]


def test_files_come_in_the_order_given_and_hidden_ones_where_they_are_named():
    assert list(find_files(["z.png", ".hidden.png", "a.png"])) == [
        ("z.png", None),
        (".hidden.png", None),
        ("a.png", None),
    ]


def test_an_empty_folder_comes_with_what_is_wrong(tmp_path):
    assert list(find_files([tmp_path])) == [(str(tmp_path), "holds no pictures")]
    assert read_picture((str(tmp_path), "holds no pictures"), 8) == (str(tmp_path), "holds no pictures")


def test_folders_are_listed_only_as_they_are_reached(tmp_path):
    (tmp_path / "a.png").write_text("")
    found = find_files([tmp_path, tmp_path / "later"])
    assert next(found) == (str(tmp_path / "a.png"), None)
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "b.png").write_text("")
    assert list(found) == [(str(tmp_path / "later" / "b.png"), None)]


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_a_link_to_a_folder_is_not_followed_into_a_circle(tmp_path):
    (tmp_path / "a.png").write_text("")
    (tmp_path / "round").symlink_to(tmp_path)
    assert [path for path, _ in find_files([tmp_path])] == [str(tmp_path / "a.png")]


def test_a_picture_is_decoded_as_for_training(tmp_path):
    Image.new("RGB", (20, 10), "red").save(tmp_path / "red.png")
    path, picture = read_picture((str(tmp_path / "red.png"), None), 8)
    assert picture.shape == (8, 8, 3) and np.array_equal(picture[0, 0], [255, 0, 0]) and path.endswith("red.png")
