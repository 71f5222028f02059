"""What experienced people look at before a long training, done for them: `vgglab.check`."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from vgglab.diagnosis.findings import Finding
from vgglab.diagnosis.findings.in_keras import in_keras
from vgglab.diagnosis.reading import check_language
from vgglab.errors import UsageError, first_line
from vgglab.keras_tools.graph import inner_layers
from vgglab.keras_tools.unchanged import unchanged
from vgglab.watching.checked import Checked
from vgglab.watching.examples import Examples, read_examples
from vgglab.watching.of_data import cost_told, in_scale, parts_alike
from vgglab.watching.of_loss import learnt_by_heart, loss_begins_at_guessing, outputs_fit
from vgglab.watching.of_network import examples_stay_apart, gradient_arrives, modes_agree
from vgglab.watching.subject import NotApplicable, Row, Subject

Check = Callable[[Subject, list[Finding]], Row]

CHECKS: dict[str, Check] = {
    "outputs": outputs_fit,
    "start": loss_begins_at_guessing,
    "gradient": gradient_arrives,
    "apart": examples_stay_apart,
    "scale": in_scale,
    "modes": modes_agree,
    "by_heart": learnt_by_heart,
    "parts": parts_alike,
    "cost": cost_told,
}
# What the rules say before the first step, by the check that it belongs to; the rest is for a training that was seen.
ABOUT = {
    "outputs": {"loss_mismatch", "activation_mismatch", "labels_mismatch", "wrong_outputs", "labels_outside"},
    "gradient": {"nothing_trainable", "layers_frozen"},
    "scale": {"inputs_out_of_scale", "targets_out_of_scale", "images_constant", "initial_weights", "saturated_units"},
    "parts": {"validation_unlike_training", "duplicates", "labels_renamed"},
}


def check(
    model: keras.Model,
    x: Any,
    y: Any = None,
    validation_data: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    language: str = "en",
) -> Checked:
    """Check a compiled model and its data before a training: what experienced people do by hand.

    Weights, optimizer and random numbers are the same bits afterwards; a model that is not built yet is built, as the
    first step of `fit` would. What one check cannot do is said in its row, and the others go on.

    Args:
        model: any compiled Keras model, not trained yet or to be trained on.
        x: as for `fit`: arrays, tables, a `tf.data.Dataset`, `PyDataset` or `DataLoader`. A generator is read from.
        y: targets, where x has none.
        validation_data: (x, y), or anything that x may be; None for none.
        batch_size: that of the training, for its cost; None for that of the data, or Keras's 32.
        steps: of training on copies, at most, to learn 16 examples by heart; None lets the model's cost decide.
        language: `en` or `fr`.

    Returns:
        A table of what passed and what did not: `.passed`, `.findings`, `.rows`.

    Raises:
        UsageError: the model is not compiled, or there is no such language.
        DataError: there are no examples, or they are not numbers.

    Example:
        >>> print(vgglab.check(model, x, y, validation_data=(vx, vy)))
    """
    check_language(language)
    if not getattr(model, "compiled", False):
        raise UsageError("the model is not compiled; call model.compile(optimizer=..., loss=...) before it is checked")
    training = read_examples(x, y, batch_size)
    given = validation_data[:2] if isinstance(validation_data, tuple) else (validation_data,)
    validation = None if validation_data is None else read_examples(*given)
    return check_examples(model, training, validation, language=language, steps=steps)


def check_examples(
    model: keras.Model,
    training: Examples,
    validation: Examples | None,
    *,
    language: str = "en",
    **settings: Any,
) -> Checked:
    """The same of examples that were read; `settings` are those of `Subject`."""
    build(model, training)
    with unchanged(model), warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        subject = Subject(model, training, validation, **settings)
        return Checked([row_of(name, subject) for name in CHECKS], language)


def row_of(name: str, subject: Subject) -> Row:
    """What a check came to; what goes wrong in it is its row."""
    try:
        codes = ABOUT.get(name, set())
        row = CHECKS[name](subject, [one for one in subject.findings if one["code"] in codes] if codes else [])
    except NotApplicable as reason:
        return Row(name, "skipped", str(reason))
    except Exception as error:  # whatever somebody's model leads to
        return Row(name, "undone", "undone", {"reason": f"{type(error).__name__}: {first_line(error)}"})
    findings = tuple(in_keras(one) if subject.watched else one for one in row.findings)
    return replace(row, findings=findings)


def build(model: keras.Model, examples: Examples) -> None:
    """Give a model its weights where it has none yet, as the first step of `fit` would."""
    if all(layer.built for layer in inner_layers(model)):
        return
    if isinstance(model, keras.Sequential) and examples.input is not None:
        model.build((None, *examples.input.shape[1:]))
    if not all(layer.built for layer in inner_layers(model)):
        x, _ = examples.feed(examples.spread(2))
        model(tree.map_structure(ops.convert_to_tensor, x), training=False)
