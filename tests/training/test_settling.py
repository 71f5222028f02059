"""BatchNormalization's statistics from training images, where the network is judged; training goes on as without."""

import keras
import numpy as np
import pytest

from vgglab.engines.fit import fit
from vgglab.training.compiling import compile_model
from vgglab.training.part import TrainedPart
from vgglab.training.settling import SETTLED_ON, Settling, settled_batches

IMAGES = np.random.default_rng(0).normal(3.0, 2.0, (40, 4)).astype("float32")


def make_part() -> TrainedPart:
    """Two layers of BatchNormalization, with noise between them."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    noise = layers.Dropout(0.5, seed=1)
    stack = [layers.BatchNormalization(), noise, layers.Dense(3), layers.BatchNormalization(), layers.Softmax()]
    model = keras.Sequential([keras.Input((4,)), *stack])
    compile_model(model, keras.optimizers.Adam(0.01))
    data = IMAGES, np.arange(40) % 3
    return TrainedPart(model, data, data, [noise], [])


def trained(settles: bool) -> tuple[keras.Model, list[list[np.ndarray]], list[float]]:
    """A model after two epochs; its weights when each had been validated, and the losses of that."""
    part, judged, losses = make_part(), [], []
    settling = Settling(part, 10)

    def note(epoch, logs):
        with settling.judged():
            judged.append(part.model.get_weights())
        losses.append(logs["val_loss"])

    look = keras.callbacks.LambdaCallback(on_epoch_end=note)
    fit(part, 10, range(2), 0, [settling, look] if settles else [])
    return part.model, judged, losses


@pytest.fixture(scope="module")
def settled() -> tuple:
    return trained(settles=True)


def test_a_training_is_the_same_bits_with_it_and_without(settled):
    plain = trained(settles=False)[0]
    assert all(np.array_equal(*pair) for pair in zip(settled[0].get_weights(), plain.get_weights(), strict=True))
    assert {layer.momentum for layer in settled[0].layers if hasattr(layer, "momentum")} == {0.99}


def test_statistics_are_means_over_batches_of_the_network_without_noise(settled):
    _, _, mean, variance, kernel, bias, _, _, deeper, _ = settled[1][-1]
    batches = IMAGES[settled_batches(40, 10)]
    assert mean == pytest.approx(batches.mean(axis=(0, 1)), rel=1e-5)
    assert variance == pytest.approx(batches.var(axis=1).mean(axis=0), rel=1e-4)
    gamma, beta = settled[1][-1][:2]
    normed = (batches - batches.mean(axis=1, keepdims=True)) / np.sqrt(batches.var(axis=1, keepdims=True) + 0.001)
    assert deeper == pytest.approx(((normed * gamma + beta) @ kernel + bias).mean(axis=(0, 1)), abs=1e-4)


def test_validation_is_of_the_network_with_these_statistics(settled):
    part = make_part()
    part.model.set_weights(settled[1][-1])
    assert part.model.evaluate(*part.validation, verbose=0)[0] == pytest.approx(settled[2][-1], rel=1e-5)


def test_images_for_statistics_are_bounded_spread_and_in_whole_batches():
    rows = settled_batches(10_000, 100)
    assert rows.shape == (SETTLED_ON // 100, 100) and len(np.unique(rows)) == rows.size
    assert rows.min() < 100 and rows.max() > 9_900 and settled_batches(5, 10).shape == (1, 5)
