"""A file of a run is there whole or not at all."""

import csv
import errno
import json
import math
from pathlib import Path

import pytest

from vgglab.errors import RunError
from vgglab.runs.door import read_json
from vgglab.runs.files import has_text, write_atomic, write_csv, write_json, write_text


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder that holds one file."""
    (tmp_path / "run.json").write_text("before")
    return tmp_path


def holds_only_what_was_there(folder: Path) -> bool:
    return {path.name: path.read_text() for path in folder.iterdir()} == {"run.json": "before"}


def half_way(temporary: Path) -> None:
    temporary.write_text("half of")
    raise OSError(errno.ENOSPC, "No space left on device", str(temporary))


def to_a_full_disk(temporary: Path) -> None:
    temporary.symlink_to("/dev/full")
    temporary.write_text("all of it")


def interrupted(temporary: Path) -> None:
    temporary.write_text("half of")
    raise KeyboardInterrupt


@pytest.mark.parametrize("write", [half_way, to_a_full_disk])
def test_a_full_disk_leaves_what_was_there(folder, write):
    with pytest.raises(OSError) as caught:
        write_atomic(folder / "run.json", write)
    assert caught.value.errno == errno.ENOSPC
    assert holds_only_what_was_there(folder)


def test_an_interrupt_leaves_what_was_there(folder):
    with pytest.raises(KeyboardInterrupt):
        write_atomic(folder / "run.json", interrupted)
    assert holds_only_what_was_there(folder)


def test_a_text_is_compared_piece_by_piece(folder):
    assert has_text(folder / "run.json", ["be", "fore"])
    for pieces in (["be", "for"], ["be", "fore", "!"], ["be", "gone"], []):
        assert not has_text(folder / "run.json", pieces)
    (folder / "run.json").write_bytes(b"\xff")
    assert not has_text(folder / "run.json", ["before"]) and not has_text(folder / "none.json", ["before"])


def test_what_json_cannot_hold_leaves_what_was_there(folder):
    with pytest.raises(ValueError):
        write_json(folder / "run.json", {"loss": math.nan})
    assert holds_only_what_was_there(folder)


def test_a_file_is_replaced_in_one_step(folder):
    def write(temporary: Path) -> None:
        temporary.write_text("after")
        assert (folder / "run.json").read_text() == "before"

    write_atomic(folder / "run.json", write)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"run.json": "after"}


def test_the_temporary_file_keeps_the_suffix_and_is_hidden(folder):
    names = []
    write_atomic(folder / "best.keras", lambda temporary: (names.append(temporary), temporary.touch()))
    assert names[0].suffix == ".keras" and names[0].name.startswith(".") and names[0].parent == folder


def test_a_folder_that_cannot_be_written_is_an_oserror_that_names_the_file(folder):
    with pytest.raises(OSError, match=r"run\.json"):
        write_text(folder / "run.json" / "below.txt", "text")
    assert holds_only_what_was_there(folder)


def test_json_reads_back(tmp_path):
    tree = {"name": "été", "losses": [1.5, None], "nested": {"a": True}}
    write_json(tmp_path / "a.json", tree)
    assert read_json(tmp_path / "a.json", dict) == json.loads((tmp_path / "a.json").read_bytes()) == tree


def test_csv_reads_back_with_nothing_for_none(tmp_path):
    write_csv(tmp_path / "a.csv", ("epoch", "loss"), [{"epoch": 1, "loss": None, "more": 3}, {"epoch": 2, "loss": 0.5}])
    assert list(csv.reader((tmp_path / "a.csv").read_text().splitlines())) == [
        ["epoch", "loss"],
        ["1", ""],
        ["2", "0.5"],
    ]


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe", b"{'a': 1}"])
def test_damaged_json_is_one_line_that_names_the_file(tmp_path, content):
    (tmp_path / "metrics.json").write_bytes(content)
    with pytest.raises(RunError, match=r"metrics\.json: not valid JSON .*restore the file") as caught:
        read_json(tmp_path / "metrics.json", dict)
    assert "\n" not in str(caught.value)


def test_missing_json_names_the_folder_and_the_file(tmp_path):
    with pytest.raises(RunError) as caught:
        read_json(tmp_path / "classes.json", dict)
    assert str(caught.value).startswith(f"{tmp_path}: classes.json is missing; expected a complete run folder")
