"""What is set before a backend is imported."""

import os

import pytest

from vgglab.keras_tools.backend import configure_backend


@pytest.mark.parametrize(("backend", "expected"), [(None, "1"), ("tensorflow", "1"), ("jax", "0"), ("torch", "0")])
def test_tensorflow_gets_its_fast_kernels_and_greets_nobody_on_another_backend(monkeypatch, backend, expected):
    monkeypatch.setattr(os, "environ", {"KERAS_BACKEND": backend} if backend else {})
    configure_backend()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == expected


def test_what_the_user_has_set_is_respected(monkeypatch):
    wanted = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_ENABLE_ONEDNN_OPTS": "0"}
    monkeypatch.setattr(os, "environ", dict(wanted))
    configure_backend()
    assert os.environ == wanted
