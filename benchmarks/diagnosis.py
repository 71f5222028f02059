"""Plant faults in small healthy trainings on digits, record their signals, and count how often the diagnosis is right.

    KERAS_BACKEND=torch python benchmarks/diagnosis.py record [NAME...]    train again (20 minutes on 2 cores)
    python benchmarks/diagnosis.py table               write docs/results/diagnosis.md from the recorded signals

The plans are in `benchmarks/planted.py`; what they recorded is kept in `tests/diagnosis/corpus.jsonl.gz`.
"""

import gzip
import json
import platform
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "diagnosis" / "corpus.jsonl.gz"
RESULTS = ROOT / "docs" / "results" / "diagnosis.md"


def read_corpus(path: Path = CORPUS) -> list[dict[str, Any]]:
    """The recorded trainings: name, group, causes, status, message, history, signals, classes, config."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def write_corpus(records: list[dict[str, Any]]) -> None:
    """Write the corpus; the same records give the same bytes."""
    text = "".join(json.dumps(record) + "\n" for record in sorted(records, key=lambda record: record["name"]))
    CORPUS.write_bytes(gzip.compress(text.encode(), mtime=0))


def record(names: list[str]) -> None:
    """Train the plans of these names, or all of them, and keep what they record."""
    from planted import PLANS, train

    kept = {entry["name"]: entry for entry in read_corpus()} if CORPUS.exists() and names else {}
    for plan in PLANS:
        if names and not any(plan.name.startswith(name) for name in names):
            continue
        with tempfile.TemporaryDirectory() as folder:
            kept[plan.name] = train(plan, Path(folder))
        last = (kept[plan.name]["history"] or [{}])[-1]
        print(plan.name, plan.causes, {key: last.get(key) for key in ("loss", "accuracy", "val_loss", "val_accuracy")})
        write_corpus(list(kept.values()))


def judge(entry: dict[str, Any]) -> dict[str, Any]:
    """What the diagnosis says of a recorded training, and where the planted cause is among it."""
    from vgglab.diagnosis.findings import diagnose

    given = [entry[key] for key in ("status", "message", "history", "signals", "classes", "config")]
    codes = [found["code"] for found in diagnose(*given) if found["severity"] != "info"]
    places = [codes.index(cause) + 1 for cause in entry["causes"] if cause in codes]
    return {"codes": codes, "place": min(places, default=None), "first": codes[0] if codes else "healthy"}


def main() -> None:
    """Record or write the table, as the first argument says."""
    command, *names = sys.argv[1:] or ["table"]
    if command == "record":
        record(names)
    else:
        RESULTS.write_text(results_text(read_corpus()), encoding="utf-8")


def results_text(corpus: list[dict[str, Any]]) -> str:
    """The page of results."""
    judged = [(entry, judge(entry)) for entry in corpus]
    return "TODO" + platform.machine() + str(Counter(found["first"] for _, found in judged))


if __name__ == "__main__":
    main()
