"""Findings about batches: what is in them, and how many steps they make in all."""

import math

from vgglab.diagnosis.findings.course import falls
from vgglab.diagnosis.findings.evidence import Evidence, Finding, at_end, finding, measured

FEW_IN_A_BATCH = 4  # examples; fewer are of one class by chance
LEAST_BATCHES = 2
MOSTLY = 0.5  # share of the batches that are of one class
LUCK = 1e-3  # chance of so many of them in mixed data
FEW_STEPS = 100  # in all; at a hundredth of the weights' size a step, weights have just been able to change
FEW_IN_AN_EPOCH = 10
SMALL_BATCH = 32


def batches_of_one_class(evidence: Evidence) -> Finding | None:
    """Batches that hold one class each: data in order, not shuffled."""
    batch = evidence.start.get("batch") or {}
    counts, size = batch.get("classes", []), batch.get("size") or 0
    if evidence.kind not in ("classes", "binary") or size < FEW_IN_A_BATCH or len(counts) < LEAST_BATCHES:
        return None
    alone = sum(count == 1 for count in counts)
    if alone < MOSTLY * len(counts) or (evidence.task.get("classes") or 2) < 2:
        return None
    if _chance_of(alone, len(counts), _most_frequent(evidence) ** size) > LUCK:
        return None
    figures = {"one_class": measured(alone / len(counts), 0, 0.1), "batch_size": measured(size)}
    severity = "warning" if evidence.knows_training else "error"
    values = {"alone": alone, "batches": len(counts), "size": size}
    return finding("batches_of_one_class", severity, figures, {"shuffle": True}, **values)


def _chance_of(alone: int, batches: int, one: float) -> float:
    """How probable so many batches of one class are, or more, where each is one with probability `one`."""
    return sum(math.comb(batches, k) * one**k * (1 - one) ** (batches - k) for k in range(alone, batches + 1))


def _most_frequent(evidence: Evidence) -> float:
    """Share of the most frequent class; where it was not counted, the largest that the loss of guessing allows."""
    shares = evidence.frequencies
    if evidence.data.get("counts") or evidence.kind == "binary":
        return max(shares)
    loss, others = evidence.chance_loss, max((evidence.task.get("classes") or 2) - 1, 1)
    if "crossentropy" not in evidence.model.get("loss", "") or not evidence.chance_known:
        return 1.0  # not known: nothing can be said
    loss = min(loss, math.log(others + 1) - 1e-3)  # rounded, it may lie above what any shares give
    return max(share / 1000 for share in range(1, 1000) if _largest_entropy(share / 1000, others) >= loss)


def _largest_entropy(share: float, others: int) -> float:
    """Entropy of classes of which one has this share and the others the rest, alike."""
    rest = 1 - share
    return -share * math.log(share) - rest * math.log(rest / others)


def steps_too_few(evidence: Evidence) -> Finding | None:
    """So few steps in all that no rate could have taken the weights far."""
    steps = (evidence.start.get("steps") or {}).get("steps") or len(evidence.first_epoch.get("step_loss", []))
    if not steps or not evidence.watched or not evidence.rows or evidence.knows_training:
        return None
    epochs = len(evidence.rows)
    if steps * epochs >= FEW_STEPS or not evidence.chance_known or not (evidence.at_chance or falls(evidence)):
        return None
    size = (evidence.start.get("batch") or {}).get("size") or 0
    figures = {"steps_in_all": measured(steps * epochs, FEW_STEPS), "batch_size": measured(size)} | at_end(evidence)
    smaller = steps < FEW_IN_AN_EPOCH and size > SMALL_BATCH
    fix = {"train.batch_size": SMALL_BATCH} if smaller else {}
    fix["train.epochs"] = max(3 * epochs, math.ceil(10 * FEW_STEPS / (steps * (size / SMALL_BATCH if smaller else 1))))
    values = {"steps": steps, "epochs": epochs, "total": steps * epochs, "size": size}
    case = "batch" if smaller else "steps"
    return finding("training_too_short", "warning", figures, fix, case, evidence.rows[-1]["epoch"], **values)
