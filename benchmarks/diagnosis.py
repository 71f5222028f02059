"""Plant faults in small healthy trainings on digits, record their signals, and count how often the diagnosis is right.

    KERAS_BACKEND=torch python benchmarks/diagnosis.py record [NAME...]    train again (20 minutes on 2 cores)
    python benchmarks/diagnosis.py table               write docs/results/diagnosis.md from the recorded signals

The plans are in `benchmarks/plans*.py`; what they recorded is kept in `tests/diagnosis/corpus.jsonl.gz`.
"""

import gzip
import json
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


def write_corpus(records: list[dict[str, Any]], path: Path = CORPUS) -> None:
    """Write the corpus; the same records give the same bytes."""
    text = "".join(json.dumps(record) + "\n" for record in sorted(records, key=lambda record: record["name"]))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def record(names: list[str]) -> None:
    """Train the plans of these names, or all of them, and keep what they record."""
    from plans import FIRST_AND_SECOND
    from plans_fourth import FOURTH
    from plans_third import THIRD
    from planted import train

    kept = {entry["name"]: entry for entry in read_corpus()} if CORPUS.exists() and names else {}
    for plan in [*FIRST_AND_SECOND, *THIRD, *FOURTH]:
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
    lines = [f"| {' | '.join(row)} |" for group in GROUPS for row in summary(group, judged)]
    parts = {
        "summary": "\n".join(["| trainings | n | first | among three | no warning |", "|---|---|---|---|---|", *lines]),
        "table": confusion(judged),
        "mistakes": "\n".join(f"- {text}" for text in mistakes(judged)) or "None.",
        "by_code": by_code(judged),
    }
    return (Path(__file__).parent / "diagnosis.template.md").read_text(encoding="utf-8").format(**parts)


GROUPS = {
    1: "first group: the rules were made with it",
    2: "second group, after its first look",
    3: "third group, after its first look",
    4: "fourth group, after its first look",
}
Judged = list[tuple[dict[str, Any], dict[str, Any]]]


def summary(group: int, judged: Judged) -> list[list[str]]:
    """Two rows: the faulty trainings of a group, and the healthy ones."""
    name, chosen = GROUPS[group], [pair for pair in judged if pair[0]["group"] == group]
    places = [found["place"] for entry, found in chosen if entry["causes"]]
    silent = [not found["codes"] for entry, found in chosen if not entry["causes"]]
    first, three = sum(place == 1 for place in places), sum(place is not None and place <= 3 for place in places)
    return [
        [f"faulty, {name}", str(len(places)), share(first, len(places)), share(three, len(places)), ""],
        [f"healthy, {name}", str(len(silent)), "", "", share(sum(silent), len(silent))],
    ]


def share(count: int, total: int) -> str:
    """`22 (88 %)`."""
    return f"{count} ({count / total:.0%})".replace("%", " %")


def by_code(judged: Judged) -> str:
    """For each code: precision and recall of the first finding."""
    lines = ["| code | planted | found first | of these right | precision | recall |", "|---|---|---|---|---|---|"]
    causes = sorted({cause for entry, _ in judged for cause in entry["causes"][:1]})
    for code in causes:
        planted = [found for entry, found in judged if entry["causes"] and code == entry["causes"][0]]
        said = [(entry, found) for entry, found in judged if found["first"] == code]
        right = sum(code in entry["causes"] for entry, _ in said)
        recalled = sum(found["place"] == 1 for found in planted)
        precision = f"{right / len(said):.2f}" if said else ""
        row = [code, str(len(planted)), str(len(said)), str(right), precision, f"{recalled / len(planted):.2f}"]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def confusion(judged: Judged) -> str:
    """Planted cause (the first of those that name it) against the first finding, where there are any."""
    pairs = Counter(((entry["causes"] or ["healthy"])[0], found["first"]) for entry, found in judged)
    lines = ["| planted | first finding | trainings |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {planted} | {first} | {n} |" for (planted, first), n in sorted(pairs.items()))])


def mistakes(judged: Judged) -> list[str]:
    """Trainings of which the first finding is not the planted cause."""
    wrong = [(entry, found) for entry, found in judged if (found["place"] != 1 if entry["causes"] else found["codes"])]
    return [f"`{entry['name']}`: {', '.join(found['codes']) or 'healthy'}" for entry, found in wrong]


if __name__ == "__main__":
    main()
