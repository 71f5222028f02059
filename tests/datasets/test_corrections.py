"""A table of doubtful pictures: left out, or taken for what they are."""

import pytest

from vgglab.config.schema import DataConfig
from vgglab.datasets.layout import find_pictures
from vgglab.errors import DataError


@pytest.fixture
def listed(make_folder):
    """Pictures as they are listed with some rows of a table: `listed("a/000.png,")`."""
    root = make_folder({"a": 3, "b": 3})

    def find(*rows, head="file,correct"):
        (root.parent / "doubts.csv").write_text("\n".join([head, *rows]))
        return find_pictures(DataConfig(name=str(root), without=str(root.parent / "doubts.csv")))

    return find


def test_a_picture_without_a_class_is_left_out_and_one_with_another_is_taken_for_it(listed):
    found = listed("a/000.png,", "a/001.png,b", "b/002.png,b")
    assert tuple(found.files) == ("a/001.png", "a/002.png", "b/000.png", "b/001.png", "b/002.png")
    assert found.labels.tolist() == [1, 0, 1, 1, 1]
    assert "1 picture left out, 1 taken for another class" in found.notes[-1]


def test_a_row_without_a_file_is_told_and_a_class_that_is_not_there_refused(listed):
    assert "1 row with no file, such as c/9.png" in listed("c/9.png,").notes[-1]
    with pytest.raises(DataError, match="correct is 'dog'; expected a class, a, b"):
        listed("a/000.png,dog")


def test_a_table_of_something_else_is_one_line(listed):
    with pytest.raises(DataError, match="expected the columns file and correct"):
        listed("a/000.png,a", head="file,class")
    with pytest.raises(DataError, match=r"line 3: a/000.png has a row before"):
        listed("a/000.png,", "a/000.png,b")
