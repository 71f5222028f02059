"""From config to a compiled model: past here, plain arguments."""

from typing import Any

import keras

from vgglab.config.schema import ModelConfig, RunConfig
from vgglab.errors import ConfigError
from vgglab.keras_tools.graph import inner_layers
from vgglab.models.head import classify
from vgglab.models.own import own_model
from vgglab.models.preprocessing import INPUT, PixelStatistics, resize, treat
from vgglab.models.pretrained import Backbone, find_backbone
from vgglab.models.vgg16 import convolutions, scaled

BUILDERS = {"vgg16": convolutions}  # networks from scratch: from treated images to feature maps


def build_model(
    config: RunConfig, input_shape: tuple[int, int, int], classes: int, statistics: PixelStatistics | None = None
) -> keras.Model:
    """The network that `config` names, not yet compiled and flat: resizing, treatment, feature maps, head.

    Args:
        config: its sections `model` and `backbone` are used.
        input_shape: (height, width, channels) of an image, pixels.
        classes: number of classes.
        statistics: of the training images, where `model.preprocessing` wants them (`wants_statistics`).

    Returns:
        A model from raw images (N, *input_shape), 0 to 255, to probabilities (N, classes); it loads in plain Keras.

    Raises:
        ConfigError: an unknown backbone or weights, weights of another network, or an image size it cannot take.
        DataError: the weights cannot be had, or are damaged.
        RunError: there is no such run to start from.
    """
    backbone = find_backbone(config) if config.backbone.used else None
    if backbone and input_shape[-1] != 3:
        raise ConfigError(f"backbones take images of 3 channels, not {input_shape[-1]}")
    image = keras.Input(input_shape, name=INPUT)
    x = resize(image, config.model.image_size)
    try:
        x = treat(x, config.model.preprocessing, statistics, backbone and backbone.treat)
        if config.model.own:
            return own_model(image, x, config.model, classes)
        x = _with_backbone(x, config, backbone, classes) if backbone else _from_scratch(x, config.model, classes)
    except (ValueError, NotImplementedError) as error:
        raise ConfigError(str(error)) from None
    model = keras.Model(image, x, name=backbone.name.lower() if backbone else config.model.name)
    if config.model.batch_norm_momentum is not None:
        set_momentum(model, config.model.batch_norm_momentum)
    return model


def set_momentum(model: keras.Model, momentum: float) -> None:
    """Give every BatchNormalization of a model this momentum of its moving statistics; it counts where they train.

    Raises:
        ConfigError: there is none.
    """
    norms = [layer for layer in inner_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        raise ConfigError(
            f"model.batch_norm_momentum: {model.name} has no BatchNormalization; use model.batch_norm, or leave it out"
        )
    for norm in norms:
        norm.momentum = momentum


def _with_backbone(x: Any, config: RunConfig, backbone: Backbone, classes: int) -> Any:
    head = config.backbone
    return classify(backbone.features(x), classes, head.head_units, head.head_dropout, head.pooling)


def _from_scratch(x: Any, config: ModelConfig, classes: int) -> Any:
    x = BUILDERS[config.name](x, config.batch_norm, config.dropout, config.width)
    return classify(x, classes, tuple(scaled(units, config.width) for units in config.dense_units))
