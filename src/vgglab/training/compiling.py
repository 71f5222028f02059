"""What a model is trained with: optimizer, loss, metrics."""

from typing import Any

import keras

from vgglab.keras_tools.precision import inner_optimizer
from vgglab.training.schedules import Rate

HARD, SOFT = "sparse_categorical_crossentropy", "categorical_crossentropy"  # labels as numbers, as shares


def compile_model(model: keras.Model, optimizer: keras.optimizers.Optimizer, soft_labels: bool = False) -> None:
    """Give `model` its optimizer, the categorical cross-entropy, and accuracy.

    XLA is left to Keras, which keeps it off on TensorFlow's CPU, where it costs a factor of two or more.

    Args:
        model: gives class probabilities.
        optimizer: new, or that of another model with the same trainable variables.
        soft_labels: labels are shares of classes (N, classes), as Mixup makes them, not class numbers (N,).
    """
    model.compile(optimizer=optimizer, loss=SOFT if soft_labels else HARD, metrics=["accuracy"])


def build_optimizer(name: str, learning_rate: Rate, **options: Any) -> keras.optimizers.Optimizer:
    """A Keras optimizer by its lower-case name, which is its own too: Keras would number those of a process.

    Args:
        name: of `config.schema.OPTIMIZERS`.
        learning_rate: a number or a schedule.
        **options: Keras's own arguments, such as `momentum`.
    """
    return getattr(keras.optimizers, _class_name(name))(name=name, learning_rate=learning_rate, **options)


def spare_vectors(model: keras.Model) -> None:
    """Leave biases, and scales and shifts of normalisation, out of the weight decay of a compiled model.

    The optimizer's config does not tell of it, so this is for one that was loaded too.
    """
    vectors = [variable for variable in model.trainable_variables if len(variable.shape) < 2]
    inner_optimizer(model.optimizer).exclude_from_weight_decay(var_list=vectors)


def _class_name(name: str) -> str:
    """`sgd` -> `SGD`, as Keras spells it."""
    return next(known for known in dir(keras.optimizers) if known.lower() == name)
