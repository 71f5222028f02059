"""Plant faults in real pictures and in the options of `vgglab train`, and count how often the diagnosis is right.

    VGGLAB_DATA=DATA KERAS_BACKEND=torch python benchmarks/diagnosis_pictures.py record [NAME...]    train again
    python benchmarks/diagnosis_pictures.py judge      print the figures, from the recorded signals
    python benchmarks/diagnosis_pictures.py lab FOLDER     keep what the runs of a lab recorded, in `lab.jsonl.gz`

The plans are in `benchmarks/plans_pictures.py`; what they recorded is kept in `tests/diagnosis/pictures.jsonl.gz`.
"""

import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import diagnosis

from vgglab.datasets.places import data_home

IMAGENET = "mobilenet_v2_imagenet_notop.weights.h5"  # MobileNetV2(include_top=False)
CORPUS = diagnosis.ROOT / "tests" / "diagnosis" / "pictures.jsonl.gz"
LAB = CORPUS.with_name("lab.jsonl.gz")


def record(names: list[str]) -> None:
    """Train the plans of these names, or all that are not recorded yet, and keep what they record."""
    from plans_pictures import FAULTY, HEALTHY

    kept = {entry["name"]: entry for entry in diagnosis.read_corpus(CORPUS)} if CORPUS.exists() else {}
    for group, plans in (("faulty", FAULTY), ("healthy", HEALTHY)):
        for plan in plans:
            name, started = f"{group}: {plan.name}", time.perf_counter()
            if name in kept if not names else not any(name.startswith(one) for one in names):
                continue
            with tempfile.TemporaryDirectory() as folder:
                kept[name] = {"name": name, "group": 5, "causes": list(plan.causes)} | train(plan, Path(folder))
            last = (kept[name]["history"] or [{}])[-1]
            figures = {key: last.get(key) for key in ("loss", "accuracy", "val_loss", "val_accuracy")}
            print(f"{time.perf_counter() - started:.0f} s", name, figures, flush=True)
            diagnosis.write_corpus(list(kept.values()), CORPUS)


def train(plan: Any, folder: Path) -> dict[str, Any]:
    """`vgglab train` with the plan's options, in this process; what its run folder holds that a diagnosis takes."""
    from pictures import write_folder

    from vgglab.cli.app import app
    from vgglab.cli.console import run_command

    options = shlex.split(plan.options.replace("IMAGENET", str(data_home() / "weights" / IMAGENET)))
    if plan.folder:
        options += ["--data", str(write_folder(plan.folder(), folder / "pictures"))]
    run_command(app, ["train", *options, "--out", str(folder), "--name", "run"])  # 1 where it diverged, as it may
    return {"options": plan.options} | recorded(folder / "run")


def recorded(folder: Path) -> dict[str, Any]:
    """What a run folder holds that a diagnosis takes."""
    from vgglab.diagnosis.reading import evidence_of
    from vgglab.runs.store import load

    found = evidence_of(load(folder))
    config = {key: value for key, value in found.config.items() if key not in ("name", "data.name")}
    config["backbone.weights"] = Path(config["backbone.weights"] or "").name or None  # not where it lay
    signals = [{key: value for key, value in line.items() if key != "seconds"} for line in found.signals]
    return {
        "status": found.status,
        "message": found.message,
        "history": found.history,
        "signals": signals,
        "classes": found.classes,
        "config": config,
    }


def figures(judged: diagnosis.Judged) -> dict[str, int]:
    """How many faults come first, how many among three, and how many healthy trainings are warned of."""
    places = [found["place"] for entry, found in judged if entry["causes"]]
    alarms = [bool(found["codes"]) for entry, found in judged if not entry["causes"]]
    first, three = places.count(1), sum(place is not None and place <= 3 for place in places)
    return {"faulty": len(places), "first": first, "three": three, "healthy": len(alarms), "alarms": sum(alarms)}


def main() -> None:
    """Record or judge, as the first argument says."""
    command, *names = sys.argv[1:] or ["judge"]
    if command == "record":
        record(names)
        return
    if command == "lab":
        runs = sorted(path.parent for path in Path(names[0]).glob("*/run.json"))
        diagnosis.write_corpus([{"name": run.name, "group": 6, "causes": []} | recorded(run) for run in runs], LAB)
        return
    judged = [(entry, diagnosis.judge(entry)) for entry in diagnosis.read_corpus(CORPUS)]
    print(figures(judged))
    for entry, found in judged:
        right = found["place"] == 1 if entry["causes"] else not found["codes"]
        print("right" if right else "WRONG", entry["name"], "|", ", ".join(found["codes"]) or "healthy")
    print(diagnosis.by_code(judged))


if __name__ == "__main__":
    main()
