"""One model that averages what several say, and what each says of an image and of its mirror image."""

from collections.abc import Sequence

import keras


def average(models: Sequence[keras.Model], flip: bool = False) -> keras.Model:
    """A model whose probabilities are the mean over some models; any Keras loads it, as it has no layers of its own.

    Args:
        models: of the same input (N, H, W, C) and classes.
        flip: the mean is over the images and their mirror images, left and right exchanged.

    Returns:
        A model from the same input to probabilities (N, classes), which sum to 1 as theirs do.
    """
    images = keras.Input(models[0].input_shape[1:], dtype=models[0].inputs[0].dtype, name="images")
    seen = [images, *([keras.ops.flip(images, axis=2)] if flip else [])]
    members = [_member(model, f"member_{number}") for number, model in enumerate(models, 1)]
    said = [member(view) for member in members for view in seen]
    outputs = keras.layers.Average(name="average")(said) if len(said) > 1 else said[0]
    return keras.Model(images, outputs, name="ensemble")


def _member(model: keras.Model, name: str) -> keras.Model:
    """The same layers under a name that no other member has."""
    member = keras.Model(model.inputs[0], model.outputs[0], name=name)
    member.trainable = False
    return member
