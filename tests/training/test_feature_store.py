import json
import os
import threading
import time

import numpy as np
import pytest
from filelock import FileLock

from vgglab.errors import ConfigError, DataError
from vgglab.training.feature_store import FeatureStore

SHAPE = (10, 3)
BYTES = 10 * 3 * 4


@pytest.fixture
def store(tmp_path):
    return FeatureStore(tmp_path / "features", limit=5 * BYTES)  # two entries and their headers


class Filling:
    """Fills an array with a number, and counts how often it had to."""

    def __init__(self, number=1.0):
        self.number, self.times = number, 0

    def __call__(self, array):
        self.times += 1
        array[:] = self.number


def get_twice(store, change=lambda: None, shape=SHAPE):
    fill = Filling()
    store.get("key", SHAPE, fill)
    change()
    return fill, store.get("key", shape, fill)


def test_an_entry_is_made_once_and_mapped_read_only(store):
    fill, array = get_twice(store)
    assert fill.times == 1 and isinstance(array, np.memmap) and array.tolist() == [[1.0] * 3] * 10
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 2


def test_another_key_is_another_entry(store):
    assert store.get("one", SHAPE, Filling(1))[0, 0] == 1 and store.get("two", SHAPE, Filling(2))[0, 0] == 2
    assert {entry.key for entry in store.entries()} == {"one", "two"}


@pytest.mark.parametrize("damage", ["cut", "changed", "no record", "other record", "broken record"])
def test_a_damaged_entry_is_made_anew(store, damage):
    def harm():
        array, record = store.folder / "key.npy", store.folder / "key.json"
        data = bytearray(array.read_bytes())
        data[-1] ^= 1
        actions = {
            "cut": lambda: array.write_bytes(data[:-8]),
            "changed": lambda: array.write_bytes(data),
            "no record": record.unlink,
            "other record": lambda: record.write_text(json.dumps({"shape": [10, 3], "sha256": "0"})),
            "broken record": lambda: record.write_text("{"),
        }
        actions[damage]()

    fill, array = get_twice(store, harm)
    assert fill.times == 2 and array.tolist() == [[1.0] * 3] * 10


def test_an_entry_of_another_shape_is_made_anew(store):
    fill, array = get_twice(store, shape=(5, 6))
    assert fill.times == 2 and array.shape == (5, 6)


def test_the_one_used_longest_ago_goes_when_there_is_too_much(store):
    for age, key in enumerate(["new", "old"]):
        store.get(key, SHAPE, Filling())
        os.utime(store.folder / f"{key}.json", (1000 - age, 1000 - age))
    store.get("newest", SHAPE, Filling())
    assert [entry.key for entry in store.entries()] == ["newest", "new"]
    assert sum(entry.bytes for entry in store.entries()) <= store.limit


def test_what_is_larger_than_the_limit_is_made_and_not_kept(tmp_path):
    store = FeatureStore(tmp_path, limit=BYTES - 1)
    assert store.get("key", SHAPE, Filling(3)).tolist() == [[3.0] * 3] * 10
    assert not list(tmp_path.glob("*.npy*"))


def test_an_interruption_leaves_no_entry_and_no_temporary_file(store):
    def interrupt(array):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.get("key", SHAPE, interrupt)
    assert store.entries() == [] and not list(store.folder.glob("*.npy*"))


def test_a_second_process_waits_for_the_first(store):
    fill = Filling()

    def slow(array):
        time.sleep(0.3)
        fill(array)

    workers = [threading.Thread(target=FeatureStore(store.folder).get, args=("key", SHAPE, slow)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert fill.times == 1


def test_clearing_frees_everything(store):
    store.get("key", SHAPE, Filling())
    assert store.clear() > BYTES and store.entries() == [] and list(store.folder.iterdir()) == []


@pytest.mark.parametrize("name", [".key.npy", ".key.json-00ff", ".123-key.json", ".123-0123abcd-key.json"])
def test_clearing_takes_what_killed_processes_left(store, name):
    store.folder.mkdir()
    (store.folder / name).write_bytes(b"12345")
    assert [entry.key for entry in store.left_overs()] == ["key"]
    assert store.clear() == 5 and list(store.folder.iterdir()) == []


def test_what_a_process_is_just_making_stays(store):
    store.get("key", SHAPE, Filling())
    (store.folder / ".123-key.json").touch()
    with FileLock(store.folder / "key.lock"):
        assert store.clear() == 0
        store.get("other", (15, 3), Filling())
    assert {entry.key for entry in store.entries()} == {"key", "other"} and (store.folder / ".123-key.json").exists()


def test_clearing_while_an_entry_is_made_does_not_harm_it(store):
    seen = []

    def fill(array):
        seen.extend(entry.key for entry in store.left_overs())
        store.clear()
        array[:] = 2

    assert store.get("key", SHAPE, fill).tolist() == [[2.0] * 3] * 10 and seen == ["key"]


def test_what_is_made_anew_needs_no_room_twice(store):
    for key in ("other", "key"):
        store.get(key, SHAPE, Filling())
    store.make_room(300, "key")
    assert len(store.entries()) == 2


def test_an_array_without_a_record_goes_too(store):
    store.get("key", SHAPE, Filling())
    (store.folder / "key.json").unlink()
    assert [entry.about for entry in store.entries()] == ["damaged"] and store.clear() > BYTES


def test_an_entry_tells_what_it_is(store):
    store.get("key", SHAPE, Filling(), "vgg16, 10 images")
    (entry,) = store.entries()
    assert entry.as_row()["about"] == "vgg16, 10 images" and entry.as_row()["key"] == "key"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot keep what the frozen layers give .*--no-cache"):
        FeatureStore(tmp_path / "file" / "features").get("key", SHAPE, Filling())


@pytest.mark.parametrize("text", ["lots", "inf", "nan"])
def test_a_limit_that_is_no_number_is_one_line(monkeypatch, text):
    monkeypatch.setenv("VGGLAB_CACHE_LIMIT", text)
    with pytest.raises(ConfigError, match=f"VGGLAB_CACHE_LIMIT is '{text}'; expected gigabytes"):
        FeatureStore()


def test_folder_and_limit_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("VGGLAB_CACHE", str(tmp_path))
    monkeypatch.setenv("VGGLAB_CACHE_LIMIT", "0.5")
    assert FeatureStore().folder == tmp_path and FeatureStore().limit == 500_000_000
