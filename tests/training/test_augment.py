"""Augmentation does what its names say, and is a function of seed, epoch and batch."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from PIL import Image, ImageOps

from vgglab.config.schema import AugmentConfig
from vgglab.datasets.load import load_data
from vgglab.training.augment import Augmenter, make_augmenter
from vgglab.training.batches import Batches, SeedEpochs, epoch_order
from vgglab.training.randaugment import Equalize

COUNT = 24
DIGITS = load_data("digits").train.images[:COUNT]
NUMBERS = np.arange(COUNT)  # as labels, they say which image a share is of
EVERYTHING = {"flip": True, "crop": 4, "randaugment": 1, "cutout": 6, "mixup": 0.4, "cutmix": 1.0}


def vary(images=DIGITS, **asked):
    return Augmenter(COUNT, 0, **asked)(images, NUMBERS, 0, 0)


def test_a_flip_mirrors_some_images_and_leaves_the_others():
    images, labels = vary(flip=True)
    mirrored = (images == DIGITS[:, :, ::-1]).all((1, 2, 3))
    kept = (images == DIGITS).all((1, 2, 3))
    assert (mirrored | kept).all() and 4 < mirrored.sum() < 20
    assert images.dtype == "uint8" and labels.tolist() == NUMBERS.tolist()


def test_a_crop_moves_each_image_by_at_most_the_padding_and_brings_in_only_black():
    images, _ = vary(crop=2)
    padded = np.pad(DIGITS, ((0, 0), (2, 2), (2, 2), (0, 0)))
    places = [(row, column) for row in range(5) for column in range(5)]
    windows = np.stack([padded[:, row : row + 32, column : column + 32] for row, column in places])
    found = (windows == images).all((2, 3, 4))
    assert found.any(axis=0).all() and len(set(found.argmax(axis=0))) > 10


def test_cutout_covers_a_square_with_its_middle_anywhere_in_the_image():
    white = np.full((600, 8, 8, 3), 255, "uint8")
    images, _ = Augmenter(1, 0, cutout=4)(white, np.zeros(600, int), 0, 0)
    covered = (images == 128).all(axis=3)
    assert images.dtype == "uint8" and np.isin(images, (128, 255)).all()
    heights, widths = covered.any(axis=2).sum(axis=1), covered.any(axis=1).sum(axis=1)
    assert (covered.sum((1, 2)) == heights * widths).all() and set(heights) == set(widths) == {2, 3, 4}
    assert covered.any(axis=0).all() and np.mean(heights == 4) == pytest.approx(5 / 8, abs=0.08)


def test_a_crop_reaches_every_place():
    dot = np.zeros((500, 9, 9, 3), "uint8")
    dot[:, 4, 4] = 255
    images, _ = Augmenter(1, 0, crop=1)(dot, np.zeros(500, int), 0, 0)
    assert {tuple(place) for place in np.argwhere(images)[:, 1:3]} == {(r, c) for r in (3, 4, 5) for c in (3, 4, 5)}


def test_mixup_blends_images_as_the_label_says():
    images, labels = vary(mixup=1.0)
    blended = np.einsum("nk,khwc->nhwc", labels, DIGITS)
    assert labels.dtype == "float32" and np.allclose(labels.sum(1), 1) and (np.count_nonzero(labels, axis=1) <= 2).all()
    assert np.allclose(images, blended, atol=0.01) and np.ptp(labels[NUMBERS, NUMBERS]) > 0.5


@pytest.mark.parametrize(("alpha", "middle"), [(0.2, 0.21), (1.0, 0.5), (8.0, 0.98)])
def test_alpha_says_how_evenly_images_are_blended(alpha, middle):
    black = np.zeros((4000, 1, 1, 3), "uint8")
    black[:2000] = 255
    images, _ = Augmenter(2, 0, mixup=alpha)(black, np.zeros(4000, int), 0, 0)
    mixed = images[:, 0, 0, 0] / 255
    between = np.mean((mixed > 0.25) & (mixed < 0.75))  # half of them have a partner of the other colour
    assert between * 2 == pytest.approx(middle, abs=0.06)


def test_cutmix_pastes_one_box_whose_area_is_the_share_of_its_label():
    plain = np.broadcast_to(NUMBERS.astype("uint8")[:, None, None, None], (COUNT, 20, 30, 3))
    images, labels = vary(plain, cutmix=1.0)
    areas = (images[..., 0].reshape(COUNT, -1, 1) == NUMBERS).mean(axis=1)
    assert np.allclose(areas, labels, atol=1e-6) and np.ptp(labels[NUMBERS, NUMBERS]) > 0.5
    for box in images[..., 0] != plain[..., 0]:
        assert box.sum() == box.any(axis=0).sum() * box.any(axis=1).sum()


def test_where_both_are_asked_for_each_batch_is_mixed_in_one_of_the_two_ways():
    plain = np.broadcast_to(NUMBERS.astype("uint8")[:, None, None, None], (COUNT, 8, 8, 3))
    augmenter = Augmenter(COUNT, 0, mixup=1.0, cutmix=1.0)
    blended = [(augmenter(plain, NUMBERS, 0, batch)[0] % 1 > 0.01).any() for batch in range(40)]
    assert 10 < sum(blended) < 30


def test_randaugment_gives_each_image_operations_of_its_own_and_keeps_values_in_range():
    same = np.broadcast_to(DIGITS[:1], DIGITS.shape)
    images, labels = vary(same, randaugment=2)
    assert images.shape == DIGITS.shape and images.min() >= 0 and images.max() <= 255
    assert len(np.unique(images, axis=0)) > COUNT / 2 and labels.tolist() == NUMBERS.tolist()


def test_randaugment_leaves_every_image_in_its_place():
    bright = np.zeros((50, 32, 32, 3), "uint8")
    bright[25:] = 255
    means = Augmenter(1, 0, randaugment=1)(bright, np.zeros(50, int), 0, 0)[0].mean((1, 2, 3))
    assert (means[:25] < 120).all() and np.median(means[25:]) > 200


def test_equalizing_an_image_does_what_pillow_does_whatever_else_is_in_the_batch():
    batch = np.random.default_rng(0).normal(100, 20, (3, 32, 32, 3)).clip(0, 255).astype("uint8")
    equalized = keras.ops.convert_to_numpy(Equalize()(batch.astype("float32")))
    expected = np.stack([ImageOps.equalize(Image.fromarray(image)) for image in batch])
    assert np.abs(equalized - expected).max() <= 8  # Pillow counts half a step differently


@pytest.mark.parametrize("size", [COUNT, 1])
def test_the_same_numbers_give_the_same_bits_in_any_order_of_threads(size):
    numbers = [(epoch, batch) for epoch in (0, 1) for batch in (0, 1, 2)]
    first, second = Augmenter(COUNT, 7, **EVERYTHING), Augmenter(COUNT, 7, **EVERYTHING)
    alone = [first(DIGITS[:size], NUMBERS[:size], *number) for number in numbers]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda number: second(DIGITS[:size], NUMBERS[:size], *number), numbers[::-1]))
    for (images, labels), (again, labels_again) in zip(alone, together[::-1], strict=True):
        assert np.array_equal(images, again) and np.array_equal(labels, labels_again)


@pytest.mark.parametrize("asked", [{name: value} for name, value in EVERYTHING.items()], ids=list(EVERYTHING))
def test_another_seed_epoch_or_batch_gives_other_bits(asked):
    augmenter, other = Augmenter(COUNT, 0, **asked), Augmenter(COUNT, 1, **asked)
    images = [augmenter(DIGITS, NUMBERS, *numbers)[0] for numbers in ((0, 0), (0, 1), (1, 0), (1, 1))]
    images.append(other(DIGITS, NUMBERS, 0, 0)[0])
    assert len({each.tobytes() for each in images}) == 5


def test_fit_trains_on_what_the_augmenter_gives_for_each_epoch(spy):
    augmenter, (model, seen) = Augmenter(COUNT, 3, flip=True, mixup=1.0), spy(DIGITS.shape[1:])
    batches = Batches(DIGITS, NUMBERS, 8, 3, augmenter)
    model.fit(batches, epochs=2, shuffle=False, verbose=0, callbacks=[SeedEpochs(batches, [], 3)])
    for step, images in enumerate(seen):
        epoch, number = divmod(step, 3)
        rows = epoch_order(COUNT, 3, epoch)[8 * number : 8 * number + 8]
        assert np.array_equal(images, augmenter(DIGITS[rows], NUMBERS[rows], epoch, number)[0])


def test_validation_images_stay_as_they_are_with_labels_as_shares_where_asked():
    batches = Batches(DIGITS, NUMBERS, COUNT, classes=COUNT)
    batches.set_epoch(3)
    images, labels = batches[0]
    assert np.array_equal(images, DIGITS) and np.array_equal(labels, np.eye(COUNT))


def test_where_nothing_is_asked_for_there_is_no_augmenter():
    assert make_augmenter(AugmentConfig(), 10, 0) is None


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="where images lie on the device")
def test_varied_inside_a_compiled_function_images_are_the_same_bits():
    import jax

    augmenter, small = Augmenter(COUNT, 0, **EVERYTHING), DIGITS[:, ::4, ::4]
    inside = jax.jit(augmenter.vary)
    drawn = [augmenter.draw(1, batch) for batch in range(4)]
    assert {int(each["mixer"]) for each in drawn} == {0, 1}
    for batch, each in enumerate(drawn):
        pairs = zip(augmenter(small, NUMBERS, 1, batch), inside(small, NUMBERS, each), strict=True)
        assert all(np.array_equal(*pair) for pair in pairs)
