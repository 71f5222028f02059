"""`vgglab predict` and `vgglab explain`: what they print and write, and what they say of what goes wrong."""

import csv
import json
import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
from PIL import Image
from small_network import NETWORK

import vgglab as library
from vgglab.datasets.layout import find_pictures
from vgglab.exporting.kept import open_kept
from vgglab.runs.saved_model import read_metadata


@pytest.fixture
def pictures(tmp_path):
    """A folder with three test images, `2.png`, `a/0.png` and `a/1.png`, and a hidden file."""
    folder = tmp_path / "pictures"
    (folder / "a").mkdir(parents=True)
    images = library.load_data("digits", limit=100).test.images
    for number, name in enumerate(["a/0.png", "a/1.png", "2.png"]):
        Image.fromarray(images[number]).save(folder / name)
    (folder / "a" / ".hidden").write_text("")
    return folder


def test_a_picture_is_predicted_as_the_run_predicted_it(vgglab, trained, pictures):
    with (trained.folder / "predictions.csv").open() as lines:
        expected = next(csv.DictReader(lines))
    code, out, err = vgglab("predict", trained.folder, pictures / "a" / "0.png", "--json")
    told = json.loads(out)
    assert (code, err, told["class"]) == (0, "", expected["predicted"])
    assert told["probability"] == pytest.approx(float(expected["confidence"]), abs=1e-4)


@pytest.fixture(scope="module")
def stretched(tmp_path_factory):
    """A folder of pictures of 12 bits in 16, and a run on them with their grey levels stretched."""
    home, random = tmp_path_factory.mktemp("medical"), np.random.default_rng(0)
    for number in range(12):
        (home / "x" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        grey = random.integers(100, 3000, (32, 32), dtype=np.uint16)
        Image.fromarray(grey).save(home / "x" / "ab"[number % 2] / f"{number}.png")
    settings = {"model": NETWORK, "epochs": 1, "image_size": 32, "stretch": True}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VGGLAB_DATA", str(home))
        return home / "x", library.run(data=str(home / "x"), **settings, out=home, progress="none")


def test_files_are_stretched_by_the_range_of_training_that_the_model_keeps(vgglab, stretched, tmp_path):
    root, run = stretched
    data = library.load_data(str(root), image_size=32, stretch=True, data_dir=tmp_path)
    files = find_pictures(run.config.data).files
    expected = run.predict(data.test.images).max(axis=1)
    code, out, _ = vgglab("predict", run.folder, *(root / files[row] for row in data.test.indices), "--json")
    assert code == 0 and np.allclose(
        [json.loads(line)["probability"] for line in out.splitlines()], expected, atol=1e-5
    )
    ((low, high),) = run.classifier.levels.values()
    assert run.classifier.levels == data.levels and 100 <= low < 110 and 2990 < high < 3000
    assert data.test.images.min() == 0 and data.test.images.max() == 255


def test_a_model_that_stretches_is_refused_by_what_could_not(stretched, trained):
    schemas = [read_metadata(run.folder / "best.keras")["schema"] for run in (stretched[1], trained)]
    assert schemas == [2, 1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_named_and_not_waited_for(vgglab, trained, pictures, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    code, out, err = vgglab("predict", trained.folder, "pipe.png")
    assert (code, out, err) == (1, "", "vgglab: pipe.png is a named pipe, not a file\n")


def test_folders_are_walked_in_order_and_the_top_classes_stand_on_one_line(vgglab, trained, pictures):
    code, out, _ = vgglab("predict", trained.folder, pictures, "--top", 2)
    lines = [line.split("  ") for line in out.splitlines()]
    assert code == 0 and [line[0] for line in lines] == [
        f"{pictures}/{name}" for name in ("2.png", "a/0.png", "a/1.png")
    ]
    assert all(len(line) == 3 and line[1] > line[1][0] for line in lines)


def test_a_model_file_alone_is_enough_and_more_classes_than_there_are_is_all(vgglab, trained, pictures):
    code, out, _ = vgglab("predict", trained.folder / "best.keras", pictures / "2.png", "--top", 99, "--json")
    top = json.loads(out)["top"]
    assert code == 0 and len(top) == 10 and sum(row["probability"] for row in top) == pytest.approx(1, abs=1e-4)
    assert [row["probability"] for row in top] == sorted((row["probability"] for row in top), reverse=True)


def test_unreadable_pictures_are_told_and_the_others_go_on(vgglab, trained, pictures):
    (pictures / "1-note.txt").write_text("no picture")
    code, out, err = vgglab("predict", trained.folder, pictures, "gone.png", "--csv", "-", "--top", 1)
    rows = list(csv.DictReader(out.splitlines()))
    assert code == 1 and [bool(row["error"]) for row in rows] == [True, False, False, False, True]
    assert rows[0]["class"] == "" and rows[4]["error"] == "cannot be read (No such file or directory)"
    assert (
        err.splitlines()[0]
        == f"vgglab: {pictures}/1-note.txt is no JPEG, PNG, BMP, GIF, WebP, TIFF, AVIF or HEIC picture"
    )
    assert err.splitlines()[-1] == "vgglab: 2 of 5 files gave no result" and err.count("\n") == 3


def test_csv_has_a_column_for_each_class_and_comes_whole(vgglab, trained, pictures, tmp_path):
    code, out, err = vgglab("predict", trained.folder, pictures, "--csv", "out.csv", "--top", 2)
    header, *rows = csv.reader((tmp_path / "out.csv").read_text().splitlines())
    assert (code, out) == (0, "") and err == "written: out.csv, 3 pictures\n" and len(rows) == 3
    assert header == ["path", "class", "probability", "class_2", "probability_2", "error"]


@pytest.mark.parametrize(
    ("arguments", "expected", "wanted"),
    [
        (["predict", "nothing", "a.png"], "nothing: no such run folder or model file; expected a run folder or", 1),
        (["predict", "pictures/2.png", "a.png"], "pictures/2.png: is not a .keras file; expected", 1),
        (["predict", "pictures", "a.png"], "pictures: not a run folder, run.json is missing", 1),
        (["predict", "broken.keras", "a.png"], "broken.keras: not a readable .keras file", 1),
        (["predict", "RUN", "empty"], "empty holds no pictures", 1),
        (["predict", "RUN", "a.png", "--top", "0"], "--top", 2),
        (["predict", "RUN", "a.png", "--csv", "no/out.csv"], "--csv: there is no folder no; make it first", 2),
        (["predict", "RUN", "a.png", "--csv", "empty"], "--csv: empty is a folder", 2),
        (["predict", "RUN", "a.png", "--csv", "-", "--json"], "--csv and --json exclude each other", 2),
        (["predict", "RUN", "a.png", "-o", "out.txt"], "-o out.txt: expected a name that ends in .csv or .parquet", 2),
        (["predict", "RUN", "a.png", "--csv", "out.parquet"], "Parquet is written with -o, of a list that ends", 2),
        (["predict", "RUN"], "there is nothing to predict; name pictures or folders, or a folder to --watch", 2),
        (["predict", "RUN", "a.png", "--watch", "empty"], "--watch empty scores what is in that folder; leave a", 2),
        (["predict", "RUN", "--watch", "gone"], "--watch gone: there is no such folder; make it first", 2),
        (["predict", "RUN", "a.png", "--engine", "torch"], "--engine torch: expected auto, onnx, keras", 2),
        (["explain", "RUN", "pictures", "--class", "seven"], "unknown class 'seven'; the model knows 0, 1, 2", 2),
        (["explain", "RUN", "pictures", "--out", "broken.keras"], "--out: broken.keras is a file", 2),
        (["explain", "RUN", "gone.png"], "gone.png cannot be read (No such file or directory)", 1),
    ],
)
def test_what_goes_wrong_is_one_line_and_an_exit_code(vgglab, trained, pictures, tmp_path, arguments, expected, wanted):
    (tmp_path / "broken.keras").write_text("x")
    (tmp_path / "empty").mkdir()
    code, out, err = vgglab(*(trained.folder if argument == "RUN" else argument for argument in arguments))
    assert (code, out) == (wanted, "") and err.count("\n") == 1 and expected in err


def test_the_nearest_class_is_named():
    from vgglab.errors import UsageError
    from vgglab.evaluation.explain import Explainer
    from vgglab.runs.saved_model import Classifier

    network = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    with pytest.raises(UsageError, match=r"unknown class 'bee'; the model knows ants, bees; did you mean 'bees'?"):
        Explainer(Classifier(network, ["ants", "bees"])).check_class("bee")


def plain_model(path, *body) -> None:
    keras.Sequential([keras.Input((8, 8, 3)), *body, keras.layers.Dense(3, activation="softmax")]).save(path)


def test_a_keras_model_without_class_names_gets_numbers_and_a_line_says_so(vgglab, pictures, tmp_path):
    plain_model(tmp_path / "plain.keras", keras.layers.Flatten())
    code, out, err = vgglab("predict", "plain.keras", pictures / "2.png", "--json")
    assert code == 0 and {row["class"] for row in json.loads(out)["top"]} == {"0", "1", "2"}
    assert err == "plain.keras: holds no class names, so they are numbers; it is given 8x8 pixels, RGB, 0 to 255\n"


def test_a_model_that_takes_no_square_pictures_is_refused(vgglab, pictures, tmp_path):
    flat = keras.layers.Flatten()
    keras.Sequential([keras.Input((8, 6, 1)), flat, keras.layers.Dense(3)]).save(tmp_path / "grey.keras")
    code, _, err = vgglab("predict", "grey.keras", pictures / "2.png")
    assert code == 1 and "takes 8x6x1; expected square images of 3 channels" in err and err.count("\n") == 1


def test_a_model_that_gives_no_number_is_an_error_of_each_picture(vgglab, pictures, tmp_path):
    plain_model(tmp_path / "nan.keras", keras.layers.Flatten(), keras.layers.Rescaling(float("nan")))
    code, out, _ = vgglab("predict", "nan.keras", pictures / "2.png", "--json")
    assert code == 1 and "no finite probabilities" in json.loads(out)["error"]


def test_explaining_draws_each_picture_under_a_name_of_its_own(vgglab, trained, pictures, tmp_path):
    Image.open(pictures / "2.png").save(pictures / "a" / "2.png")
    code, out, err = vgglab("explain", trained.folder, pictures, "--class", "7", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    names = ["2.png", "0.png", "1.png", "2-2.png"]
    assert (code, err) == (0, "") and [row["drawing"] for row in rows] == [f"explanations/{name}" for name in names]
    assert {row["explained"] for row in rows} == {"7"} and rows[0]["layer"].startswith("block5_")
    with Image.open(tmp_path / rows[0]["drawing"]) as drawing:
        assert drawing.width > 1000 and len(drawing.convert("RGB").getcolors(1 << 20)) > 200


def test_a_model_without_convolution_cannot_be_explained(vgglab, pictures, tmp_path):
    plain_model(tmp_path / "plain.keras", keras.layers.Flatten())
    code, out, err = vgglab("explain", "plain.keras", pictures)
    assert (code, out) == (1, "") and "cannot be explained: it has no convolution" in err.splitlines()[-1]


MEMORY = """
import resource, sys, numpy as np
from vgglab.cli.app import app
from vgglab.cli.console import run_command
from vgglab.evaluation.predict import predict_files
class Means:
    classes, picture_side, levels = ["a", "b"], 160, None
    def predict(self, images):
        return np.stack([images.mean((1, 2, 3)), np.ones(len(images))], axis=1)
folder, *command = sys.argv[1:]
for times in (30, 120):
    told = predict_files(Means(), [folder] * times)
    print(sum(each.error is None for each in told), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(run_command(app, [*command, folder]) if command else 0, *sys.modules)
"""


def test_memory_does_not_grow_with_the_number_of_pictures_and_onnx_loads_no_backend(trained, tmp_path):
    rng, kept = np.random.default_rng(0), keras.backend.backend() == "tensorflow" and find_spec("tf2onnx")
    for number in range(10):
        Image.fromarray(rng.integers(0, 256, (160, 160, 3), "uint8")).save(tmp_path / f"{number}.jpg")
    if kept:
        open_kept(trained.folder)
    command = ["predict", trained.folder, "--csv", tmp_path.parent / "out.csv", "--engine", "onnx"] if kept else []
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, tmp_path, *command], capture_output=True, text=True, check=True
    )
    *counts, (code, *modules) = (line.split() for line in done.stdout.splitlines())
    (few, before), (many, after) = (map(int, line) for line in counts)
    assert (few, many) == (300, 1200) and after < before + 20_000  # kB; 900 pictures more are 69,000 kB
    assert code == "0" and not {"keras", "tensorflow", "jax", "torch"} & set(modules)


def plain(path, units: int, activation: str | None):
    """A Keras model that nobody told the names of its classes."""
    x = keras.layers.GlobalAveragePooling2D()(image := keras.Input((32, 32, 3)))
    keras.Model(image, keras.layers.Dense(units, activation=activation)(x)).save(path)
    return path


@pytest.mark.parametrize(("units", "activation"), [(2, "softmax"), (2, None), (1, "sigmoid")])
def test_any_keras_classifier_predicts_with_names_from_a_file(vgglab, pictures, tmp_path, units, activation):
    (tmp_path / "names.txt").write_text("ant\nbee\n")
    model = plain(tmp_path / "theirs.keras", units, activation)
    code, out, err = vgglab("predict", model, pictures / "2.png", "--classes", tmp_path / "names.txt", "--json")
    assert (code, err) == (0, "") and {pair["class"] for pair in json.loads(out)["top"]} == {"ant", "bee"}
    assert sum(pair["probability"] for pair in json.loads(out)["top"]) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("names", "line"),
    [("ant\n", "has 1 names; the model has 2 classes"), ("ant\nant\n", "names ant twice"), (None, "no such text file")],
)
def test_names_that_do_not_fit_are_one_line(vgglab, tmp_path, names, line):
    if names:
        (tmp_path / "names.txt").write_text(names)
    model = plain(tmp_path / "theirs.keras", 2, "softmax")
    code, _, err = vgglab("predict", model, tmp_path, "--classes", tmp_path / "names.txt")
    assert code == 2 and line in err and err.count("\n") == 1


@pytest.mark.parametrize(("units", "activation"), [(1, None), (3, "sigmoid"), (3, "relu")])
def test_a_model_that_gives_no_probabilities_is_one_line(vgglab, tmp_path, units, activation):
    code, _, err = vgglab("predict", plain(tmp_path / "theirs.keras", units, activation), tmp_path)
    assert code == 1 and "expected" in err and "softmax" in err and err.count("\n") == 1


def test_a_layer_without_its_code_is_one_line_that_says_what_to_name(vgglab, tmp_path, monkeypatch):
    @keras.saving.register_keras_serializable("elsewhere")
    class Odd(keras.layers.Layer):
        def call(self, x):
            return x

    image = keras.Input((32, 32, 3))
    x = keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(Odd()(image)))
    keras.Model(image, x).save(tmp_path / "odd.keras")
    monkeypatch.delitem(keras.saving.get_custom_objects(), "elsewhere>Odd")
    code, _, err = vgglab("predict", tmp_path / "odd.keras", tmp_path)
    assert code == 1 and "needs the code of elsewhere>Odd; name the Python file that registers it with --code" in err
