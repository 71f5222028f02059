"""The checks of our own runs: before they train, on the data and with the optimizer of their first phase."""

import math
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from vgglab.config.schema import RunConfig, flatten
from vgglab.datasets.dataset import DataSet, are_kept
from vgglab.diagnosis.data import places
from vgglab.diagnosis.reading import one_line
from vgglab.errors import RunError
from vgglab.training.phases import begin_phase
from vgglab.watching.checked import Checked
from vgglab.watching.checks import check_examples
from vgglab.watching.examples import LOOKED, Examples, read_examples


def check_run(config: RunConfig, dataset: DataSet, model: keras.Model, **settings: Any) -> Checked:
    """Check a new run's network and data: `vgglab.check`, with findings that name the config's fields.

    Args:
        config: of the run.
        dataset: its data.
        model: new; it is frozen and compiled as the first phase wants, its weights stay as they are.
        **settings: `language` and `steps`, as for `vgglab.check`.
    """
    begin_phase(model, config, config.phases[0], len(dataset.train))
    classes = len(dataset.classes)
    parts = [_examples(part, config, classes) for part in (dataset.train, dataset.validation)]
    return check_examples(model, *parts, config=flatten(config), classes=classes, **settings)


def _examples(part: Any, config: RunConfig, classes: int) -> Examples:
    labels = np.eye(classes, dtype="float32")[part.labels] if config.soft_labels else part.labels
    if are_kept(part.images):
        return read_examples(part.images, labels, config.train.batch_size)
    rows, steps = places(len(part), LOOKED), math.ceil(len(part) / config.train.batch_size)
    seen = read_examples(part.images[rows], labels[rows], config.train.batch_size)
    return replace(seen, steps=steps, count=len(part))


def stop_at_error(found: Checked) -> None:
    """Let no training begin that is lost.

    Raises:
        RunError: an error was found.
    """
    if found.errors:
        told = one_line(found.errors[0], found.language)
        raise RunError(f"the check before the training found: {told} (without --check it trains all the same)")
