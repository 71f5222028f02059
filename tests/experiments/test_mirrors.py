"""Mirrors of folders elsewhere are cleared where nothing is lost with them, and stay where something is."""

import json
import shutil

import pytest

from vgglab.experiments.mirrors import MirrorStore
from vgglab.runs.files import machine
from vgglab.runs.remote.claims import PREFIX
from vgglab.runs.remote.folder import brought
from vgglab.runs.remote.writing import mirrored
from vgglab.runs.store import load, lock


@pytest.fixture
def there(tmp_path, monkeypatch):
    """The folder that is elsewhere."""
    monkeypatch.setenv("VGGLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "there"


@pytest.fixture
def study(there, write_run):
    """The mirror of a study of two runs, which is up there."""
    with mirrored(f"file://{there}/study") as folder:
        for name in ("one", "two"):
            write_run(name, [2.3, 1.1], parent=folder)
        (folder / "report.html").write_text("of both")
    return folder


def test_a_mirror_is_an_entry_with_its_url_and_is_cleared(study, there):
    (entry,) = MirrorStore().entries()
    assert (entry.key, entry.about) == (f"file://{there}/study", "2 runs") and entry.bytes > 1000
    assert MirrorStore().clear() == entry.bytes and not study.exists() and MirrorStore().entries() == []
    assert sorted(path.name for path in (there / "study").iterdir()) == ["one", "report.html", "two"]
    brought(f"file://{there}/study")
    assert len(load(study / "one").history) == 2 and (there / "study/two/run.json").exists()


def test_runs_of_one_folder_are_cleared_one_by_one(there, write_run):
    with mirrored(f"file://{there}") as folder:
        one, two = (write_run(name, [2.3], parent=folder).folder for name in ("one", "two"))
    (two / "notes.txt").write_text("not up there")
    assert {entry.key for entry in MirrorStore().entries()} == {f"file://{there}/{name}" for name in ("one", "two")}
    assert MirrorStore().clear() > 0 and not one.exists() and (two / "notes.txt").exists()


def changed_here(study, there):
    (study / "report.html").write_text("another")


def changed_there(study, there):
    (there / "study/report.html").write_text("of somebody else")


def removed_there(study, there):
    shutil.rmtree(there)


def out_of_reach(study, there):
    shutil.rmtree(there)
    there.write_text("a file")


def written_into(study, there):
    told = {"host": "here", "machine": machine(), "process": 1, "time": (study / "report.html").stat().st_mtime}
    (there / f"{PREFIX}x").write_text(json.dumps(told))


@pytest.mark.parametrize("happens", [changed_here, changed_there, removed_there, out_of_reach, written_into])
def test_a_mirror_stays_where(happens, study, there):
    happens(study, there)
    assert MirrorStore().clear() == 0
    assert (study / "report.html").exists() and len(load(study / "one").history) == 2


def test_a_mirror_stays_while_a_run_in_it_is_trained(study):
    with lock(study / "one"):
        assert MirrorStore().clear() == 0
    assert MirrorStore().clear() > 0
