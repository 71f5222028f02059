"""`vgglab predict` into files, by other engines, and of what arrives."""

import csv
import json
import tarfile
from importlib.util import find_spec

import keras
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from vgglab.errors import ExportError
from vgglab.exporting.kept import open_kept

onnx = pytest.mark.skipif(
    not find_spec("tf2onnx") or not find_spec("onnxruntime") or keras.backend.backend() != "tensorflow",
    reason="needs the extra onnx",
)


@pytest.fixture
def pictures(tmp_path):
    """A folder with five pictures."""
    (tmp_path / "pictures").mkdir()
    for number, noise in enumerate(np.random.default_rng(0).integers(0, 256, (5, 9, 8, 3), dtype=np.uint8)):
        Image.fromarray(noise).save(tmp_path / "pictures" / f"{number}.png")
    return tmp_path / "pictures"


@pytest.fixture
def rows(tmp_path):
    """The rows of a CSV file in the folder."""
    return lambda name: list(csv.DictReader((tmp_path / name).read_text().splitlines()))


@onnx
def test_both_engines_say_the_same_and_auto_takes_the_one_that_is_kept(vgglab, trained, pictures, rows, monkeypatch):
    open_kept(trained.folder)
    for engine in ("keras", "onnx", "auto"):
        assert vgglab("predict", trained.folder, pictures, "-o", f"{engine}.csv", "--engine", engine)[0] == 0
        monkeypatch.setattr("vgglab.exporting.opening.find_classifier", None)  # Keras, from the second on, is not asked
    assert rows("onnx.csv") == rows("auto.csv") and len(rows("auto.csv")) == 5
    for by_keras, by_onnx in zip(rows("keras.csv"), rows("onnx.csv"), strict=True):
        assert by_keras["class"] == by_onnx["class"]
        assert float(by_keras["probability"]) == pytest.approx(float(by_onnx["probability"]), abs=1e-4)


@onnx
def test_where_onnx_answers_otherwise_keras_computes_and_a_line_says_so(vgglab, trained, pictures, monkeypatch):
    def differs(*asked):
        raise ExportError("as ONNX a probability differs by 0.1; predict with Keras")

    open_kept(trained.folder)
    monkeypatch.setattr("vgglab.exporting.opening.open_kept", differs)
    code, out, err = vgglab("predict", trained.folder, pictures)
    assert code == 0 and out.count("\n") == 5
    assert err == "vgglab: as ONNX a probability differs by 0.1; predict with Keras; Keras computes\n"


def test_a_finished_file_is_left_and_one_of_another_list_is_made_anew(vgglab, trained, pictures, tmp_path, rows):
    command = ("predict", trained.folder, pictures, "-o", "out.csv", "--engine", "keras")
    assert vgglab(*command) == (0, "", "written: out.csv, 5 pictures\n")
    assert vgglab(*command) == (0, "", "out.csv: is finished, 5 pictures; nothing is done again\n")
    (pictures / "3.png").unlink()
    first, second = vgglab(*command)[2].splitlines()
    assert first == "out.csv: was made with another list of pictures; it is made anew" and len(rows("out.csv")) == 4
    assert second == "written: out.csv, 4 pictures" and not list(tmp_path.glob("*.part"))
    assert json.loads((tmp_path / "out.csv.json").read_text())["files"] == 4


def test_shards_are_scored_as_the_folder_is(vgglab, trained, pictures, tmp_path, rows):
    (tmp_path / "shards").mkdir()
    files = sorted(pictures.iterdir())
    with tarfile.open(tmp_path / "shards/0.tar", "w") as tar:
        for file in files:
            tar.add(file, file.name)
    columns = {"image": [file.read_bytes() for file in files], "class": [0] * 5, "label": [0] * 5}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "p.parquet")
    for name, given in (("files", "pictures"), ("tar", "shards"), ("parquet", "p.parquet")):
        assert vgglab("predict", trained.folder, given, "-o", f"{name}.csv", "--engine", "keras")[0] == 0
    answers = [[row["probability"] for row in rows(f"{name}.csv")] for name in ("files", "tar", "parquet")]
    assert answers[0] == answers[1] == answers[2]
    assert rows("tar.csv")[0]["path"] == "shards/0/0.png" and rows("parquet.csv")[4]["path"] == "p/000004"


def test_a_shard_that_is_damaged_is_one_line(vgglab, trained, tmp_path):
    (tmp_path / "0.tar").write_text("nothing")
    code, out, err = vgglab("predict", trained.folder, "0.tar")
    assert code == 1 and not out and err.startswith("vgglab: 0.tar: is no whole, uncompressed tar (")


def test_what_was_interrupted_goes_on(vgglab, trained, pictures, monkeypatch, rows):
    command = ("predict", trained.folder, pictures, "-o", "out.csv", "--engine", "keras")
    with monkeypatch.context() as patch:
        patch.setattr("vgglab.evaluation.scoring.Scores.finish", interrupted)
        code, _, err = vgglab(*command)
    assert (code, err) == (
        130,
        "vgglab: interrupted; what was scored into a file is kept, and the same command goes on\n",
    )
    code, _, err = vgglab(*command)
    assert err == "out.csv: goes on behind 5 pictures that are done\nwritten: out.csv, 5 pictures\n"
    assert code == 0 and len(rows("out.csv")) == 5


def interrupted(*_) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("form", [["--json"], ["--csv", "-"], ["-o", "log.csv"]])
def test_what_arrives_is_scored_until_it_is_ended(vgglab, trained, pictures, monkeypatch, rows, form):
    pauses = iter([None, None, lambda: Image.new("L", (9, 9)).save(pictures / "9.png"), None, interrupted])
    monkeypatch.setattr("vgglab.cli.scoring.time.sleep", lambda seconds: (next(pauses) or bool)())
    code, out, err = vgglab("predict", trained.folder, "--watch", pictures, "--engine", "keras", *form)
    lines = out.splitlines() or [row["path"] for row in rows("log.csv")]
    told = [line for line in lines if "pictures/" in line]
    assert code == 130 and ["9.png" in line for line in told] == [False] * 5 + [True]
    assert err.splitlines()[0] == f"{pictures}: is watched; Ctrl-C ends it" and err.count("\n") == 2


def test_without_pyarrow_one_line_says_what_to_install(vgglab, trained, pictures, monkeypatch):
    monkeypatch.setattr("vgglab.evaluation.score_files.find_spec", lambda name: None)
    code, _, err = vgglab("predict", trained.folder, pictures, "-o", "out.parquet")
    assert (code, err.count("\n")) == (1, 1) and "pip install 'vgglab[parquet]', or write .csv" in err
