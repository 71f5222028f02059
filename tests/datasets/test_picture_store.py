"""What decoded pictures may take up on the disk, and what goes when it is too much."""

import os
import shutil
import sys

import numpy as np
import pytest
from filelock import FileLock

from vgglab.config.schema import DataConfig
from vgglab.datasets import picture_store, places
from vgglab.datasets.kept import mark_used
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.picture_cache import decoded_pictures
from vgglab.datasets.picture_store import PictureStore, lock_of, picture_folders

SMALL, MIDDLE, LARGE = 14, 15, 16  # sides; four pictures take 2,352, 2,700 and 3,072 bytes, and their files some 220


@pytest.fixture
def root(make_folder, monkeypatch):
    monkeypatch.setenv("VGGLAB_CACHE_LIMIT", "0.000007")
    return make_folder({"a": 4}, name="photos")


@pytest.fixture
def store(tmp_path):
    return PictureStore(tmp_path / "home/pictures")


def decode(root, *sizes):
    pictures = find_pictures(DataConfig(name=str(root)))
    return [decoded_pictures(pictures, range(len(pictures.files)), size).images for size in sizes][-1]


def sizes(store):
    return [int(entry.key.split("-")[1]) for entry in store.entries()]


def path_of(store, size):
    return next(store.folder.glob(f"[!.]*-{size}-*"))


def make_long_ago(store, root, *sizes):
    """Decode pictures at these sizes, as if that had been an age ago, the first of them first."""
    for age, size in enumerate(sizes):
        decode(root, size)
        os.utime(path_of(store, size), (age, age))


def test_what_was_opened_longest_ago_goes_when_there_is_too_much(root, store):
    make_long_ago(store, root, SMALL, MIDDLE)
    decode(root, SMALL, LARGE)
    assert sizes(store) == [LARGE, SMALL] and sum(entry.bytes for entry in store.entries()) <= 7_000


def test_nothing_goes_while_there_is_room(root, store, monkeypatch):
    monkeypatch.delenv("VGGLAB_CACHE_LIMIT")
    decode(root, SMALL, MIDDLE, LARGE)
    assert sizes(store) == [LARGE, MIDDLE, SMALL]


def test_what_is_larger_than_the_limit_is_made_and_all_else_goes(root, store):
    decode(root, SMALL, MIDDLE)
    assert len(decode(root, 60)) == 4 and sizes(store) == [60]


def test_what_another_process_is_making_does_not_go(root, store):
    make_long_ago(store, root, SMALL, MIDDLE)
    with FileLock(lock_of(path_of(store, SMALL))):
        decode(root, LARGE)
        assert sizes(store) == [LARGE, SMALL] and store.clear() > 3_072
    assert sizes(store) == [SMALL]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps files that are open")
def test_pictures_that_are_gone_can_be_read_on(root, store):
    images = decode(root, SMALL)
    before = np.array(images)
    assert store.clear() > 2_352 and list(store.folder.iterdir()) == [] and np.array_equal(images, before)


@pytest.mark.parametrize("name", ["photos-14-0-x1_y/photos-14-0/images.npy", "photos-14-0-00ff/entry.json"])
def test_what_a_killed_process_left_goes_and_what_a_living_one_makes_stays(store, name):
    left = store.folder / f".{name}"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"12345")
    with FileLock(store.folder / ".photos-14-0.lock"):
        assert store.clear() == 0 and left.exists()
    assert store.entries() == [] and store.clear() == 5 and list(store.folder.iterdir()) == []


def test_room_is_made_from_left_overs_first(root, store):
    decode(root, SMALL, MIDDLE)
    shutil.copytree(path_of(store, MIDDLE), store.folder / ".photos-9-0-00ff")
    store.make_room(1_000, "another")
    assert sizes(store) == [MIDDLE, SMALL] and not list(store.folder.glob(".photos-9-0-00ff"))


def test_pictures_of_a_person_in_a_folder_of_this_name_are_left_alone(make_folder, store):
    make_folder({"cats": 2, ".cats-2": 1}, name="home/pictures")
    (store.folder / "dogs").mkdir()
    (store.folder / "doors.lock").write_text("a picture, perhaps")
    store.limit = 0
    store.make_room(1, "another")
    assert store.entries() == [] and store.clear() == 0 and len(list(store.folder.rglob("*"))) == 7


def test_an_entry_tells_what_it_is(root, store):
    decode(root, SMALL)
    assert store.entries()[0].about == "4 pictures, 14 x 14"
    (path_of(store, SMALL) / "images.npy").unlink()
    assert store.entries()[0].about == "damaged"


def test_the_system_may_keep_a_file(root, store, monkeypatch):
    def keep(path, target):
        raise PermissionError

    decode(root, SMALL)
    monkeypatch.setattr("pathlib.Path.rename", keep)
    assert store.clear() == 0 and sizes(store) == [SMALL]


def test_a_read_only_folder_is_not_told_when_it_was_used(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError

    monkeypatch.setattr(os, "utime", refuse)
    mark_used(tmp_path)


def test_pictures_are_looked_for_where_they_may_have_been_put(monkeypatch, tmp_path):
    for module in (places, picture_store):
        monkeypatch.setattr(module, "user_cache_dir", lambda name: str(tmp_path / name))
    monkeypatch.delenv("VGGLAB_DATA", raising=False)
    assert picture_folders(tmp_path)[:2] == (tmp_path / "pictures", tmp_path / "vgglab/pictures")
    assert picture_folders() == picture_folders(tmp_path)[1:] and len(picture_folders()) == 2
