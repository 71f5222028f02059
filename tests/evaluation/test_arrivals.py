"""A picture that arrives is scored once it is whole."""

import os

import pytest

from vgglab.evaluation.arrivals import PATIENCE, Arrivals
from vgglab.evaluation.predict import Prediction


@pytest.fixture
def arrivals(tmp_path):
    return Arrivals(tmp_path)


def test_a_file_is_scored_once_it_holds_still_and_again_where_it_changes(arrivals, tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"half")
    assert arrivals.look() == []
    photo.write_bytes(b"the whole")
    assert [arrivals.look(), arrivals.look()] == [[], [str(photo)]]
    assert arrivals.settled(Prediction(str(photo), ("a",), (1.0,))) and arrivals.look() == []
    os.utime(photo, (1, 1))
    assert [arrivals.look(), arrivals.look()] == [[], [str(photo)]]


def test_what_gives_no_picture_is_asked_about_once_more_before_that_is_told(arrivals, tmp_path):
    path = str(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes(b"half")
    asked = [arrivals.look() for _ in range(PATIENCE - 1)]
    assert (
        [path] in asked and sum(map(len, asked)) == 1 and not arrivals.settled(Prediction(path, error="is cut short"))
    )
    assert arrivals.look() == [path] and arrivals.settled(Prediction(path, error="is cut short"))
    assert arrivals.look() == []


def test_what_was_scored_before_is_left_alone_and_what_goes_is_forgotten(tmp_path):
    for name in ("old.jpg", "new.jpg"):
        (tmp_path / name).write_bytes(b"x")
    arrivals = Arrivals(tmp_path, frozenset([str(tmp_path / "old.jpg")]))
    assert [arrivals.look(), arrivals.look()] == [[], [str(tmp_path / "new.jpg")]]
    (tmp_path / "new.jpg").unlink()
    assert arrivals.look() == [] and list(arrivals.seen) == [str(tmp_path / "old.jpg")]


def test_a_folder_that_has_gone_holds_nothing(tmp_path):
    assert Arrivals(tmp_path / "gone").look() == []
