"""Several networks as one, asked and judged on a folder of pictures: of seeds, and of folds."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from small_network import NETWORK

import vgglab
from vgglab.datasets.changes import recorded_files
from vgglab.datasets.decode import decode_picture

KINDS = {"seeds": {"seeds": 2}, "folds": {"folds": 2}}
COUNTS = {"learned/ants": 12, "learned/bees": 12, "others/ants": 5, "others/bees": 4}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of pictures to train on, `learned`, and one with new ones, `others`."""
    home, random = tmp_path_factory.mktemp("home"), np.random.default_rng(0)
    for folder, count in COUNTS.items():
        (home / folder).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(random.integers(0, 256, (20, 24, 3), dtype="uint8")).save(home / folder / f"{number}.png")
    return home


@pytest.fixture(scope="module", params=KINDS)
def runs(request, home):
    """The runs of two seeds, or of two folds; what the first alone was trained on lies among the new pictures too."""
    train, kind = (vgglab.run_seeds if request.param == "seeds" else vgglab.run_folds), KINDS[request.param]
    options = {"data": str(home / "learned"), "model": NETWORK, "image_size": 32, "epochs": 1, "name": request.param}
    runs = train(**options, **kind, out=home / "runs", data_dir=home, progress="none")
    files = list(recorded_files(runs[0].split))
    shutil.copy(home / "learned" / files[runs[0].split["train"][0]], home / "others/ants/learned.png")
    return runs


@pytest.fixture(scope="module")
def new(home):
    """The new pictures as networks take them, and their labels."""
    paths = [path for path in sorted((home / "others").rglob("*.png")) if path.name != "learned.png"]
    return np.stack([decode_picture(path, 32) for path in paths]), [int(path.parent.name == "bees") for path in paths]


def by_hand(runs, images, tta):
    """What the networks say on average, of the images and of their mirror images."""
    views = [images, images[:, :, ::-1]] if tta else [images]
    return np.mean([np.asarray(run.predict(view)) for run in runs for view in views], axis=0)


@pytest.mark.parametrize("tta", [None, "flip"])
def test_they_are_judged_on_what_none_of_them_learned(runs, home, new, told, tmp_path, tta):
    images, labels = new
    options = ["--data", home / "others", "--data-dir", home, "--json", *(["--tta", tta] if tta else [])]
    code, out, _ = told("evaluate", runs[0].folder.parent, "--ensemble", "--out", tmp_path / "kept", *options)
    rows = list(csv.DictReader((tmp_path / "kept/predictions.csv").read_text().splitlines()))
    expected = by_hand(runs, images, tta)[range(9), labels]
    assert [float(row["label_probability"]) for row in rows] == pytest.approx(expected, abs=1e-4)
    figures = json.loads(out)
    assert (code, figures["n"], figures["seen"], figures["tta"]) == (0, 9, 1, tta)
    alone = [float((np.asarray(run.predict(images)).argmax(axis=1) == labels).mean()) for run in runs]
    assert figures["members"]["accuracies"] == pytest.approx(alone)


def test_saved_as_one_they_say_the_same_of_a_folder(runs, home, new, told, tmp_path):
    saved, name = tmp_path / "one.keras", runs[0].folder.parent
    assert told("ensemble", name, "-o", saved, "--tta", "flip")[0] == 0
    others = shutil.copytree(home / "others", tmp_path / "others")
    (others / "ants/learned.png").unlink()  # a file does not know what its members learned
    told("evaluate", saved, "--data", others, "--data-dir", home, "--out", tmp_path / "kept")
    rows = list(csv.DictReader((tmp_path / "kept/predictions.csv").read_text().splitlines()))
    expected = by_hand(runs, new[0], "flip")
    labelled = expected[range(9), new[1]]
    assert [float(row["label_probability"]) for row in rows] == pytest.approx(labelled, abs=1e-4)
    for model in ([name, "--ensemble", "--tta", "flip"], [saved]):
        lines = told("predict", *model, others, "--json")[1].splitlines()
        said = [json.loads(line)["top"][0]["probability"] for line in lines]
        assert said == pytest.approx(expected.max(axis=1), abs=1e-4)


def test_what_they_were_trained_on_is_no_test_of_folds_and_of_seeds_their_own(runs, home, told):
    code, out, err = told("evaluate", runs[0].folder.parent, "--ensemble", "--data", home / "learned", "--json")
    if runs[0].config.data.folds:
        assert code == 1 and "have seen every picture, each all but one fold" in err
    else:
        assert (code, json.loads(out)["n"]) == (0, len(runs[0].split["test"])) and "data" not in json.loads(out)
