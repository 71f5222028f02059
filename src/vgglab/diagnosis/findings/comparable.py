"""Figures of a run that mean the same in any other run, so that two runs can be held against each other."""

import math
from collections.abc import Callable

from vgglab.diagnosis.findings.course import gap_at_end
from vgglab.diagnosis.findings.evidence import Evidence
from vgglab.diagnosis.findings.steps import median_gradient

# In the order in which they say most about a finding that has several of them; named as in a finding's evidence.
FIGURES: dict[str, Callable[[Evidence], float | None]] = {
    "gradient": lambda evidence: median_gradient(evidence),
    "largest_update": lambda evidence: evidence.largest_update[1] or None,
    "typical_update": lambda evidence: evidence.typical_update,
    "initial_statistics": lambda evidence: evidence.last.get("initial_statistics"),
    "training_loss_in_inference": lambda evidence: (evidence.last.get("training") or {}).get("loss"),
    "gap_accuracy": lambda evidence: gap_at_end(evidence),
    "first_loss": lambda evidence: evidence.first_step_loss * evidence.chance_loss,
    "worst_step_loss": lambda evidence: (evidence.worst_step_loss or 0) * evidence.chance_loss or None,
    "accuracy": lambda evidence: evidence.rows[-1]["accuracy"] if evidence.rows else None,
}


def figures_of(evidence: Evidence) -> dict[str, float]:
    """The figures that were recorded, four significant digits."""
    found = {name: figure(evidence) for name, figure in FIGURES.items()}
    return {name: float(f"{value:.4g}") for name, value in found.items() if value is not None and math.isfinite(value)}
