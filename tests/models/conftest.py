"""Networks whose weights nobody looks at."""

from contextlib import contextmanager

import keras
import pytest


@pytest.fixture
def weights_declared():
    """A scope; what is built in it has weights with shapes and no values, which takes neither time nor memory."""

    @contextmanager
    def scope():
        with keras.StatelessScope(initialize_variables=False):
            yield
        keras.utils.clear_session(free_memory=False)  # Keras would give them values later

    return scope
