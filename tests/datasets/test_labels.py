"""Labels in a table: files and their classes, however the table is written."""

import os

import numpy as np
import pytest

from vgglab.config.schema import DataConfig
from vgglab.datasets import load_data, published
from vgglab.datasets.check import check_folder
from vgglab.datasets.layout import find_pictures
from vgglab.errors import ConfigError, DataError

FILES = ("1.jpg", "2.jpg", "sub/3.jpg")


@pytest.fixture
def labelled(tmp_path):
    """Of a table beside three files: class of each file that it labels, the parts, and what is said."""

    def find(table, files=FILES):
        for file in files:
            (tmp_path / "x" / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "x" / file).touch()
        (tmp_path / "t.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
        found = find_pictures(DataConfig(name=str(tmp_path / "x"), labels=str(tmp_path / "t.csv")))
        named = {file: found.classes[label] for file, label in zip(found.files, found.labels, strict=True)}
        return named, {part: [found.files[row] for row in rows] for part, rows in found.parts.items()}, found.notes

    return find


@pytest.mark.parametrize(
    "table",
    [
        "file,class\n1.jpg,cat\n2.jpg,dog\nsub/3.jpg,cat\n",
        "\ufeff1.jpg,cat\n2.jpg,dog\n3.jpg,cat\n",
        "id;label\r\n1;cat\r\n2;dog\r\n3;cat\r\n",
        "image_id\tspecies\n1\tcat\n2\tdog\nsub/3\tcat\n",
        ",id,label\n0,1,cat\n1,2,dog\n2,3,cat\n",
        'class,note,path\ncat,"a, b",x/1.jpg\ndog,,.\\x\\2.jpg\n"cat ", ,x/sub/3.jpg\n\n',
    ],
    ids=[
        "comma",
        "BOM, no head",
        "semicolon, no extension, CRLF",
        "tab",
        "numbered rows",
        "quotes, folders of another place",
    ],
)
def test_a_table_in_any_spelling_says_the_same(labelled, table):
    assert labelled(table) == ({"1.jpg": "cat", "2.jpg": "dog", "sub/3.jpg": "cat"}, {"train": [*FILES]}, ())


def test_files_and_classes_are_sorted_whatever_the_order_of_the_rows(labelled):
    named, _, _ = labelled("id,label\n3,ant\n1,bee\n2,cow\n")
    assert list(named.items()) == [("1.jpg", "bee"), ("2.jpg", "cow"), ("sub/3.jpg", "ant")]


@pytest.mark.parametrize("head", ["file,class,split\n", ""])
def test_a_table_may_say_the_part(labelled, head):
    _, parts, _ = labelled(f"{head}1,cat,train\n2,dog,Test\n3,cat,val\n")
    assert parts == {"train": ["1.jpg"], "validation": ["sub/3.jpg"], "test": ["2.jpg"]}


def test_what_is_in_one_and_not_in_the_other_is_counted_and_named(labelled):
    named, _, (rows, blank, files) = labelled("id,label\n1,cat\ngone,dog\n2,\n", files=(*FILES, "read.me.txt"))
    assert list(named) == ["1.jpg"] and "of 3 rows, 1 with no file below" in rows and rows.endswith("such as gone")
    assert "1 row without a class" in blank and blank.endswith("such as 2.jpg")
    assert "1 picture without a row in t.csv, left out, such as sub/3.jpg" in files


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("", "has 0 rows of one column; expected a file, its class and perhaps its part"),
        ("file\n1.jpg\n", "of one column"),
        ("id,class\n7,cat\n8,dog\n", "none of its 3 rows names a file, '8' does not"),
        ("id,melanoma,nevus\n1,1,0\n2,0,1\n", "has the columns id, melanoma, nevus; expected"),
        ("1,2\n2,1\n", "has the columns 1, 2; expected"),
        ("id,class,label\n1,1,0\n2,0,1\n", "has the columns id, class, label; expected"),
        ("id,class\n1,cat\n2,dog,black\n", "line 3: has 3 cells and the first row 2"),
        ("id,class\n1,cat\n1.jpg,dog\n", "line 3: 1.jpg is 'cat' before; keep one of the rows"),
        ("id,class\n1,cat\n4,dog\n", "line 3: '4' could be 4.jpg or sub/4.jpg; write folder and extension"),
        ("id,class,part\n1,cat,train\n2,cat,late\n", "line 3: the part is 'late'; expected one of train"),
        ("id,class,part\n1,cat,test\n", "has no row for training, such as test"),
        (b"id,class\n1,caf\xe9\n", "is no UTF-8 text; save it as CSV, UTF-8"),
    ],
)
def test_a_table_that_is_wrong_is_one_line_with_advice(labelled, table, expected):
    with pytest.raises(DataError, match=expected) as caught:
        labelled(table, files=(*FILES, "4.jpg", "sub/4.jpg"))
    assert "\n" not in str(caught.value) and "t.csv" in str(caught.value)


def test_a_file_of_another_folder_with_the_same_name_is_not_taken(labelled):
    named, _, notes = labelled("id,class\n1,cat\ntrain/2.jpg,dog\n", files=("1.jpg", "test/2.jpg"))
    assert named == {"1.jpg": "cat"} and "of 2 rows, 1 with no file" in notes[0]


@pytest.mark.parametrize("name", ["a.JPG", "A", "SUB\\a.jpg", "sub/A.Jpg"])
def test_capitals_do_not_matter_where_one_file_alone_is_meant(labelled, name):
    assert labelled(f"id,class\n{name},cat\nB.png,dog\n", files=("Sub/a.jpg", "B.png", "b.png"))[0] == {
        "Sub/a.jpg": "cat",
        "B.png": "dog",
    }


def test_capitals_tell_files_apart_where_several_could_be_meant(labelled):
    with pytest.raises(DataError, match=r"line 2: 'A.jpg' could be a.JPG or a.jpg; write folder and extension"):
        labelled("id,class\nA.jpg,cat\n2,dog\n", files=("a.JPG", "a.jpg", "2.jpg"))


def test_a_table_trains_as_folders_do_and_is_checked(make_folder):
    root = make_folder({"all": 20}, size=(300, 300))
    rows = [f"{number:03},{'ab'[number % 2]}" for number in range(20)]
    (root / "train.csv").write_text("\n".join(["id,label", *rows]))
    settings = {"labels": str(root / "train.csv")}
    data = load_data(str(root), image_size=8, **settings)
    assert data.classes == ("a", "b") and [len(part) for part in (data.train, data.validation, data.test)] == [12, 4, 4]
    assert np.array_equal(data.test.labels, data.test.indices % 2) and published(str(root), **settings).classes == 2
    report = check_folder(root, **settings)
    assert report["classes"][0] == {"class": "a", "train": 6, "validation": 2, "test": 2}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_table_that_is_no_file_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, expected in (("pipe", "is a named pipe"), ("gone", "cannot be read"), (".", "is a folder")):
        with pytest.raises(DataError, match=expected):
            load_data(str(tmp_path), labels=str(tmp_path / name))


@pytest.mark.parametrize("settings", [{"labels": "x.csv"}, {"stretch": True}, {"layout": "class"}])
def test_settings_of_folders_are_refused_for_published_data_sets(settings):
    with pytest.raises(
        ConfigError, match=rf"data.{next(iter(settings))} is for folders of images; the data set is digits"
    ):
        load_data("digits", **settings)
