"""The diagnosis names what was planted, and is silent where nothing was; the trainings are recorded."""

import gzip
import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from vgglab.diagnosis.findings import diagnose
from vgglab.diagnosis.reading import LANGUAGES, describe
from vgglab.diagnosis.signal_shapes import SignalLine
from vgglab.runs.shapes import HistoryRow

GIVEN = ("status", "message", "history", "signals", "classes", "config")


@pytest.fixture(scope="module", params=["corpus", "pictures"])
def judged(request) -> list[tuple[dict, list[dict]]]:
    """Each training of small arrays, or of real pictures through the command line, and its findings."""
    return [(entry, diagnose(*(entry[key] for key in GIVEN))) for entry in read(request.param)]


def read(name: str) -> list[dict]:
    """What trainings recorded."""
    with gzip.open(Path(__file__).parent / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize(("record", "shape"), [("signals", SignalLine), ("history", HistoryRow)])
def test_what_real_trainings_recorded_fits_the_shapes_that_records_are_held_to(judged, record, shape):
    adapter = TypeAdapter(list[shape])
    assert all(adapter.validate_json(json.dumps(entry[record]), strict=True) for entry, _ in judged if entry[record])


def warned(findings: list[dict]) -> list[str]:
    return [found["code"] for found in findings if found["severity"] != "info"]


def test_the_corpus_is_large_enough_to_say_something(judged):
    faulty = [entry for entry, _ in judged if entry["causes"]]
    assert len(faulty) >= 40 and len(judged) - len(faulty) >= 15
    assert len({cause for entry in faulty for cause in entry["causes"]}) >= 14
    assert {entry["group"] for entry, _ in judged} in ({1, 2, 3, 4}, {5})


@pytest.mark.parametrize(("among", "wanted"), [(1, 0.90), (3, 0.98)])
def test_the_planted_cause_is_found(judged, among, wanted):
    faulty = [(entry, warned(findings)) for entry, findings in judged if entry["causes"]]
    missed = [(entry["name"], codes) for entry, codes in faulty if not set(entry["causes"]) & set(codes[:among])]
    assert 1 - len(missed) / len(faulty) >= wanted, missed


def test_nothing_is_said_against_the_healthy(judged):
    healthy = [(entry["name"], warned(findings)) for entry, findings in judged if not entry["causes"]]
    disturbed = [one for one in healthy if one[1]]
    assert 1 - len(disturbed) / len(healthy) >= 0.95, disturbed


LAB = {  # on CIFAR-10, 5,000 images, width 0.25
    "reference-sgd": ["signal_lost", "dead_units"],
    "reference-adam": ["learning_rate_too_large", "dead_units"],
    "batchnorm-sgd": ["statistics_unsettled"],
    "batchnorm-adam": ["learning_rate_too_large", "dead_units"],
    "dropout-sgd": ["validation_unsettled"],
    "dropout-adam": ["learning_rate_too_large", "dead_units"],
    "optimal": ["validation_unsettled"],
    "frozen": ["overfitting"],
    "frozen-longer": ["overfitting"],
    "frozen-normalized": ["inputs_out_of_scale", "validation_unsettled"],
    "another": ["underfitting"],
}


def test_the_runs_of_the_lab_are_read_as_the_results_say():
    found = {entry["name"]: warned(diagnose(*(entry[key] for key in GIVEN))) for entry in read("lab")}
    assert found == LAB


def test_every_finding_of_the_corpus_can_be_read_in_every_language(judged):
    texts = [describe(found, language) for _, findings in judged for found in findings for language in LANGUAGES]
    assert len(texts) > len(judged)
    assert all(text["sentence"] and "{" not in text["sentence"] and "?" not in text["sentence"] for text in texts)
