"""An interrupt that falls where Python can raise nothing comes again, and nothing is printed of it."""

import sys
import threading

import pytest

from vgglab.interrupts import raise_swallowed_again


class Interrupted:
    def __del__(self):
        raise KeyboardInterrupt


class Broken:
    def __del__(self):
        raise ValueError("damaged")


def test_an_interrupt_in_a_finalizer_comes_again_and_other_errors_are_reported_as_before(monkeypatch):
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", lambda error: reported.append(error.exc_type))
    raise_swallowed_again()
    with pytest.raises(KeyboardInterrupt):
        Interrupted()
        threading.Event().wait()
    Broken()
    assert reported == [ValueError]
