"""A network is written as ONNX once, held against itself, and opens without a backend from then on."""

import shutil
from importlib.util import find_spec

import keras
import numpy as np
import pytest

import vgglab
from vgglab.errors import RunError, UsageError
from vgglab.exporting.formats import FORMATS
from vgglab.exporting.kept import ExportStore, entry_key, is_kept, open_kept

NEEDED = [*FORMATS["onnx"].writers, "onnxruntime"]
onnx = pytest.mark.skipif(
    not all(map(find_spec, NEEDED)) or keras.backend.backend() != "tensorflow", reason="needs the extra onnx"
)


@onnx
def test_what_is_kept_answers_as_the_network_and_is_written_once(trained):
    first, said = open_kept(trained.folder), []
    images, kept = vgglab.load_data("digits").test.images[:70], open_kept(trained.folder, tell=said.append)
    assert np.allclose(kept.predict(images), trained.predict(images), atol=1e-5) and said == []
    assert (kept.classes, kept.picture_side, kept.named) == (trained.classes, 32, True)
    assert kept.parity["n"] == 48 and 0 < kept.parity["largest"] < 1e-4 and kept.parity == first.parity
    (entry,) = ExportStore().entries()
    assert is_kept(trained.folder) and "10 classes" in entry.about and entry.bytes > 10_000


@onnx
def test_a_kept_file_that_is_damaged_is_written_again(trained):
    open_kept(trained.folder)
    (file,) = ExportStore().folder.glob("*/model.onnx")
    file.write_bytes(b"x")
    assert open_kept(trained.folder).parity["n"] == 48 and file.stat().st_size > 10_000


@onnx
def test_what_answers_otherwise_is_refused_in_one_line(trained, monkeypatch):
    monkeypatch.setattr("vgglab.exporting.kept.TOLERANCE", 0)
    with pytest.raises(RunError, match=r"as ONNX a probability differs by .*e-0.; predict with Keras"):
        open_kept(trained.folder)


def test_another_model_other_names_or_other_code_is_another_entry(trained, tmp_path):
    model = shutil.copy(trained.folder / "best.keras", tmp_path / "best.keras")
    names, code = tmp_path / "names.txt", tmp_path / "code.py"
    keys = {entry_key(model, None, None), entry_key(model, names, None), entry_key(model, None, code)}
    for file in (names, code):
        file.write_text("a")
    keys |= {entry_key(model, names, None), entry_key(model, None, code)}
    assert len(keys) == 5 and not is_kept(model, names)


def test_without_its_runtime_one_line_says_which(trained, monkeypatch):
    monkeypatch.setattr("vgglab.exporting.formats.find_spec", lambda name: None)
    with pytest.raises(RunError, match=r"onnx needs the package onnxruntime; pip install 'vgglab.onnx.'"):
        open_kept(trained.folder)


def test_what_is_no_model_is_said_before_anything_is_written(trained, tmp_path):
    with pytest.raises(UsageError, match="knows its class names; leave --classes out"):
        open_kept(trained.folder, tmp_path / "names.txt")
    with pytest.raises(RunError, match="no such run folder or model file"):
        open_kept(tmp_path / "gone")
