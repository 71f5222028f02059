"""What is in a tar is listed once, and again where the file is another."""

import io
import tarfile

import pytest

from vgglab.config.schema import DataConfig
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.shard_index import IndexStore


@pytest.fixture
def shard(tmp_path, monkeypatch):
    """A tar of two pictures."""
    monkeypatch.setenv("VGGLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "shards").mkdir()
    return write(tmp_path / "shards/0.tar", "ab")


def write(path, keys):
    with tarfile.open(path, "w") as tar:
        for key in keys:
            for name, content in ((f"{key}.jpg", b"no picture"), (f"{key}.cls", key.encode())):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def listed(shard):
    found = find_pictures(DataConfig(name=str(shard.parent)))
    return {file: entry.read() for file, entry in zip(found.files, found.entries(), strict=True)}, found.classes


def kept():
    (entry,) = IndexStore().entries()
    return entry


def test_it_is_read_from_what_is_kept(shard):
    whole = listed(shard)
    assert listed(shard) == whole == ({"0/a.jpg": b"no picture", "0/b.jpg": b"no picture"}, ("a", "b"))
    assert kept().about == f"2 pictures in {shard}"
    (path,) = kept().paths
    path.write_text(path.read_text().replace("b.jpg", "z.jpg"))
    assert list(listed(shard)[0]) == ["0/a.jpg", "0/z.jpg"]


def test_a_tar_that_is_written_anew_is_listed_anew(shard):
    listed(shard)
    assert listed(write(shard, "cd"))[1] == ("c", "d")


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: "", lambda text: text.replace("2", "3", 1)])
def test_what_is_damaged_is_listed_and_kept_anew(shard, damage):
    whole = listed(shard)
    (path,) = kept().paths
    good = path.read_text()
    path.write_text(damage(good))
    assert listed(shard) == whole and path.read_text() == good


def test_where_nothing_can_be_kept_it_is_listed_all_the_same(shard, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert listed(shard)[1] == ("a", "b")


def test_what_a_killed_process_left_is_cleared_with_the_rest(shard):
    listed(shard)
    (path,) = kept().paths
    (path.parent / f".{path.stem}.part").write_text("half")
    assert IndexStore().clear() > 4 and not list(path.parent.iterdir())
