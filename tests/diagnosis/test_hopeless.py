"""What is certain after one epoch stays so: no recorded training that was called hopeless learned anything later."""

import gzip
import json
from pathlib import Path

import pytest

from vgglab.diagnosis.findings import Evidence
from vgglab.diagnosis.findings.hopeless import hopeless


def first_epoch(entry: dict) -> Evidence:
    """What is known of a training after its first epoch."""
    history, signals = ([line for line in entry[name] if line["epoch"] <= 1] for name in ("history", "signals"))
    return Evidence("running", "", history, signals, entry["classes"], entry["config"] or {})


@pytest.fixture(scope="module")
def longer() -> list[dict]:
    """Every recorded training of two or more epochs."""
    files = (Path(__file__).parent / f"{name}.jsonl.gz" for name in ("corpus", "pictures", "lab"))
    entries = [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
    return [entry for entry in entries if len(entry["history"]) > 1]


def test_a_training_that_is_hopeless_after_an_epoch_never_learns(longer):
    ended = [entry for entry in longer if hopeless(first_epoch(entry))]
    best = [max(row["val_accuracy"] or 0 for row in entry["history"]) * entry["classes"] for entry in ended]
    assert len(longer) > 300 and len(ended) > 30 and max(best) < 1.1  # times guessing


def test_most_of_the_rates_that_were_planted_too_large_and_never_learn_are_hopeless(longer):
    planted = [entry for entry in longer if entry["causes"][:1] == ["learning_rate_too_large"]]
    failed = [e for e in planted if Evidence(*(e[key] for key in GIVEN)).at_chance]
    assert sum(bool(hopeless(first_epoch(entry))) for entry in failed) > 0.8 * len(failed) > 20


GIVEN = ("status", "message", "history", "signals", "classes", "config")
