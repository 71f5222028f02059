"""Pictures in shards are a data set as they are in folders: the same split, the same pixels, the same complaints."""

import io
import json
import re
import sys
import tarfile
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from vgglab.config.schema import DataConfig, RunConfig
from vgglab.datasets import load_data
from vgglab.datasets.check import check_folder
from vgglab.datasets.layout import find_pictures
from vgglab.errors import DataError
from vgglab.experiments.evaluation import given_data
from vgglab.experiments.outside import outside
from vgglab.experiments.run_data import moved

PAGE = (Path(__file__).parents[2] / "docs/shards.md").read_text(encoding="utf-8")
MADE = dict(zip(("shards", "parquet"), re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL), strict=True))
NAMES = ["cat", "dog"]


def listed(root, **settings):
    return find_pictures(DataConfig(name=str(root), **settings))


def write_tar(path, files):
    """A tar of files: name -> content, text or bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in files.items() if isinstance(files, dict) else files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content if isinstance(content, bytes) else content.encode()))
    return path


def write_rows(path, columns, features=None):
    """A Parquet file, or an Arrow file as of `save_to_disk`, of some columns and what is told of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"huggingface": json.dumps({"info": {"features": features}})} if features else {}
    table = pyarrow.table(columns).replace_schema_metadata(told)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path, row_group_size=3)
        return
    with pyarrow.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=3)


def classes_of(root, **settings):
    found = listed(root, **settings)
    return {file: found.classes[label] for file, label in zip(found.files, found.labels, strict=True)}


@pytest.fixture
def folder(make_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_folder({"cat": 9, "dog": 7})


@pytest.mark.parametrize("kind", MADE)
def test_shards_made_as_the_page_says_are_split_and_decoded_as_the_folder_is(folder, kind, tmp_path):
    exec(MADE[kind], {})
    one, other = (load_data(str(tmp_path / name), image_size=8) for name in ("pictures", kind))
    assert one.classes == other.classes
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(one, part).images, getattr(other, part).images)
        assert np.array_equal(getattr(one, part).labels, getattr(other, part).labels)


@pytest.mark.parametrize("kind", MADE)
def test_a_limit_keeps_the_same_pictures_whether_they_are_kept_or_not(folder, kind, tmp_path):
    exec(MADE[kind], {})
    given = [("pictures", "off"), (kind, "off"), (kind, "on")]
    parts = [load_data(str(tmp_path / name), image_size=8, limit=4, stream=how).train for name, how in given]
    assert len(parts[0]) == 4
    for part in parts[1:]:
        assert np.array_equal(part.images[:], parts[0].images) and np.array_equal(part.indices, parts[0].indices)


def test_arrow_files_are_read_as_parquet_is(folder, tmp_path):
    exec(MADE["parquet"], {})
    table = pyarrow.parquet.read_table("parquet/pictures.parquet").to_pydict()
    write_rows(tmp_path / "saved/data-00000-of-00001.arrow", table)
    one, other = (load_data(str(tmp_path / name), image_size=8) for name in ("parquet", "saved"))
    assert np.array_equal(one.train.images, other.train.images)


def test_parts_are_told_by_the_names_of_shards_and_classes_by_numbers(tmp_path):
    for part in ("train", "val", "test"):
        write_tar(tmp_path / f"x/{part}-000000.tar", {"b.jpg": "", "b.cls": "1", "a.png": "", "a.cls": "0"})
    assert classes_of(tmp_path / "x")["val-000000/a.png"] == "0"
    (tmp_path / "x/classes.txt").write_text("dog\ncat\n")
    found = listed(tmp_path / "x")
    assert found.classes == ("cat", "dog") and found.split and set(found.parts) == {"train", "validation", "test"}
    assert classes_of(tmp_path / "x")["train-000000/a.png"] == "dog"


@pytest.mark.parametrize(
    "label",
    [{"a.cls": "cat"}, {"a.txt": "cat\n"}, {"a.json": '{"label": "cat"}', "a.txt": "a caption"}, {"a.json": '"cat"'}],
)
def test_a_label_in_a_tar_may_be_cls_text_or_json(tmp_path, label):
    write_tar(tmp_path / "x/0.tar", {"a.JPG": "", **label, "__MACOSX/a.jpg": "", "._a.jpg": ""})
    assert classes_of(tmp_path / "x") == {"0/a.JPG": "cat"}


CARD = "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n"
CARD += "          '0': cat\n          '1': dog\n---\n# Animals\n"
INFO = json.dumps({"features": {"label": {"_type": "ClassLabel", "names": NAMES}}})


@pytest.mark.parametrize(
    ("file", "text"), [("README.md", CARD), ("dataset_info.json", INFO), ("classes.txt", "cat\ndog")]
)
def test_names_of_classes_are_found_beside_parquet(tmp_path, file, text):
    write_rows(tmp_path / "data/train-00000-of-00001.parquet", {"img": [b"1", b"2", b"3"], "label": [0, 1, -1]})
    (tmp_path / file).write_text(text)
    assert list(classes_of(tmp_path).values()) == NAMES
    assert "1 picture without a label left out, such as data/train-00000-of-00001/000002" in listed(tmp_path).notes[0]


def test_the_names_in_a_parquet_file_are_those_of_its_classes(tmp_path):
    columns = {"image": [b"1", b"2"], "fine": [0, 1], "id": [3, 4], "mask": [b"", b""]}
    write_rows(tmp_path / "0.parquet", columns, {"fine": {"_type": "ClassLabel", "names": NAMES}})
    assert classes_of(tmp_path) == {"0/000000": "cat", "0/000001": "dog"}


def test_a_part_without_labels_is_left_out(tmp_path):
    write_tar(tmp_path / "train.tar", {"a.jpg": "", "a.cls": "cat"})
    write_tar(tmp_path / "test.tar", {"b.jpg": "", "c.jpg": ""})
    found = listed(tmp_path)
    assert tuple(found.files) == ("train/a.jpg",) and set(found.parts) == {"train"}
    assert "2 pictures without a label left out, such as test/b.jpg, and the test part is cut" in found.notes[0]


def test_a_table_labels_groups_and_corrects_what_is_in_shards(tmp_path):
    write_tar(tmp_path / "x/0.tar", {"a.jpg": "", "b.jpg": "", "c.jpg": ""})
    (tmp_path / "t.csv").write_text("file,label,who\n0/a.jpg,cat,1\nb,dog,1\n0/c,dog,2\n")
    (tmp_path / "w.csv").write_text("file,correct\n0/a.jpg,\n0/b.jpg,dog\n")
    found = listed(tmp_path / "x", labels=str(tmp_path / "t.csv"), groups="who", without=str(tmp_path / "w.csv"))
    assert tuple(found.files) == ("0/b.jpg", "0/c.jpg") and found.groups.tolist() == [0, 1]


@pytest.mark.parametrize("kind", MADE)
def test_broken_pictures_in_shards_are_told_and_copies_found(folder, kind, tmp_path):
    (folder / "cat/000.png").write_bytes(b"nothing")
    (folder / "cat/001.png").write_bytes((folder / "dog/000.png").read_bytes())
    exec(MADE[kind], {})
    report = check_folder(tmp_path / kind, size=8)
    assert [file["reason"] for file in report["unreadable"]] == ["is no " + report["unreadable"][0]["reason"][6:]]
    assert report["exact_duplicates"][0]["classes"] == NAMES
    with pytest.raises(DataError, match=r"pictures(-000000/cat)?/0+(\.png)? is no JPEG.*leave --strict out"):
        load_data(str(tmp_path / kind), image_size=8, strict=True)


def test_shards_that_are_written_anew_are_decoded_anew(folder, tmp_path):
    exec(MADE["parquet"], {})
    before = load_data(str(tmp_path / "parquet"), image_size=8).train.images.sum()
    table = pyarrow.parquet.read_table("parquet/pictures.parquet")
    pyarrow.parquet.write_table(table.take(list(range(8, -1, -1)) + list(range(15, 8, -1))), "parquet/pictures.parquet")
    assert load_data(str(tmp_path / "parquet"), image_size=8).train.images.sum() != before


def test_pictures_are_in_the_order_of_their_names_whatever_that_in_the_archive(tmp_path):
    write_tar(tmp_path / "x/0.tar", {"b.jpg": "", "b.cls": "cow", "a.jpg": "", "a.cls": "dog"})
    write_tar(tmp_path / "x/1.tar", {"a.jpg": "", "a.cls": "ant"})
    assert list(classes_of(tmp_path / "x").items()) == [("0/a.jpg", "dog"), ("0/b.jpg", "cow"), ("1/a.jpg", "ant")]


def test_so_they_are_across_archives_though_one_s_name_begins_another_s(tmp_path):
    for archive, keys in {"a": "cz", "a/b": "xy", "a-1": "p"}.items():
        write_tar(tmp_path / f"x/{archive}.tar", {f"{key}.{end}": "cat" for key in keys for end in ("jpg", "cls")})
    names = ["a-1/p.jpg", "a/b/x.jpg", "a/b/y.jpg", "a/c.jpg", "a/z.jpg"]
    found = listed(tmp_path / "x")
    assert list(found.files) == names == list(map(str, found.entries())) == sorted(names)
    archives = [Path(entry.shard).relative_to(tmp_path / "x").as_posix() for entry in found.entries()]
    assert archives == ["a-1.tar", "a/b.tar", "a/b.tar", "a.tar", "a.tar"]


def test_an_archive_beside_folders_of_pictures_is_none_of_them(folder):
    write_tar(folder / "pictures.tar", {"a.jpg": "", "a.cls": "cat"})
    assert listed(folder).files[0] == "cat/000.png"
    (folder.parent / "t.csv").write_text("file,label\n000.png,cat\n")
    write_tar(folder / "cat/pictures.tar", {"a.jpg": ""})
    assert listed(folder / "cat", labels=str(folder.parent / "t.csv")).files[0] == "000.png"


TAR = {"a.jpg": "", "a.cls": "0"}
DAMAGE = {
    "cut short": (lambda path: path.write_bytes(path.read_bytes()[:700]), r"t.tar: is no whole, uncompressed tar \("),
    "no tar": (lambda path: path.write_text("nothing"), r"t.tar: is no whole, uncompressed tar \("),
    "twice": (lambda path: write_tar(path, [*TAR.items(), *TAR.items()]), "t.tar: holds a.jpg twice"),
    "no label": (lambda path: write_tar(path, {"a.jpg": ""}), "no picture in 1 shard has a label; expected key.jpg"),
    "bad JSON": (lambda path: write_tar(path, {"a.jpg": "", "a.json": "{"}), "t.tar: a.json is no JSON"),
    "two": (
        lambda path: write_tar(path, {"a.jpg": "", "a.json": '{"label": 1, "class": 2}'}),
        "t.tar: a.json has label, class: which is the label",
    ),
    "number": (lambda path: path.with_name("classes.txt").write_text("cat"), "t/b.jpg: has the label 1, and 1 classes"),
    "kinds": (lambda path: path.with_name("p.parquet").touch(), r"files that end in .parquet and in .tar; keep"),
    "parts": (lambda path: write_tar(path.with_name("train.tar"), TAR), "has shards named t.tar; expected names"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_tar_is_one_line(tmp_path, damage):
    harm, said = DAMAGE[damage]
    harm(write_tar(tmp_path / "t.tar", {**TAR, "b.jpg": "b" * 600, "b.cls": "1"}))
    with pytest.raises(DataError, match=said):
        listed(tmp_path)


def test_two_columns_of_labels_or_a_damaged_file_are_one_line(tmp_path):
    write_rows(tmp_path / "0.parquet", {"image": [b""], "label": [0], "class": [0]})
    with pytest.raises(DataError, match=r"0.parquet: label, class could be the labels; say which with --labels COLUMN"):
        listed(tmp_path)
    (tmp_path / "0.parquet").write_bytes((tmp_path / "0.parquet").read_bytes()[:100])
    with pytest.raises(DataError, match=r"0.parquet: is no whole parquet file \(.*\); copy it again$"):
        listed(tmp_path)


def test_of_two_columns_of_labels_one_is_chosen(tmp_path):
    features = {name: {"_type": "ClassLabel", "names": ["x", *NAMES]} for name in ("fine_label", "coarse_label")}
    columns = {"image": [b"1", b"2"], "fine_label": [1, 2], "coarse_label": [0, 0], "note": ["a", "b"]}
    write_rows(tmp_path / "0.parquet", columns, features)
    assert list(classes_of(tmp_path, labels="fine_label").values()) == NAMES
    assert list(classes_of(tmp_path, labels="note").values()) == ["a", "b"]
    with pytest.raises(
        DataError, match=r"--labels is 'fine', no column of it; expected a table, or one of fine_label,"
    ):
        listed(tmp_path, labels="fine")
    with pytest.raises(DataError, match=r"--groups note: is a column of a table, and --labels fine_label one of the"):
        listed(tmp_path, labels="fine_label", groups="note")
    with pytest.raises(DataError, match=r"--labels: t.csv .* expected a CSV file"):
        listed(tmp_path, labels="t.csv")


def test_a_column_of_labels_stays_one_where_the_pictures_are_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = DataConfig(name=str(tmp_path), labels="fine")
    assert moved(before, tmp_path / "new").labels == "fine"
    assert given_data(tmp_path, "fine", None).labels == "fine"
    assert outside(RunConfig(data=before))["data.name"].beside == ()


def test_without_pyarrow_parquet_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "0.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"0.parquet: takes the package pyarrow; pip install 'vgglab\[parquet\]'"):
        listed(tmp_path)
