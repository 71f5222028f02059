"""Which layers a phase trains, and which stay as they are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras

from vgglab.config.yaml_text import nearest
from vgglab.errors import ConfigError
from vgglab.keras_tools.calls import replaced_calls
from vgglab.models.head import first_of_head


def freeze(model: keras.Model, trained_from: str, pretrained: bool) -> None:
    """Set which layers of a flat model are trained.

    Args:
        model: its layers before the chosen one keep their weights, the others are trained.
        trained_from: `none` (nothing is frozen), `all` (all of the backbone), or the name of a layer.
        pretrained: whether the model is a backbone and a head; without one, `all` is every layer.

    Raises:
        ConfigError: there is no such layer, or nothing is left to train.
    """
    first = _first_trained(model, trained_from, pretrained)
    for number, layer in enumerate(model.layers):
        layer.trainable = number >= first
    if not model.trainable_variables:
        raise ConfigError(
            f"freeze is {trained_from!r}, which leaves nothing to train in {model.name}; "
            "name an earlier layer to train from, or none to train everything"
        )


def _first_trained(model: keras.Model, trained_from: str, pretrained: bool) -> int:
    names = [layer.name for layer in model.layers]
    if trained_from == "none":
        return 0
    if trained_from == "all":
        return first_of_head(model.layers) if pretrained else len(names)
    if trained_from not in names:
        raise ConfigError(
            f"freeze is {trained_from!r}; expected all, none, or the name of a layer to train from"
            f"{nearest(trained_from, names)}; `vgglab summary` lists the layers"
        )
    return names.index(trained_from)


@contextmanager
def at_rest(layers: list[keras.layers.Layer]) -> Iterator[None]:
    """Have layers that make noise, such as Dropout, keep still inside the block, even while the model trains."""
    with replaced_calls(layers, lambda layer: partial(_at_rest, layer.call)):
        yield


def _at_rest(call: Callable[..., Any], inputs: Any, training: bool | None = None, **options: Any) -> Any:
    return call(inputs, training=False, **options)
