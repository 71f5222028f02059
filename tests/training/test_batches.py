"""The order of the data is a function of seed and epoch, also as `fit` sees it."""

import keras
import numpy as np
import pytest

from vgglab.training.batches import Batches, SeedEpochs, epoch_order, feed, steps_per_epoch

COUNT = 50
IMAGES = np.broadcast_to(np.arange(COUNT, dtype="uint8")[:, None, None, None], (COUNT, 2, 2, 3))


def orders_seen_by_fit(spy, epochs: range) -> list[list[int]]:
    batches, (model, steps) = Batches(IMAGES, np.arange(COUNT), 8, seed=3), spy((2, 2, 3))
    model.fit(
        feed(batches),
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        shuffle=False,
        verbose=0,
        callbacks=[SeedEpochs(batches, [], 3)],
    )
    seen = np.concatenate(steps)[:, 0, 0, 0].tolist()
    return [seen[start : start + COUNT] for start in range(0, len(seen), COUNT)]


def test_fit_sees_each_epoch_in_its_own_order(spy):
    assert orders_seen_by_fit(spy, range(3)) == [epoch_order(COUNT, 3, epoch).tolist() for epoch in range(3)]


def test_a_later_start_sees_what_it_would_have_seen(spy):
    assert orders_seen_by_fit(spy, range(2, 4)) == [epoch_order(COUNT, 3, epoch).tolist() for epoch in (2, 3)]


def test_orders_differ_by_seed_and_by_epoch_and_hold_every_image():
    orders = [epoch_order(COUNT, seed, epoch).tolist() for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
    assert all(sorted(order) == list(range(COUNT)) for order in orders)


def test_without_a_seed_the_order_is_kept_and_the_last_batch_is_smaller():
    batches = Batches(IMAGES, np.arange(COUNT), 8)
    assert [len(batches[number][1]) for number in range(len(batches))] == [8] * 6 + [2]
    assert np.concatenate([batches[number][1] for number in range(len(batches))]).tolist() == list(range(COUNT))


@pytest.mark.parametrize(
    ("images", "sizes"), [(12, [12]), (2, [2]), (50, [16, 16, 18]), (49, [16, 16, 17]), (51, [16, 16, 16, 3])]
)
def test_a_last_batch_of_one_or_two_joins_the_one_before_it_in_training(images, sizes):
    batches = Batches(np.zeros((images, 1)), np.arange(images), 16, seed=0)
    drawn = [batches[number][1] for number in range(len(batches))]
    assert [len(labels) for labels in drawn] == sizes and steps_per_epoch(images, 16) == len(sizes)
    assert sorted(np.concatenate(drawn)) == list(range(images))


def test_each_image_shows_one_of_its_views_and_another_in_another_epoch():
    views = np.stack([np.arange(50), np.arange(50) + 100], axis=0).reshape(100, 1)
    batches = Batches(views, np.arange(50), 50, seed=0)
    seen = []
    for epoch in range(2):
        batches.set_epoch(epoch)
        images, labels = batches[0]
        assert np.array_equal(images[:, 0] % 100, labels)
        seen.append(images[np.argsort(labels), 0] // 100)
    assert set(seen[0]) == {0, 1} and not np.array_equal(*seen)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a TensorFlow path")
def test_tensorflow_reads_a_pipeline_of_known_length_that_does_not_wait_between_epochs():
    fed = feed(Batches(IMAGES, np.arange(COUNT), 8, seed=3))
    assert not isinstance(fed, keras.utils.PyDataset) and len(fed) == 6  # which waits 0.1 s at each end
