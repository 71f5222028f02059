"""Very many pictures into one file: it is the same whatever ended the work in between."""

import csv
import os
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from vgglab.datasets.pictures import find_files
from vgglab.errors import RunError
from vgglab.evaluation.predict import predict_found
from vgglab.evaluation.score_log import ScoreLog
from vgglab.evaluation.scoring import Scores


class Means:
    """A network of two classes: how bright a picture is, and how dark."""

    classes, picture_side, levels = ["bright", "dark"], 4, None

    def predict(self, images: np.ndarray) -> np.ndarray:
        bright = images.mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, 1 - bright], axis=1)


@pytest.fixture
def folder(tmp_path):
    """Four pictures, and a file that is none."""
    (tmp_path / "pictures").mkdir()
    for grey in (0, 90, 180, 255):
        Image.new("L", (5, 4), grey).save(tmp_path / "pictures" / f"{grey:03}.png")
    (tmp_path / "pictures" / "100-note.txt").write_text("no picture")
    return tmp_path / "pictures"


def score(folder, target, model="m", most=None, finish=True) -> Scores:
    """Score a folder, or its next `most` pictures."""
    scores = Scores(target, model, 2)
    scores.read_list(find_files([folder]))
    with scores.held():
        scores.begin()
        rest = islice(scores.others(find_files([folder])), scores.tally.files, None)
        list(islice(scores.keep(predict_found(Means(), rest, 2)), most))
        if finish:
            scores.finish(2)
    return scores


def test_what_was_cut_at_any_byte_goes_on_to_the_same_file(folder, tmp_path):
    target, whole = tmp_path / "out.csv", score(folder, tmp_path / "whole.csv")
    kept = score(folder, target, finish=False).part.read_bytes()
    for cut in range(0, len(kept), 7):
        (tmp_path / "out.csv.part").write_bytes(kept[:cut])
        tally = score(folder, target).tally
        assert target.read_bytes() == whole.target.read_bytes() and (tally.files, tally.failed) == (5, 1)
    assert not whole.part.exists() and whole.target.read_text().splitlines()[1].endswith("000.png,dark,1.0,bright,0.0,")


def test_pictures_that_are_done_are_not_asked_about_again(folder, tmp_path, monkeypatch):
    score(folder, tmp_path / "out.csv", most=3, finish=False)
    seen = []
    monkeypatch.setattr(Means, "predict", lambda self, images: seen.append(images) or np.eye(2)[: len(images)])
    assert score(folder, tmp_path / "out.csv").tally.files == 5 and [len(images) for images in seen] == [2]


def test_another_model_or_list_is_noticed(folder, tmp_path):
    score(folder, tmp_path / "out.csv", finish=False)
    with pytest.raises(RunError, match=r"out.csv.part: was begun with another model; remove it to begin anew, or wr"):
        score(folder, tmp_path / "out.csv", model="other")
    os.utime(folder / "000.png", (1, 1))
    with pytest.raises(RunError, match=r"was begun with another list of pictures; remove"):
        score(folder, tmp_path / "out.csv")


def test_what_is_kept_and_damaged_is_left_alone(folder, tmp_path):
    part = score(folder, tmp_path / "out.csv", finish=False).part
    part.write_bytes(part.read_bytes().replace(b"[", b"\0"))
    with pytest.raises(RunError, match=r"out.csv.part: is damaged; remove it to begin anew"):
        score(folder, tmp_path / "out.csv")


def test_the_files_that_are_made_are_no_pictures_of_the_list(folder):
    first, again = (score(folder, folder / "out.csv") for _ in range(2))
    assert first.job == again.job and again.tally.files == 5 and not again.changes(again.finished())


def test_two_at_a_time_do_not_write_one_file(folder, tmp_path):
    with (
        Scores(tmp_path / "out.csv", "m", 2).held(),
        pytest.raises(RunError, match="another process writes it; wait for it, or name another file"),
    ):
        score(folder, tmp_path / "out.csv")


def test_parquet_has_what_csv_has(folder, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    for suffix in ("csv", "parquet"):
        score(folder, tmp_path / f"out.{suffix}")
    table = parquet.read_table(tmp_path / "out.parquet")
    with (tmp_path / "out.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [
        {name: "" if cell is None else str(cell) for name, cell in row.items()} for row in table.to_pylist()
    ] == rows
    assert len(rows) == 5 and str(table.schema.field("probability_2").type) == "double"


def test_a_log_goes_on_behind_its_last_whole_row(folder, tmp_path):
    target, told = tmp_path / "log.csv", list(predict_found(Means(), find_files([folder]), 2))
    for prediction in told[:3]:
        ScoreLog(target, "m", 2).add(prediction)
    target.write_bytes(target.read_bytes()[:-4])
    log = ScoreLog(target, "m", 2)
    assert log.known == {each.path for each in told[:2]} and len(target.read_text().splitlines()) == 3
    with pytest.raises(RunError, match="was made by another model or --top; remove it, or write another file"):
        ScoreLog(target, "other", 2)
    with pytest.raises(RunError, match=r"is written by --watch; remove it with log.csv.json, or name another"):
        Scores(target, "m", 2).finished()
