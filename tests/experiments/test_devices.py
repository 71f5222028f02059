"""What there is to compute on is shown, with what it was measured to do."""

import json

import keras
import pytest
from small_network import NETWORK

from vgglab.keras_tools import devices


@pytest.fixture
def small(monkeypatch):
    """Measurements of a moment."""
    for name in ("SIDES", "COPIED"):
        monkeypatch.setattr(devices, name, {"cpu": 64, "gpu": 64})
    monkeypatch.setattr(devices, "LEAST_SECONDS", 0.0)


def test_what_is_there_is_shown_with_what_it_does(told, small):
    code, out, err = told("devices")
    said = err.splitlines()[-1]  # TensorFlow may have said before that a processor has no bfloat16
    assert code == 0 and said.startswith(f"{keras.backend.backend()} ") and "cores" in said
    assert out.splitlines()[1].startswith("used")
    assert [line.partition(":")[0] for line in out.splitlines()[-3:]][:2] == [
        "matrix product, float32",
        "matrix product, bfloat16",
    ]


def test_a_step_of_a_network_is_held_against_the_product_of_its_precision(told, small):
    code, out, _ = told("devices", "--model", NETWORK, "--batch-size", 8, "--precision", "bfloat16", "--json")
    found = json.loads(out)
    step = found["step"]
    assert code == 0 and found["devices"][0]["used"] and step["batch_size"] == 8
    assert step["share"] == pytest.approx(step["tflops"] / found["product_tflops"]["bfloat16"], rel=2e-3)


def test_what_is_timed_takes_the_result_of_the_last_time():
    seen = []
    devices.seconds_each(lambda last: seen.append(float(last[0])) or last + 1, keras.ops.zeros((1,)))
    assert seen == list(map(float, range(len(seen)))) and len(seen) > 1
