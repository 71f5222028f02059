"""`vgglab cache`: all kinds are listed and cleared, or one."""

import json
import tarfile
import tempfile

import pytest
from PIL import Image

from vgglab.cli.app import app
from vgglab.cli.console import run_command
from vgglab.config.schema import DataConfig
from vgglab.datasets import picture_store, places
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.picture_cache import decoded_pictures
from vgglab.errors import DataError
from vgglab.runs.remote.writing import mirrored
from vgglab.training.feature_store import FeatureStore


@pytest.fixture
def cache(tmp_path, monkeypatch, capfd):
    """Call `vgglab cache` where one thing of each kind is kept: (exit code, stdout, stderr)."""
    for module in (places, picture_store):  # nobody's own cache is touched
        monkeypatch.setattr(module, "user_cache_dir", lambda name: str(tmp_path / "user"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("VGGLAB_CACHE", str(tmp_path / "features"))
    monkeypatch.delenv("VGGLAB_DATA", raising=False)
    FeatureStore().get("key", (1000, 25), lambda array: None, "vgg16, 1,000 images")
    (tmp_path / "photos/cat").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "photos/cat/photo.png")
    pictures = find_pictures(DataConfig(name=str(tmp_path / "photos")))
    decoded_pictures(pictures, [0], 200, tmp_path / "home")

    def call(*arguments: object) -> tuple[int, str, str]:
        return run_command(app, ["cache", *map(str, arguments)]), *capfd.readouterr()

    return call


def test_both_kinds_are_listed_and_where_they_are(cache, tmp_path):
    code, out, err = cache("--data-dir", tmp_path / "home")
    assert code == 0 and [line.split()[0] for line in out.splitlines()] == ["kind", "features", "pictures"]
    assert "vgg16, 1,000 images" in out and "1 pictures, 200 x 200" in out
    assert f"features: 1 entry, 0.1 of at most 20,000 MB, in {tmp_path / 'features'}\n" in err
    assert f"pictures: 1 entry, 0.1 of at most 20,000 MB, in {tmp_path / 'home/pictures'}\n" in err


def test_what_is_known_of_tars_is_listed_too(cache, tmp_path):
    (tmp_path / "shards").mkdir()
    with tarfile.open(tmp_path / "shards/0.tar", "w") as tar:
        tar.add(tmp_path / "photos/cat/photo.png", "a.png")
    with pytest.raises(DataError, match="no picture in 1 shard has a label"):
        find_pictures(DataConfig(name=str(tmp_path / "shards")))
    assert f"1 pictures in {tmp_path / 'shards/0.tar'}" in cache("--kind", "shards")[1]
    assert cache("--clear", "--kind", "shards")[2].startswith("shards: 0.0 MB freed in ")
    assert json.loads(cache("--kind", "shards", "--json")[1]) == []


def test_mirrors_of_runs_elsewhere_are_listed_and_cleared(cache, tmp_path, write_run):
    with mirrored(f"file://{tmp_path}/there/one") as folder:
        write_run("one", [2.3, 1.1], parent=folder.parent)
    told = json.loads(cache("--kind", "mirrors", "--json")[1])
    assert [(row["key"], row["about"]) for row in told] == [(f"file://{tmp_path}/there/one", "1 run")]
    (folder / "notes.txt").write_text("not up there")
    assert "; 1 left, in use or not to be removed" in cache("--clear", "--kind", "mirrors")[2] and folder.exists()
    (folder / "notes.txt").unlink()
    assert cache("--clear", "--kind", "mirrors")[0] == 0 and not folder.exists()


def test_for_machines_there_is_the_kind_too(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("VGGLAB_DATA", str(tmp_path / "home"))
    rows = json.loads(cache("--json")[1])
    assert [(row["kind"], row["megabytes"]) for row in rows] == [("features", 0.1), ("pictures", 0.1)]


def test_one_kind_is_listed_or_cleared_alone(cache, tmp_path):
    here = ("--data-dir", tmp_path / "home")
    assert [row["kind"] for row in json.loads(cache("--kind", "pictures", "--json", *here)[1])] == ["pictures"]
    assert cache("--clear", "--kind", "features", *here)[2] == f"features: 0.1 MB freed in {tmp_path / 'features'}\n"
    assert [row["kind"] for row in json.loads(cache("--json", *here)[1])] == ["pictures"]


def test_clearing_takes_both_away(cache, tmp_path):
    code, out, err = cache("--clear", "--data-dir", tmp_path / "home")
    assert code == 0 and out == "" and err.count("0.1 MB freed in ") == 2 and " left" not in err
    assert list((tmp_path / "features").iterdir()) == list((tmp_path / "home/pictures").iterdir()) == []


def test_what_stays_is_told(cache, tmp_path, monkeypatch):
    monkeypatch.setattr("vgglab.datasets.kept.Entry.take_away", lambda entry: False)
    assert "features: 0.0 MB freed in " in (err := cache("--clear")[2]) and "; 1 left, in use or not to be rem" in err


def test_another_kind_is_one_line_and_code_2(cache):
    code, out, err = cache("--kind", "photos")
    assert code == 2 and out == "" and err.count("\n") == 1 and "features" in err and "pictures" in err
