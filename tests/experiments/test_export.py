"""A network leaves in another format, and what leaves answers as it does, also where vgglab is not."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import vgglab
from vgglab.datasets.decode import decode_picture
from vgglab.errors import RunError, UsageError
from vgglab.evaluation.predict import predict_files
from vgglab.experiments.export import export
from vgglab.exporting.exported import open_exported
from vgglab.exporting.formats import FORMATS
from vgglab.exporting.handover import program
from vgglab.exporting.quantize import write_quantized
from vgglab.exporting.standalone import load

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="export needs TensorFlow")
NEEDED = [*FORMATS["onnx"].writers, "onnxruntime"]
onnx = pytest.mark.skipif(not all(map(find_spec, NEEDED)), reason="needs the extra onnx")
ALONE = """
import importlib.util, runpy, sys
sys.path[:0] = [sys.argv[1]]
del sys.argv[:2]
assert importlib.util.find_spec("vgglab") is None
runpy.run_path(sys.argv[0], {}, "__main__")
"""


@pytest.fixture(scope="module")
def handed_over(trained, tmp_path_factory):
    """What an export to ONNX came to, and the folder that went out."""
    (row,) = export(trained.folder, "onnx", out=tmp_path_factory.mktemp("out"))
    return row, Path(row["folder"])


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A folder to import from that holds Pillow, NumPy, ONNX Runtime and what that needs, and nothing else."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ("numpy", "PIL", "onnxruntime", "flatbuffers", "google", "packaging"):
        place = Path(next(iter(find_spec(name).submodule_search_locations)))
        for path in (place, place.with_name(f"{name}.libs"), place.with_name("pillow.libs")):
            if path.exists() and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def odd_pictures(tmp_path_factory):
    """One picture of every odd kind."""
    folder, random = tmp_path_factory.mktemp("odd"), np.random.default_rng(0)
    noise = Image.fromarray(random.integers(0, 256, (9, 7, 3), dtype=np.uint8)).resize(
        (70, 90), Image.Resampling.BICUBIC
    )
    turned = Image.Exif()
    turned[0x0112] = 6
    noise.save(folder / "exif.jpg", exif=turned)
    noise.save(folder / "damaged-exif.png", exif=b"Exif\0\0garbage1234567")
    noise.convert("CMYK").save(folder / "cmyk.jpg")
    noise.quantize(16).save(folder / "palette.png", transparency=3)
    noise.convert("LA").save(folder / "grey-alpha.png")
    noise.putalpha(Image.linear_gradient("L").resize(noise.size))
    noise.save(folder / "alpha.png")
    Image.fromarray(random.integers(0, 65_536, (40, 50), dtype=np.uint16)).save(folder / "16-bits.png")
    noise.convert("RGB").resize((400, 30)).save(folder / "wide.webp")
    noise.convert("RGB").resize((30, 900)).save(folder / "tall.jpg")
    noise.convert("1").save(folder / "two-colours.tiff")
    return folder


@onnx
def test_what_went_out_answers_as_the_network_and_is_as_good(handed_over, trained):
    row, _ = handed_over
    parity = row["parity"]
    assert (row["status"], row["before"], parity["n"], parity["same"], parity["pixels"]) == (
        "exported",
        None,
        100,
        1,
        0,
    )
    assert 0 < parity["largest"] < 1e-5 and parity["largest_of_files"] == pytest.approx(parity["largest"])
    assert {figures["accuracy"] for figures in parity["accuracy"].values()} == {trained.metrics["accuracy"]}
    assert parity["accuracy"]["exported"]["interval"] == pytest.approx(trained.metrics["accuracy_interval"])


@onnx
def test_without_vgglab_every_odd_picture_is_predicted_as_with_it(handed_over, trained, elsewhere, odd_pictures):
    files = sorted(map(str, odd_pictures.iterdir()))
    expected = list(predict_files(trained.folder, files, top=5))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ALONE, elsewhere, handed_over[1] / "predict.py", *files],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "") and len(files) == 10
    for line, wanted in zip(done.stdout.splitlines(), expected, strict=True):
        path, *pairs = line.split("  ")
        given = dict(pair.split(" ") for pair in pairs)
        assert path == wanted.path and set(given) == set(wanted.classes)
        assert [float(given[name]) for name in wanted.classes] == pytest.approx(wanted.probabilities, abs=1e-4)


@pytest.mark.parametrize("levels", [{}, {"8": (20, 190), "16": (300, 40_000)}])
def test_the_program_decodes_as_vgglab_does_to_the_pixel(odd_pictures, levels):
    for path in odd_pictures.iterdir():
        assert (load(path, 32, {"16": (0, 65_535), **levels}) == decode_picture(path, 32, levels)).all(), path.name


@pytest.mark.parametrize("name", FORMATS)
def test_the_program_is_a_page_that_knows_nothing_of_vgglab(name):
    text = program(FORMATS[name])
    assert text.count("\n") <= 42 and "vgglab" not in text and FORMATS[name].runtime[1] in text
    compile(text, "predict.py", "exec")


@onnx
def test_a_folder_that_went_out_stands_where_a_classifier_does_for_any_number_of_images(handed_over, trained):
    images, exported = vgglab.load_data("digits").test.images[:70], open_exported(handed_over[1])
    for count in (1, 3, 70):
        assert np.allclose(exported.predict(images[:count]), trained.predict(images[:count]), atol=1e-5)
    assert exported.classes == trained.classes and exported.picture_side == 32


@onnx
def test_a_folder_that_went_out_predicts_on_the_command_line_as_its_network(handed_over, trained, odd_pictures, told):
    files = sorted(odd_pictures.iterdir())
    code, out, err = told("predict", handed_over[1], *files, "--json")
    expected, given = list(predict_files(trained.folder, files)), [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "") and [row["class"] for row in given] == [each.classes[0] for each in expected]
    probabilities = [each.probabilities[0] for each in expected]
    assert [row["probability"] for row in given] == pytest.approx(probabilities, abs=1e-4)
    line = f"vgglab: --engine keras: {handed_over[1]} is onnx; leave --engine out\n"
    assert told("predict", handed_over[1], files[0], "--engine", "keras") == (2, "", line)


@onnx
def test_the_card_says_what_it_is_of_how_good_and_what_each_file_hashes_to(handed_over, trained):
    text = (handed_over[1] / "README.md").read_text()
    names = ("labels.txt", "model.onnx", "predict.py", "preprocessing.json")
    assert all(f"  {name}\n" in text for name in names) and trained.split["sha256"] in text
    low, high = trained.metrics["accuracy_interval"]
    assert f"accuracy {trained.metrics['accuracy']:.4f} ({low:.4f} to {high:.4f})" in text
    assert "calibration error" in text and "What it is not for" in text and "onnxruntime" in text
    assert (handed_over[1] / "labels.txt").read_text().split() == trained.classes


@onnx
def test_what_is_there_is_never_overwritten(handed_over, trained):
    before = sorted((path, path.stat().st_mtime_ns) for path in handed_over[1].parent.rglob("*"))
    with pytest.raises(RunError, match="trained-onnx: exists already; choose another --out, or remove it"):
        export(trained.folder, "onnx", out=handed_over[1].parent)
    assert sorted((path, path.stat().st_mtime_ns) for path in handed_over[1].parent.rglob("*")) == before


@onnx
def test_int8_tells_what_it_cost_and_is_refused_where_that_is_too_much(trained, tmp_path, told):
    code, out, _ = told("export", trained.folder, "--to", "onnx", "--quantize", "int8", "--out", tmp_path, "--json")
    (row,) = json.loads(out)
    assert row["parity"]["largest"] > 1e-4 and set(row["before"]["latency"]) == {"1", "32"} and row["before"]["size"]
    kept = row["cost"] <= 0.01
    assert (code, bool(row["folder"]), row["status"]) == ((0, True, "exported") if kept else (1, False, "refused"))
    (row,) = export(trained.folder, "onnx", quantize="int8", out=tmp_path / "no", at_most=-1)
    assert (row["status"], row["folder"]) == ("refused", None) and not (tmp_path / "no").exists()


@onnx
def test_float16_is_smaller_and_answers_nearly_alike(trained, tmp_path):
    (row,) = export(trained.folder, "onnx", quantize="float16", out=tmp_path, images=20)
    assert row["status"] == "exported" and 1e-7 < row["parity"]["largest"] < 1e-2
    assert row["size"] < row["before"]["size"]


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")  # ai_edge_litert is an extra of its own
@pytest.mark.parametrize("bits", ["float16", "int8"])
def test_litert_in_fewer_bits_answers_nearly_alike(trained, tmp_path, bits):
    runtime = pytest.importorskip("tensorflow.lite.python.interpreter")
    images, path = vgglab.load_data("digits").test.images[:20], tmp_path / "model.tflite"
    expected = trained.predict(images)
    write_quantized(trained.classifier.model, FORMATS["litert"], path, path, bits, images)
    run = runtime.Interpreter(model_path=str(path)).get_signature_runner()
    (name,) = run.get_input_details()
    given = next(iter(run(**{name: images.astype(np.float32)}).values()))
    assert 1e-7 < np.abs(given - expected).max() < 0.1


def test_a_file_beyond_tolerance_is_kept_under_a_name_that_says_so(trained, tmp_path, monkeypatch, told):
    monkeypatch.setattr("vgglab.experiments.export.TOLERANCE", -1)
    code, out, err = told("export", trained.folder, "--to", "savedmodel", "--out", tmp_path, "--images", 7)
    assert code == 1 and [path.name for path in tmp_path.iterdir()] == ["trained-savedmodel-differs"]
    assert err.splitlines()[-1].endswith("trained-savedmodel-differs, do not use it") and "savedmodel" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--to", "caffe"], "--to caffe: no such format; expected one or more of onnx, litert, savedmodel, openvino"),
        (
            ["--to", "savedmodel", "--quantize", "int8"],
            "--quantize int8: savedmodel is not written so; expected --to of",
        ),
        (["--to", "savedmodel", "--quantize", "int4"], "--quantize int4: expected int8 or float16"),
        (["--to", "savedmodel", "--data", "."], "--data"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(told, trained, tmp_path, arguments, expected):
    code, out, err = told("export", trained.folder, *arguments, "--out", tmp_path / "out")
    assert (code, out, err.count("\n")) == (2, "", 1) and expected in err and not (tmp_path / "out").exists()


def test_a_file_alone_needs_images_to_compare_on(trained, tmp_path):
    shutil.copy(trained.folder / "best.keras", tmp_path / "mine.keras")
    with pytest.raises(UsageError, match="a model file knows no images to compare on; name a data set or a folder"):
        export(tmp_path / "mine.keras", "savedmodel", out=tmp_path)


def test_a_missing_package_is_one_line_that_says_which(trained, tmp_path, monkeypatch, told):
    monkeypatch.setattr("vgglab.exporting.formats.find_spec", lambda name: None)
    code, _, err = told("export", trained.folder, "--to", "openvino", "--out", tmp_path)
    assert (code, err) == (1, "vgglab: openvino needs the package openvino; pip install 'vgglab[openvino]'\n")


def test_export_says_that_another_backend_has_to_be_left(trained, tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    with pytest.raises(UsageError, match="export needs TensorFlow, and KERAS_BACKEND is torch; unset it"):
        export(trained.folder, "savedmodel", out=tmp_path)
