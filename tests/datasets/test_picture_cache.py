"""Decoded once: the cache is taken where it is whole and of these very files, and made anew where it is not."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vgglab.config.schema import DataConfig
from vgglab.datasets import picture_cache
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.picture_cache import decoded_pictures
from vgglab.errors import DataError

SIDE = 16


@pytest.fixture
def root(make_folder):
    return make_folder({"a": 5, "b": 5})


@pytest.fixture
def decodings(monkeypatch):
    """The files that are decoded."""
    seen = []
    decode = picture_cache.try_decode
    monkeypatch.setattr(picture_cache, "try_decode", lambda path, **how: seen.append(path) or decode(path, **how))
    return seen


def decoded(root, size=SIDE, files=None):
    pictures = find_pictures(DataConfig(name=str(root)))
    return decoded_pictures(pictures, [pictures.files.index(file) for file in files or pictures.files], size)


def entries(tmp_path):
    return sorted(path.name for path in (tmp_path / "home/pictures").iterdir() if not path.name.endswith(".lock"))


def test_pictures_are_decoded_once_and_stay_on_the_disk(root, decodings, tmp_path):
    first, second = decoded(root), decoded(root)
    assert len(decodings) == 10 and np.array_equal(first.images, second.images)
    assert isinstance(second.images, np.memmap) and not second.images.flags.writeable
    assert len(entries(tmp_path)) == 1 and entries(tmp_path)[0].startswith("pictures-16-")


def test_a_file_that_changes_is_decoded_anew_though_size_and_time_are_the_same(make_folder, decodings):
    root = make_folder({"a": 3}, suffix="bmp")
    for path in root.glob("*/*"):
        os.utime(path, (0, 0))
    before = decoded(root, files=["a/000.bmp", "a/002.bmp"]).images[0].copy()
    (root / "a/001.bmp").replace(root / "a/000.bmp")
    after = decoded(root, files=["a/000.bmp", "a/002.bmp"]).images[0]
    assert not np.array_equal(before, after) and len(decodings) == 4


@pytest.mark.parametrize("change", [{"size": 8}, {"files": ["a/000.png", "b/000.png"]}])
def test_another_size_and_other_files_are_other_entries(root, tmp_path, change):
    decoded(root)
    assert decoded(root, **change).images.shape[:2] != decoded(root).images.shape[:2]
    assert len(entries(tmp_path)) == 2


def damage_pixels(entry):
    with (entry / "images.npy").open("r+b") as file:
        file.truncate(1000)


def damage_shape(entry):
    np.save(entry / "images.npy", np.zeros((3, SIDE, SIDE, 3), np.uint8))


def damage_key(entry):
    (entry / "entry.json").write_text('{"key": "another", "broken": {}}')


def damage_text(entry):
    (entry / "entry.json").write_text("[1, 2")


def lose_pixels(entry):
    (entry / "images.npy").unlink()


@pytest.mark.parametrize("damage", [damage_pixels, damage_shape, damage_key, damage_text, lose_pixels])
def test_a_damaged_entry_is_made_anew(root, tmp_path, decodings, damage):
    whole = decoded(root).images.copy()
    damage(tmp_path / "home/pictures" / entries(tmp_path)[0])
    assert np.array_equal(decoded(root).images, whole) and len(decodings) == 20
    assert np.array_equal(decoded(root).images, whole) and len(decodings) == 20


def test_what_a_killed_process_left_is_cleared_away(root, tmp_path):
    decoded(root)
    (name,) = entries(tmp_path)
    left = tmp_path / "home/pictures" / f".{name}-abc"
    left.mkdir()
    lose_pixels(tmp_path / "home/pictures" / name)
    decoded(root)
    assert entries(tmp_path) == [name]


def test_an_interrupted_decoding_leaves_nothing_behind(root, tmp_path, monkeypatch):
    def interrupt(path, **how):
        raise KeyboardInterrupt

    monkeypatch.setattr(picture_cache, "try_decode", interrupt)
    with pytest.raises(KeyboardInterrupt):
        decoded(root)
    assert entries(tmp_path) == []


def test_broken_files_are_known_without_being_read_again(root, decodings):
    (root / "a/002.png").write_text("no picture")
    assert (
        decoded(root).broken
        == decoded(root).broken
        == {2: "is no JPEG, PNG, BMP, GIF, WebP, TIFF, AVIF or HEIC picture"}
    )
    assert len(decoded(root).images) == 9 and len(decodings) == 10


def test_a_folder_that_cannot_be_written_is_left_for_the_next(root, tmp_path, monkeypatch):
    (tmp_path / "home").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert len(decoded(root).images) == 10
    assert len(list((tmp_path / "cache/vgglab/pictures").glob("*/images.npy"))) == 1


def test_a_full_disk_is_one_line_with_advice(root, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=7_000))
    with pytest.raises(DataError, match=r"pictures: the decoded pictures need .* and .* are free; make room, name"):
        decoded(root)


def test_two_processes_make_one_entry_and_see_the_same(root, tmp_path):
    code = (
        "import sys; from vgglab.datasets import load_data\n"
        f"print(load_data({str(root)!r}, image_size={SIDE}).train.images.sum())"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    printed = {process.communicate()[0] for process in running}
    assert len(printed) == 1 and len(entries(tmp_path)) == 1 and all(not process.returncode for process in running)


def test_rows_and_ranges_are_those_of_an_array(root):
    images = decoded(root).images
    array = np.array(images)
    for rows in (3, -1, slice(2, 7), np.array([5, 1, 1]), array[:, 0, 0, 0] > 100, (slice(None), 0)):
        assert np.array_equal(images[rows], array[rows])
    assert type(images[np.array([1, 2])]) is np.ndarray and np.array_equal(images[4:][1:3], array[5:7])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_reading_every_image_does_not_keep_them_in_memory(make_folder):
    images = decoded(make_folder({"a": 40}), size=600).images  # 43 MB

    def mapped():
        return int(re.search(r"RssFile:\s+(\d+)", Path("/proc/self/status").read_text()).group(1)) * 1024

    before = mapped()
    for start in range(0, 40, 4):
        images[start : start + 4].sum()
    assert mapped() - before < images.nbytes / 4
