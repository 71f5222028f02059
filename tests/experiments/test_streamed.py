"""A run on pictures that are decoded on the way is the run on those that are kept, to the bit."""

import numpy as np
import pytest
from small_network import NETWORK

import vgglab
from vgglab.datasets.streamed import StreamedImages
from vgglab.training.batches import READY, Batches, ReadAhead, feed
from vgglab.training.features import features_key


def test_a_run_is_the_same_to_the_bit_whether_its_pictures_are_kept_or_not(make_folder, tmp_path):
    root = make_folder({"ants": 40, "bees": 40})
    common = {"data": str(root), "model": NETWORK, "image_size": 32, "epochs": 2, "batch_size": 8, "flip": True}
    common |= {"preprocessing": "normalize-channels", "out": tmp_path, "progress": "none", "learning_rate": 0.1}
    streamed, kept = (vgglab.run(**common, stream=how, name=how) for how in ("on", "off"))
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert [row[name] for row in streamed.history] == [row[name] for row in kept.history]
    for name in ("predictions.csv", "examples.json", "metrics.json"):
        assert (streamed.folder / name).read_text() == (kept.folder / name).read_text()
    assert streamed.split["train"] == kept.split["train"] and streamed.split["by"] == "files"


@pytest.fixture
def images(make_folder) -> StreamedImages:
    return vgglab.load_data(str(make_folder({"a": 30, "b": 30})), image_size=8, stream="on").train.images


def test_batches_made_ahead_come_in_the_order_of_the_epoch(images):
    labels = np.arange(len(images))
    streamed, kept = (Batches(pictures, labels, 4, seed=3) for pictures in (images, np.asarray(images)))
    ahead = ReadAhead(streamed)
    for epoch in (1, 2):
        streamed.set_epoch(epoch), kept.set_epoch(epoch)
        for number, found in enumerate(feed(streamed)):
            for one, other, wanted in zip(found, ahead[number], kept[number], strict=True):
                assert np.array_equal(one, wanted) and np.array_equal(other, wanted)
    assert len(ahead.coming) <= READY


def test_features_are_named_without_reading_pictures(images, monkeypatch):
    import keras

    given = keras.Input((8, 8, 3))
    frozen = keras.Model(given, keras.layers.Flatten()(given))
    monkeypatch.setattr(images.decoder, "begin", None)
    key = features_key(frozen, images)
    assert key == features_key(frozen, images) != features_key(frozen, images.cut([5])[0])
