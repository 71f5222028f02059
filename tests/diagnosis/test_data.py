"""What images and labels show before any training."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from vgglab.diagnosis.data import (
    counts,
    data_signals,
    drawn,
    duplicate_share,
    features,
    near_duplicate_share,
    renamed_accuracy,
    stray_share,
)


@pytest.fixture(scope="module")
def digits():
    found = load_digits()
    images = np.stack([found.images.astype("uint8") * 15] * 3, axis=-1)
    return (images[:1200], found.target[:1200]), (images[1200:], found.target[1200:])


def test_digits_are_learnable_balanced_and_alike_in_both_parts(digits):
    found = data_signals(*digits, 10)
    assert found["check"]["within"] > 0.9 and found["check"]["across"] > 0.9
    assert found["stray_labels"] == {"training": 0.0, "validation": 0.0}
    assert found["duplicates"] == 0.0 and found["difference"]["deviations"] < 0.5
    assert found["pixels"]["training"]["largest"] == 240.0 and min(found["counts"]["training"]) > 100


def test_shuffled_labels_are_not_learnable(digits):
    (images, labels), validation = digits
    found = data_signals((images, np.random.default_rng(0).permutation(labels)), validation, 10)["check"]
    assert found["within"] < found["majority"] + 0.05 and found["across"] < 0.2


def test_renamed_labels_are_right_under_other_names(digits):
    training, (images, labels) = digits
    found = data_signals(training, (images, (labels + 1) % 10), 10)["check"]
    assert found["across"] < 0.1 and found["renamed"] > 0.9


@pytest.mark.parametrize("change", [lambda x: 255 - x, lambda x: x // 4, lambda x: x[:, ::-1], lambda x: x[:, :, ::-1]])
def test_images_of_another_kind_stand_apart(digits, change):
    training, (images, labels) = digits
    assert data_signals(training, (change(images), labels), 10)["difference"]["deviations"] > 0.5


def test_images_with_less_detail_or_contrast_stand_apart_though_their_mean_is_the_same(digits):
    training, (images, labels) = digits
    coarse = images[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
    pale = (images.mean() + (images - images.mean()) / 3).astype("uint8")
    found = {
        name: data_signals(training, (part, labels), 10)["traits"]
        for name, part in (("coarse", coarse), ("pale", pale))
    }
    assert found["coarse"]["detail"]["deviations"] > 1 > found["coarse"]["contrast"]["deviations"]
    assert found["pale"]["contrast"]["deviations"] > 1 > found["pale"]["detail"]["deviations"]


def test_of_images_that_lie_class_by_class_some_of_each_are_looked_at(digits):
    (images, labels), validation = digits
    order = np.argsort(labels, kind="stable")
    assert set(drawn(labels[order], 64)) == set(range(10)) and len(drawn(labels, 5000)) == len(labels)
    many = np.repeat(order, 4)  # more than are looked at
    assert data_signals((images[many], labels[many]), validation, 10)["check"]["across"] > 0.8


def test_duplicates_are_counted_pixel_for_pixel(digits):
    (images, _), (others, _) = digits
    assert duplicate_share(images, np.concatenate([others[:30], images[:10]])) == 0.25
    assert duplicate_share(images, images[:10] + 1) == 0.0


def test_labels_are_counted_and_strays_told():
    assert counts(np.array([0, 2, 2, 5, -1]), 3) == [1, 0, 2]
    assert stray_share(np.array([0, 2, 2, 5, -1]), 3) == 0.4


def test_renaming_gives_each_class_one_name():
    guesses, truth = np.array([0, 0, 1, 1, 2]), np.array([1, 1, 0, 0, 0])
    assert renamed_accuracy(guesses, truth, 3) == 0.8


def test_images_nearly_those_of_training_are_counted_however_alike_the_others_are(digits):
    (images, labels), _ = digits
    noise = np.random.default_rng(0).integers(-2, 3, images[:200].shape)
    copies = np.clip(images[:200].astype(int) + noise, 0, 255).astype("uint8")
    held = (np.concatenate([copies, images[1000:]]), np.concatenate([labels[:200], labels[1000:]]))
    found = data_signals((images[:1000], labels[:1000]), held, 10)
    assert found["duplicates"] == 0.0 and 0.4 < found["near_duplicates"] <= 0.55


def test_pictures_of_one_kind_are_no_near_duplicates():
    sky = np.random.default_rng(0).integers(100, 103, (400, 8, 8, 3)).astype("uint8")
    assert near_duplicate_share(features(sky[:200]), features(sky[200:])) == 0.0
    assert near_duplicate_share(features(sky[:1]), features(sky[200:])) == 0.0


def test_a_simple_model_that_saw_as_much_is_as_right_within_as_across_unless_training_labels_are_wrong(digits):
    (images, labels), validation = digits
    few = data_signals((images[:60], labels[:60]), validation, 10)["check"]
    assert few["across"] > few["across_half"] and abs(few["across_half"] - few["within"]) < 0.15
    rng = np.random.default_rng(0)
    wrong = np.where(rng.random(len(labels)) < 0.4, rng.integers(0, 10, len(labels)), labels)
    noisy = data_signals((images, wrong), validation, 10)["check"]
    assert noisy["across_half"] - noisy["within"] > 0.15
