"""Decoded whenever they are asked for: the bits of those that are kept, and nothing on the disk."""

import numpy as np
import pytest
from small_split import split_record

from vgglab.config.schema import DataConfig
from vgglab.datasets import load_data, picture_cache
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.picture_cache import Decoded
from vgglab.datasets.split import check_split
from vgglab.datasets.streamed import StreamedImages
from vgglab.errors import DataError
from vgglab.evaluation.other import seen_before
from vgglab.models.preprocessing import pixel_statistics


@pytest.fixture
def root(make_folder):
    return make_folder({"a": 20, "b": 20})


def load(root, stream="on", **settings):
    return load_data(str(root), image_size=16, stream=stream, **settings)


def test_rows_and_ranges_are_those_of_the_images_that_are_kept(root, tmp_path):
    streamed, kept = load(root).train.images, np.array(load(root, "off").train.images)
    assert isinstance(streamed, StreamedImages) and streamed.shape == kept.shape and streamed.nbytes == kept.nbytes
    for rows in (
        3,
        -1,
        np.int64(2),
        slice(2, 7),
        slice(7, 12),
        slice(None),
        np.array([5, 1, 1]),
        kept[:, 0, 0, 0] > 99,
    ):
        assert np.array_equal(streamed[rows], kept[rows])
    assert np.array_equal(np.asarray(streamed), kept)
    assert pixel_statistics(streamed) == pixel_statistics(kept)


def test_nothing_is_kept_on_the_disk(root, tmp_path):
    load(root).train.images[:]
    assert not (tmp_path / "home/pictures").exists()


def test_more_than_the_limit_is_decoded_on_the_way_and_said_to_be(root, monkeypatch, capsys):
    monkeypatch.setenv("VGGLAB_CACHE_LIMIT", "0.00003")  # 30 kB, and 40 pictures take 30,720 bytes
    assert isinstance(load(root, "auto").train.images, StreamedImages)
    assert "40 pictures would take 0.0 GB once decoded, and VGGLAB_CACHE_LIMIT is 3e-05" in capsys.readouterr().err
    assert isinstance(load(root, "off").train.images, np.ndarray)
    monkeypatch.setenv("VGGLAB_CACHE_LIMIT", "0.00004")
    assert isinstance(load(root, "auto").train.images, np.ndarray)


def test_what_the_disk_has_no_room_for_is_decoded_on_the_way_unless_it_is_to_be_kept(root, monkeypatch, capsys):
    def full(home, needed):
        raise picture_cache.NoRoom("no room")

    monkeypatch.setattr(picture_cache, "_check_room", full)
    assert isinstance(load(root, "auto").train.images, StreamedImages)
    assert "the disk has not as much room" in capsys.readouterr().err
    with pytest.raises(DataError, match="no room"):
        load(root, "off")


def test_a_picture_that_cannot_be_read_is_black_and_told_of_once(root, capsys):
    dataset = load(root)
    row = int(dataset.train.indices[4])
    (root / dataset.files[row]).write_text("no picture")
    images = dataset.train.images[:]
    assert not images[4].any() and images[3].any() and np.array_equal(dataset.train.images[:], images)
    assert capsys.readouterr().err.count(f"{dataset.files[row]} is no JPEG") == 1


def test_strict_looks_at_every_picture_first(root):
    (root / "b/011.png").write_text("no picture")
    with pytest.raises(DataError, match=r"b/011.png is no JPEG, .* leave --strict out"):
        load(root, strict=True)


def test_a_split_is_told_by_names_and_sizes_whichever_way_pictures_are_read_later(root):
    record = split_record(load(root))
    assert record["by"] == "files"
    check_split(load(root), record)
    check_split(load(root, "off"), record)
    check_split(load(root), split_record(load(root, "off")))
    (root / "a/007.png").write_bytes((root / "a/007.png").read_bytes() + b"more")
    with pytest.raises(DataError, match=r"1 file is changed \(a/007.png\)"):
        check_split(load(root), record)


def test_pictures_that_were_learned_are_known_by_name_and_size(root):
    dataset, pictures = load(root), find_pictures(DataConfig(name=str(root)))
    learned = np.isin(np.arange(40), dataset.test.indices, invert=True)
    seen = seen_before(pictures, np.arange(40), Decoded(dataset.train.images, {}), [split_record(dataset)])
    assert np.array_equal(seen, learned)
