"""What to try in a run of several phases, whose settings stand in the phases."""

import math
from typing import Any

from vgglab.diagnosis.findings.evidence import Evidence

Changes = dict[str, Any]
IN_PHASES = ("train.learning_rate", "train.epochs", "train.freeze")


def in_phases(changes: Changes, evidence: Evidence) -> Changes:
    """Changes of dotted config fields as they are made to a run's phases, where it has some.

    A rate is scaled in all phases alike, epochs likewise; what is frozen changes in the last phase.
    """
    phases = evidence.config.get("train.phases")
    if not phases or not any(field in changes for field in IN_PHASES):
        return changes
    others = {field: value for field, value in changes.items() if field not in IN_PHASES}
    changed = [dict(phase) for phase in phases]
    if "train.freeze" in changes:
        changed[-1]["freeze"] = changes["train.freeze"]
    if "train.learning_rate" in changes and evidence.rate:
        factor = changes["train.learning_rate"] / evidence.rate
        for phase in changed:
            phase["learning_rate"] = float(f"{phase['learning_rate'] * factor:.3g}")
    if "train.epochs" in changes:
        changed = stretched(changed, changes["train.epochs"])
        others["train.epochs"] = sum(phase["epochs"] for phase in changed)
    return {**others, "train.phases": changed}


def stretched(phases: list[dict[str, Any]], epochs: int) -> list[dict[str, Any]]:
    """Phases of about so many epochs together, each as much longer or shorter as the others, one epoch at least."""
    factor = epochs / sum(phase["epochs"] for phase in phases)
    lengths = [max(1, math.floor(phase["epochs"] * factor + 0.5)) for phase in phases]
    return [
        {**phase, "epochs": length, "warmup": min(phase["warmup"] or 0, length)}
        for phase, length in zip(phases, lengths, strict=True)
    ]
