"""One model that averages: the same numbers as doing it by hand, before and after it is saved."""

import keras
import numpy as np
import pytest

import vgglab
from vgglab.errors import UsageError
from vgglab.keras_tools.ensemble import average

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype="uint8")


@pytest.fixture(scope="module")
def members():
    """Two tiny networks that see left and right."""
    keras.utils.set_random_seed(0)
    inside = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    return [
        keras.Sequential([keras.Input((32, 32, 3)), *inside, keras.layers.Dense(3, activation="softmax")])
        for _ in range(2)
    ]


def test_it_is_the_mean_of_its_members_and_of_the_mirror_images(members):
    plain, mirrored = ([member.predict_on_batch(x) for member in members] for x in (IMAGES, IMAGES[:, :, ::-1]))
    made = [average(members), average(members, flip=True), average(members[:1])]
    for model, said in zip(made, (plain, plain + mirrored, plain[:1]), strict=True):
        assert np.allclose(model.predict_on_batch(IMAGES), np.mean(said, axis=0), atol=1e-6)


def test_a_saved_one_knows_its_classes_and_any_keras_opens_it(trained, tmp_path):
    made = vgglab.ensemble(
        trained.folder, trained.folder.parent / trained.name, output=tmp_path / "e.keras", tta="flip"
    )
    opened = vgglab.load_classifier(tmp_path / "e.keras")
    assert opened.classes == trained.classes and opened.picture_side == 32
    mean = (trained.predict(IMAGES) + trained.predict(IMAGES[:, :, ::-1])) / 2
    plain = keras.saving.load_model(tmp_path / "e.keras").predict_on_batch(IMAGES)
    for said in (made.predict(IMAGES), opened.predict(IMAGES), plain):
        assert np.allclose(said, mean, atol=1e-5)
    with pytest.raises(UsageError, match="is there already; name a new one"):
        vgglab.ensemble(trained.folder, output=tmp_path / "e.keras")
