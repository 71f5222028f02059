"""A run on pictures that are decoded on the way is the run on those that are kept, to the bit."""

import io
import tarfile

import numpy as np
import pytest
from small_network import NETWORK

import vgglab
from vgglab.datasets.split import split_text
from vgglab.datasets.streamed import StreamedImages
from vgglab.engines.fit import StopOnNonFinite
from vgglab.errors import DataError
from vgglab.experiments.run_data import check_data
from vgglab.runs.files import write_pieces
from vgglab.runs.store import Run
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


def test_the_record_of_a_split_is_not_taken_apart_where_it_would_be_written_again(make_folder, write_run, monkeypatch):
    root = make_folder({"a": 20, "b": 20})
    data, run = vgglab.load_data(str(root), image_size=8, stream="on"), write_run("run", [2.3])
    write_pieces(run.folder / "split.json", split_text(data))
    with monkeypatch.context() as patch:
        patch.setattr(Run, "split", None)
        check_data(run, data)
    check_data(run, vgglab.load_data(str(root), image_size=8, stream="off"))
    (root / "a/007.png").unlink()
    with pytest.raises(DataError, match=r"1 file is gone \(a/007.png\)"):
        check_data(run, vgglab.load_data(str(root), image_size=8, stream="on"))


@pytest.fixture
def pictures(make_folder):
    """A folder with a file that is no picture, and the same in a tar."""
    folder = make_folder({"ants": 40, "bees": 40})
    (folder / "bees/007.png").write_text("no picture")
    (folder.parent / "shards").mkdir()
    with tarfile.open(folder.parent / "shards/all.tar", "w") as tar:
        for path in sorted(folder.glob("*/*")):
            tar.add(path, f"{path.parent.name}/{path.name}")
            label = tarfile.TarInfo(f"{path.parent.name}/{path.stem}.cls")
            label.size = 4
            tar.addfile(label, io.BytesIO(path.parent.name.encode()))
    return folder


def test_a_run_that_is_interrupted_goes_on_to_the_same_bits_and_tells_what_is_black(
    pictures, tmp_path, monkeypatch, capfd
):
    common = {"model": NETWORK, "image_size": 32, "epochs": 3, "batch_size": 8, "flip": True, "stream": "on"}
    common |= {"out": tmp_path / "runs", "progress": "none", "learning_rate": 0.1, "signals": False}
    whole = vgglab.run(data=str(pictures), name="whole", **common)
    for name in ("pictures", "shards"):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(StopOnNonFinite, "on_train_batch_end", stop_at(epoch=2, batch=3))
            vgglab.run(data=str(tmp_path / name), name=name, **common)
        stopped = vgglab.load(tmp_path / "runs" / name)
        assert (
            stopped.status == "interrupted" and len(stopped.history) == 1 and (stopped.folder / "skipped.csv").exists()
        )
        run = vgglab.resume(stopped.folder, progress="none")
        assert [row["val_loss"] for row in run.history] == [row["val_loss"] for row in whole.history]
        weights = [vgglab.load_classifier(each.folder / "last.keras").model.get_weights() for each in (run, whole)]
        assert all(map(np.array_equal, *weights))
    assert (whole.folder / "skipped.csv").read_text().startswith("path,part,reason\nbees/007.png,")
    assert "whole: black for 1 picture that cannot be read, such as bees/007.png; skipped.csv" in capfd.readouterr().err


def stop_at(epoch: int, batch: int):
    """What ends a training in the middle of an epoch, once."""
    seen = []

    def note(self, number: int, logs: dict | None = None) -> None:
        seen.append(number)
        if seen.count(batch) == epoch:
            raise KeyboardInterrupt

    return note


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
