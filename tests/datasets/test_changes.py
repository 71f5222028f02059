"""What became of a folder of pictures since a run was trained on it is said file by file."""

import json
import os
import shutil
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from small_split import split_record

from vgglab.datasets import load_data
from vgglab.datasets.changes import files_text, recorded_files, tell_changes
from vgglab.datasets.dataset import DataSet, Part
from vgglab.datasets.folder import PARTS
from vgglab.datasets.split import check_split, split_text
from vgglab.errors import DataError
from vgglab.runs.door import read_json
from vgglab.runs.files import write_pieces
from vgglab.runs.shapes import Split


def load(root, **settings):
    return load_data(str(root), image_size=16, **settings)


@pytest.fixture
def root(make_folder):
    return make_folder({"ants": 6, "bees": 6})


def complaint(root, record, **settings) -> str:
    with pytest.raises(DataError) as caught:
        check_split(load(root, **settings), record)
    return str(caught.value)


def remove(root):
    (root / "ants/002.png").unlink()


def add(root):
    for number in range(5):
        shutil.copy(root / "ants/000.png", root / f"bees/new-{number}.png")


def replace(root):
    shutil.copy(root / "ants/000.png", root / "bees/001.png")


def break_one(root):
    (root / "bees/001.png").write_bytes(b"")


def move(root):
    (root / "ants/003.png").rename(root / "bees/moved.png")


def rename(root):
    (root / "ants/003.png").rename(root / "ants/a.png")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (remove, "trained on: 1 file is gone (ants/002.png); put them back"),
        (add, "trained on: 5 files are new (bees/new-0.png; bees/new-1.png; bees/new-2.png; ...); put"),
        (replace, "trained on: 1 file is changed (bees/001.png); put"),
        (break_one, "trained on: 1 file is changed (bees/001.png); put"),
        (move, "trained on: 1 file is in another class (ants/003.png, now bees/moved.png); put"),
        (rename, "trained on: 1 file has another name (ants/003.png, now ants/a.png); put"),
    ],
)
def test_a_changed_folder_is_told_by_its_files(root, change, told):
    record = split_record(load(root))
    change(root)
    assert told in complaint(root, record) and "\n" not in complaint(root, record)


def test_a_folder_may_have_another_name_and_then_be_changed(root):
    record = split_record(load(root))
    moved = root.rename(root.with_name("elsewhere"))
    check_split(load(moved), record)
    replace(moved)
    assert complaint(moved, record).startswith("elsewhere holds other pictures than the run was trained on: 1 file")


def test_what_a_limit_did_not_keep_is_new_or_gone_too_but_never_changed(root):
    record = split_record(load(root, limit=4))
    (root / "ants/extra.png").write_bytes((root / "ants/000.png").read_bytes())
    assert ": 1 file is new (ants/extra.png); put" in complaint(root, record, limit=4)


def test_files_that_a_table_gives_their_classes_are_recorded(root, tmp_path):
    rows = [f"{name}-{number}.png,{name}" for name in ("ants", "bees") for number in range(6)]
    for row in rows:
        name, number = row.split(".")[0].split("-")
        (root / name / f"00{number}.png").rename(root / f"{name}-{number}.png")
    for name in ("ants", "bees"):
        (root / name).rmdir()
    (tmp_path / "table.csv").write_text("\n".join(["file,class", *rows]))
    record = split_record(load(root, labels=str(tmp_path / "table.csv")))
    assert list(recorded_files(record)) == [row.split(",")[0] for row in rows]
    shutil.copy(root / "ants-0.png", root / "bees-1.png")
    assert "1 file is changed (bees-1.png)" in complaint(root, record, labels=str(tmp_path / "table.csv"))


def test_a_name_that_is_no_text_can_be_recorded(root, tmp_path):
    (root / "ants/000.png").rename(os.fsdecode(os.fsencode(root) + b"/ants/\xff.png"))
    write_pieces(tmp_path / "split.json", split_text(load(root)))
    record = read_json(tmp_path / "split.json", Split)
    check_split(load(root), record)
    assert "ants/\\udcff.png" in recorded_files(record)


def test_an_early_record_says_that_it_cannot_tell_which(root):
    record = split_record(load(root))
    del record["files"]
    check_split(load(root), record)
    replace(root)
    assert "a run this old does not tell which" in complaint(root, record)


def test_the_same_files_with_other_settings_are_told_as_such(root):
    record = split_record(load(root))
    assert "the validation share, split_seed and limit" in complaint(root, record, split_seed=1)


def test_pictures_that_are_all_changed_are_perhaps_decoded_otherwise():
    then, now = ({f"a/{number}": f"{mark}{number}" for number in range(9)} for mark in "xy")
    assert "is Pillow another version?" in tell_changes(then, now)


def test_the_record_of_200_000_pictures_takes_40_bytes_each():
    files = sorted(f"train/class-{number % 100}/{number:012}.jpg" for number in range(2000))
    text = "".join(files_text(files, np.full(2000, b"0123456789ab")))
    assert list(recorded_files({"files": json.loads(text)})) == files
    assert len(text) / 2000 < 42


def test_the_record_is_the_text_that_json_makes_of_it(root):
    for place in ("ants/more/7.png", "ants/zoë.png"):  # files of a folder before and after those of one in it
        (root / place).parent.mkdir(exist_ok=True)
        shutil.copy(root / "bees/000.png", root / place)
    text = "".join(split_text(load(root, limit=8)))
    record = json.loads(text)
    assert json.dumps(record, indent=1) + "\n" == text
    assert list(recorded_files(record)) == sorted(path.relative_to(root).as_posix() for path in root.rglob("*.png"))
    digests = [digest for names in record["files"].values() for digest in names.values()]
    assert len(digests) == 14 and digests.count(None) == 14 - sum(len(record[part]) for part in PARTS)


def test_writing_the_record_takes_next_to_no_memory():
    count = 20_000
    files, parts = [f"a/{number:07}.png" for number in range(count)], np.split(np.arange(count), [15_000, 18_000])
    streamed = SimpleNamespace(shape=(count, 8, 8, 3))
    dataset = DataSet(
        "x",
        ("a", "b"),
        *(Part(streamed, rows % 2, rows) for rows in parts),
        files=files,
        digests=lambda rows: ["0123456789ab" for _ in rows],
    )
    tracemalloc.start()
    length = sum(map(len, split_text(dataset)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length > 40 * count and peak < 40 * count
    record = json.loads("".join(split_text(dataset)))
    assert record["train"] == [*range(15_000)] and list(recorded_files(record)) == files
