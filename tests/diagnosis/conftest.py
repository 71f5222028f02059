"""Made-up records of runs: rows of a history, lines of signals."""

import json

import pytest

from vgglab.diagnosis.findings import diagnose

KEYS = {"code", "case", "severity", "epoch", "values", "evidence", "try"}


@pytest.fixture
def rows():
    """`rows([2.3, 1.0], [2.3, 1.2])`: a history with these training and validation losses."""

    def make(losses, val_losses=None, accuracy=0.9, val_accuracy=0.85) -> list[dict]:
        pairs = zip(losses, val_losses or losses, strict=True)
        return [
            {
                "epoch": epoch,
                "loss": loss,
                "accuracy": accuracy,
                "val_loss": val_loss,
                "val_accuracy": val_accuracy,
                "learning_rate": 0.1,
            }
            for epoch, (loss, val_loss) in enumerate(pairs, 1)
        ]

    return make


@pytest.fixture
def line():
    """`line(1, spread=1e-9)`: the signals of an epoch, of a network whose output depends on the image."""

    def make(epoch=1, **more) -> dict:
        dead = {"conv1_relu": 0.1, "fc1_relu": 0.4}
        return {"epoch": epoch, "dead": dead, "classes_predicted": 10, "entropy": 2.0, "spread": 0.2} | more

    return make


@pytest.fixture
def start(line):
    """`start(gradient={"conv1": 1e-6})`: the signals before the first step, of a healthy network and healthy data."""

    def make(data=(), model=(), **more) -> dict:
        layers = [{"name": name, "kind": "Dense", "trainable": True} for name in ("conv1", "fc1")]
        network = {"layers": layers, "trainable": 100, "optimizer": "sgd", "softmaxes": 1, "from_logits": False}
        network |= {"loss": "sparse_categorical_crossentropy", "outputs": 10}
        seen = {
            "layer": "conv1",
            "channels": 3,
            "images": True,
            "least": 0.0,
            "largest": 1.0,
            "mean": 0.4,
            "deviation": 0.3,
        }
        check = {"within": 0.9, "across": 0.9, "renamed": 0.9, "majority": 0.1, "n_within": 800, "n_across": 400}
        facts = {"images": {"training": 800, "validation": 400}, "duplicates": 0.0, "check": check}
        facts |= {"counts": {part: [count] * 10 for part, count in (("training", 80), ("validation", 40))}}
        facts |= {"pixels": {part: {"constant": 0.0} for part in ("training", "validation")}}
        facts |= {"stray_labels": {"training": 0.0, "validation": 0.0}, "difference": {"deviations": 0.1, "errors": 1}}
        made = {"gradient": {"conv1": 0.1, "fc1": 0.1}, "row_sum": [1.0, 1.0], "input": seen | {"between": 0.2}}
        return line(0, data=facts | dict(data), model=network | dict(model), **(made | more))

    return make


@pytest.fixture
def codes():
    """`codes(history, signals)`: what is found, leaving out what is only remarked."""

    def find(history, signals, status="finished", message="", config=None, classes=10) -> list[str]:
        found = diagnose(status, message, history, signals, classes, config)
        json.dumps(found, allow_nan=False)
        assert all(one.keys() == KEYS for one in found)
        return [one["code"] for one in found if one["severity"] != "info"]

    return find
