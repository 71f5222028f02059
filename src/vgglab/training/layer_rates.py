"""Rates that fall from the head down: each block learns at a share of the rate of the one above it.

The optimizer stays Keras's own, so a saved model needs nothing from here: what it does to a block in a step is cut to
the block's share, after the optimizer has reckoned it. Scaling gradients would do nothing under Adam.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import keras
from keras import ops

from vgglab.keras_tools.precision import inner_optimizer
from vgglab.models.head import first_of_head

BLOCK = re.compile(r".*?block_?\d+[a-z]?(?=_|$)", re.IGNORECASE)  # block5, conv4_block2, block_16, stage_0_block_1
FEWEST = 3  # named blocks; a network with fewer is divided evenly
WEIGHTS_EACH = 12  # arrays of weights of a block then, as in timm's `auto_group_layers`


def decay_rates(model: keras.Model, decay: float) -> None:
    """Have the optimizer of a compiled model train each block at `decay` of the rate of the one above.

    The head has the whole rate. The weight decay that an optimizer applies at its rate is cut with it. All this holds
    until the model is compiled anew, and is not saved: a model that was loaded needs it again.

    Args:
        model: flat, from images to class probabilities, with a head.
        decay: above 0, at most 1.
    """
    shares = {id(each): decay**depth for layer, depth in depths(model) if depth for each in layer.variables}
    optimizer = inner_optimizer(model.optimizer)
    update, shrink = optimizer._backend_update_step, optimizer._apply_weight_decay

    def shared_update(gradients: Any, variables: list[keras.Variable], rate: Any) -> None:
        with shortened(variables, shares):
            update(gradients, variables, rate)

    def shared_shrink(variables: list[keras.Variable]) -> None:
        with shortened(variables, shares):
            shrink(variables)

    object.__setattr__(optimizer, "_backend_update_step", shared_update)
    object.__setattr__(optimizer, "_apply_weight_decay", shared_shrink)


@contextmanager
def shortened(variables: Iterable[keras.Variable], shares: dict[int, float]) -> Iterator[None]:
    """Leave of what the block does to each variable its share, by the variable's id; all of it where there is none."""
    before = [(each, shares[id(each)], ops.copy(each.value)) for each in variables if id(each) in shares]
    yield
    for each, share, old in before:
        each.assign(old + share * (each.value - old))


def depths(model: keras.Model) -> list[tuple[keras.layers.Layer, int]]:
    """Each layer of a flat model, and how many blocks it lies below the head; 0 in the head."""
    head = first_of_head(model.layers)
    blocks = blocks_of(model.layers[:head])
    top = max(blocks, default=-1) + 1
    below = [(layer, top - block) for layer, block in zip(model.layers, blocks, strict=False)]
    return below + [(layer, 0) for layer in model.layers[head:]]


def blocks_of(layers: list[keras.layers.Layer]) -> list[int]:
    """The block of each layer, from 0 at the image; a layer whose name tells none belongs to the one before."""
    found = [match and match.group().lower() for match in (BLOCK.match(layer.name) for layer in layers)]
    if len(set(found) - {None}) >= FEWEST:
        names = list(accumulate(found, lambda last, name: name or last))
        order = list(dict.fromkeys(names))
        return [order.index(name) for name in names]
    before = accumulate((len(layer.weights) for layer in layers[:-1]), initial=0)
    return [weights // WEIGHTS_EACH for weights in before]
