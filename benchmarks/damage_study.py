"""A study's folder with every record that vgglab writes and reads again, to be damaged: see damage.py."""

import json
import shutil
from pathlib import Path

import yaml

import vgglab
from vgglab.diagnosis.rate_range import read_range
from vgglab.evaluation.other import beside

TINY = {"limit": 100, "width": 0.05, "batch_norm": True, "learning_rate": 0.1, "epochs": 3, "progress": "none"}
OTHER = "/pictures/other"  # the folder that evaluations/other is of
PASSED_OVER = shutil.ignore_patterns("*.png", "*.svg", "*.txt", ".lock", "*.h5")


def make_study(parent: Path, trained: Path | None = None) -> Path:
    """Two runs in a study's folder; the first one's rate was tested, and what to try was tried.

    Args:
        parent: the folder to make the study's in.
        trained: a run to be copied; None trains tiny ones.
    """
    study = parent / "study"
    for name in ("a", "b"):
        if trained:
            shutil.copytree(trained, study / name, ignore=PASSED_OVER)
        else:
            vgglab.run(**TINY, name=name, out=study, seed=int(name == "b"))
    store_proof(study / "a")
    store_evaluation(study / "a")
    falling = [2.3 - step / 50 for step in range(80)]
    (study / "a" / "lr_range.json").write_text(json.dumps({"schema": 1, **read_range(falling, 2.3)}))
    runs = [{"name": "a"}, {"name": "b", "candidates": ["a"]}]
    (study / "study.yaml").write_text(yaml.safe_dump({"name": "damage", "runs": runs}))
    choice = {"chosen": "a", "reason": "the best"}
    (study / "study.json").write_text(json.dumps({"schema": 1, "choices": {"b": choice}}))
    return study


def store_proof(folder: Path) -> None:
    """A proof of the run's first finding, such as `vgglab diagnose --prove` writes it."""
    found = vgglab.load(folder).findings[0]
    row = {"epoch": 1, "loss": 2.0, "accuracy": 0.2, "val_loss": 2.1, "val_accuracy": 0.1}
    side = {"loss": 2.0, "source": "trained", "status": "finished", "rows": [row]}
    head = {"schema": 1, **{key: found[key] for key in ("code", "case", "try")}, "epochs": 1, "images": 100}
    proof = {**head, "limit": None, "measure": "training", "before": side, "after": side, "confirmed": False}
    (folder / "proof.json").write_text(json.dumps(proof))


def store_evaluation(folder: Path) -> None:
    """What an evaluation on other pictures leaves, as if they had come out as the run's own test."""
    other, own = folder / "evaluations" / "other", vgglab.load(folder).metrics
    told = {"data": OTHER, "labels": "/table.csv", "layout": "auto"}
    told |= {"lacking": {"ten": 2}, "missing": ["9"], "unreadable": 1, "seen": 1}
    other.mkdir(parents=True)
    for name in ("confusion_matrix.csv", "predictions.csv"):
        shutil.copy(folder / name, other)
    (other / "metrics.json").write_text(json.dumps({**own, **told, "own": beside(own, own)}))
