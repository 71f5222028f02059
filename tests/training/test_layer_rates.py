"""Each block below the head learns at a share of the rate of the one above."""

import keras
import numpy as np
import pytest

from vgglab.models.vgg16 import vgg16
from vgglab.training.compiling import build_optimizer, compile_model
from vgglab.training.layer_rates import blocks_of, decay_rates, depths


def small() -> keras.Model:
    """Four blocks of one number each, a head of one, and the number of the image."""
    x = image = keras.Input((1,))
    for block in (1, 2, 3, 4):
        x = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name=f"block{block}_dense")(x)
    x = keras.layers.Reshape((1,), name="flatten")(x)
    return keras.Model(image, keras.layers.Dense(2, "softmax", kernel_initializer="ones", name="predictions")(x))


def update(name: str, decay: float) -> list[np.ndarray]:
    """What a step does to the weights of `small`, with clipping and weight decay."""
    model, optimizer = small(), build_optimizer(name, 0.01)
    optimizer.weight_decay, optimizer.clipnorm = 0.1, 0.5
    compile_model(model, optimizer)
    decay_rates(model, decay)
    before = model.get_weights()
    model.fit(np.full((4, 1), 0.5), np.array([0, 0, 0, 1]), batch_size=4, verbose=0)
    return [now - was for now, was in zip(model.get_weights(), before, strict=True)]


@pytest.mark.parametrize("name", ["sgd", "adamw", "nadam"])
def test_a_step_is_what_each_blocks_share_of_the_rate_makes_it(name):
    whole, shared = (update(name, decay) for decay in (1.0, 0.5))
    for depth, (one, other) in enumerate(zip(reversed(whole[:4]), reversed(shared[:4]), strict=True), start=1):
        assert other == pytest.approx(0.5**depth * one, rel=1e-3, abs=2e-7)
    assert all(np.array_equal(one, other) for one, other in zip(whole[4:], shared[4:], strict=True))


def test_vgg16_has_five_blocks_below_a_head_that_learns_in_full():
    found = {layer.name: depth for layer, depth in depths(vgg16((32, 32, 3), 10, width=0.02)) if layer.weights}
    assert [found[f"block{block}_conv2"] for block in (1, 2, 3, 4, 5)] == [5, 4, 3, 2, 1]
    assert found["fc1"] == found["predictions"] == 0


@pytest.mark.parametrize(
    ("names", "blocks"),
    [
        (("conv1", "conv2_block1_a", "conv2_block1_b", "conv2_block2_a", "pool", "conv3_block1_a"), [0, 1, 1, 2, 2, 3]),
        (("stem", "block1a_dw", "block2a_dw", "block2b_dw", "top_conv"), [0, 1, 2, 3, 3]),
        (("x_stage_0_block_0", "x_stage_0_block_1", "x_stage_1_block_0"), [0, 1, 2]),
    ],
)
def test_blocks_are_what_names_say(names, blocks):
    assert blocks_of([keras.layers.Layer(name=name) for name in names]) == blocks


def test_a_network_whose_names_tell_no_blocks_is_divided_evenly():
    layers = [keras.layers.Dense(1, name=f"dense_{number}") for number in range(14)]
    for layer in layers:
        layer.build((None, 1))
    assert blocks_of(layers) == [0] * 6 + [1] * 6 + [2] * 2
