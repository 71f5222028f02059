"""What a run's process needs, imported by the process that it is forked from."""

from vgglab.keras_tools.backend import import_keras

import_keras()

from vgglab.experiments.run import go_on  # noqa: E402 - Keras is imported first, without its greetings

__all__ = ["go_on"]
