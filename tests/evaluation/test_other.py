"""A network on the pictures of another folder: classes by name, what is left out, and whether it does worse."""

import keras
import numpy as np
import pytest
from small_split import split_record

from vgglab.config.schema import DataConfig
from vgglab.datasets import load_data
from vgglab.datasets.decode import decode_picture
from vgglab.errors import DataError
from vgglab.evaluation import other
from vgglab.evaluation.other import beside, write_tried
from vgglab.runs.saved_model import Classifier

SIDE = 16


@pytest.fixture(scope="module")
def classifier():
    """Says `ants` of every picture."""
    image = keras.Input((SIDE, SIDE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    dense = keras.layers.Dense(3, activation="softmax", kernel_initializer="zeros")
    model = keras.Model(image, dense(pooled))
    dense.bias.assign([0.0, 2.0, 0.0])
    return Classifier(model, ["bees", "ants", "moths"])


def try_pictures(classifier, root, *splits):
    """What a network makes of the pictures of a folder that is given."""
    return other.try_pictures(classifier, other.find_fresh(classifier, DataConfig(name=str(root)), splits))


def test_classes_are_matched_by_name_and_those_of_one_side_are_told(classifier, make_folder):
    root = make_folder({"train/ants": 3, "train/bees": 5, "train/wasps": 2, "val/ants": 1})
    tried = try_pictures(classifier, root)
    assert (tried.metrics["n"], tried.metrics["accuracy"]) == (9, 4 / 9) and tried.counts[0].tolist() == [0, 5, 0]
    assert tried.metrics["lacking"] == {"wasps": 2} and tried.metrics["missing"] == ["moths"]
    assert tried.metrics["own"] is None and tried.metrics["macro"]["recall"] == 0.5
    assert [row["path"] for row in tried.predictions][-1] == "val/ants/000.png"


def test_what_it_was_trained_or_chosen_on_is_left_out_and_so_is_what_cannot_be_read(classifier, make_folder):
    root = make_folder({"ants": 10, "bees": 10})
    dataset = load_data(str(root), image_size=SIDE)
    (root / "ants/new.png").write_bytes(b"no picture")
    tried = try_pictures(classifier, root, split_record(dataset))
    assert tried.metrics["n"] == len(dataset.test) and tried.metrics["unreadable"] == 1
    assert tried.metrics["seen"] == len(dataset.train) + len(dataset.validation)
    assert {row["path"] for row in tried.predictions} == {dataset.files[index] for index in dataset.test.indices}


class Watched(Classifier):
    """Keeps what it was asked of."""

    def predict(self, images):
        self.model.seen = np.array(images)
        return super().predict(images)


def test_pictures_are_stretched_as_those_that_it_was_trained_on(classifier, make_folder):
    root, levels = make_folder({"ants": 1}), {"8": (100.0, 120.0)}
    try_pictures(Watched(classifier.model, classifier.classes, levels=levels), root)
    assert (classifier.model.seen[0] == decode_picture(root / "ants/000.png", SIDE, levels)).all()
    assert (classifier.model.seen[0] != decode_picture(root / "ants/000.png", SIDE)).any()


def test_where_nothing_is_left_it_says_why(classifier, make_folder):
    with pytest.raises(DataError, match=r"none of its classes \(cats, dogs\) is one of the network"):
        try_pictures(classifier, make_folder({"cats": 2, "dogs": 2}))
    root = make_folder({"ants": 5, "bees": 5}, name="known")
    record = split_record(load_data(str(root), image_size=SIDE))
    with pytest.raises(DataError, match="trained or chosen on all 10 pictures"):
        try_pictures(classifier, root, record | {"train": list(range(10))})
    for path in root.glob("*/*"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="none of its 10 pictures can be read"):
        try_pictures(classifier, root)


def figures(n, accuracy, recalls, supports):
    rows = zip("ab", recalls, supports, strict=True)
    rows = [{"class": name, "recall": recall, "support": support} for name, recall, support in rows]
    return {"n": n, "accuracy": accuracy, "per_class": rows, "loss": 0.5, "loss_interval": [0.4, 0.6]}


def test_the_own_test_stands_beside_on_the_classes_that_are_there():
    own = figures(100, 0.9, (0.8, 1.0), (50, 50))
    both, one = beside(figures(100, 0.6, (0.6, 0.6), (50, 50)), own), beside(figures(40, 0.75, (0.75, 0), (40, 0)), own)
    assert (
        both["accuracy"] == 0.9
        and both["loss"] == 0.5
        and both["differs"]
        and both["difference"] == pytest.approx(-0.3)
    )
    assert (one["n"], one["accuracy"], one["loss"], one["differs"]) == (50, 0.8, None, False)
    assert one["difference_interval"][0] < one["difference"] < one["difference_interval"][1]
    assert beside(figures(3, 1.0, (1.0, 0), (3, 0)), figures(9, 1.0, (0, 1.0), (0, 9))) is None


def test_an_evaluation_is_written_whole_or_not_at_all(classifier, make_folder, tmp_path, monkeypatch):
    tried = try_pictures(classifier, make_folder({"ants": 2, "bees": 2}))
    write_tried(tmp_path / "new", tried, classifier.classes, "title")
    assert {path.suffix for path in (tmp_path / "new").iterdir()} == {".csv", ".json", ".svg", ".png"}
    tried.metrics["loss"] = np.nan  # strict JSON refuses it, when the other files are there already
    with pytest.raises(ValueError):
        write_tried(tmp_path / "not", tried, classifier.classes, "title")
    with pytest.raises(ValueError):
        write_tried(tmp_path / "new", tried, classifier.classes, "title", replace=True)
    assert {path.name for path in tmp_path.iterdir()} == {"new", "pictures", "home"}
    assert "NaN" not in (tmp_path / "new" / "metrics.json").read_text()
