"""Findings about the scale of a table's columns, of real targets, and of the inputs for validation."""

import math
from typing import Any

from vgglab.diagnosis.findings.evidence import Evidence, Finding, finding, measured

LARGE = 10.0  # root mean square, or a column's deviation; initial weights and rates are made for about one
SMALL = 0.02
UNEVEN = 100.0  # between the deviations of columns
SAME = 3.0  # between the largest of the inputs as given and as the first layer sees them, which is the probe's alone
RESCALED = 4.0  # between the deviations of the parts
MOVED = 1.0  # between the means of the parts, in deviations
HARMED = 1.5  # validation loss relative to the training loss
CAFFE = ("block1_conv1", "conv1_conv")  # first layers of Keras's VGG and ResNet
NORMALISES = ("BatchNormalization", "LayerNormalization", "UnitNormalization", "GroupNormalization", "Embedding")


def columns_out_of_scale(evidence: Evidence) -> Finding | None:
    """Columns of a table that are large, or so unlike that one of them drowns the others."""
    columns = evidence.start.get("columns")
    size = _largest_deviation(columns)
    if size is None or size <= LARGE or not _reaches_the_network(evidence, columns):
        return None
    figures = {"column_deviation_largest": measured(columns["largest_deviation"], 0.1, 3.0)}
    figures["column_deviation_least"] = measured(columns["least_deviation"], 0.1, 3.0)
    figures["input_largest"] = measured(columns["largest"], 0.5, 5.0)
    values = {key: columns[key] for key in ("least", "largest", "least_deviation", "largest_deviation", "count")}
    uneven = columns["count"] > 1 and columns["largest_deviation"] > UNEVEN * (columns["least_deviation"] or math.inf)
    case = "uneven" if uneven else "columns"
    return finding("inputs_out_of_scale", unless_learned(evidence), figures, {}, case, **values)


def _largest_deviation(columns: dict[str, Any] | None) -> float | None:
    """The largest deviation of a column, or where all are constant or far from zero, their size."""
    if not columns or None in (columns["least"], columns["largest"], columns["largest_deviation"]):
        return None
    nearest = (
        0.0 if columns["least"] <= 0 <= columns["largest"] else min(abs(columns["least"]), abs(columns["largest"]))
    )
    return max(columns["largest_deviation"], nearest)


def _reaches_the_network(evidence: Evidence, columns: dict[str, Any]) -> bool:
    """Whether the first layer with weights sees the columns as they are, and does not rescale them itself."""
    seen = evidence.start.get("input")
    if _first_kind(evidence) in NORMALISES:
        return False
    if not seen or None in (seen["least"], seen["largest"]):
        return "subclassed" not in evidence.model.get("unseen", [])
    given, arrived = (max(abs(one["least"]), abs(one["largest"])) for one in (columns, seen))
    return arrived > max(given / SAME, LARGE)


def rescaled_inside(evidence: Evidence) -> bool:
    """Whether the size of what the first layer sees is no matter, or is another rule's: in somebody's own script."""
    seen = evidence.start.get("input") or {}
    if not evidence.watched or not seen:
        return False
    return _first_kind(evidence) in NORMALISES or bool(evidence.start.get("columns")) or _as_caffe(seen)


def _as_caffe(seen: dict[str, Any]) -> bool:
    """Whether images have but their mean colour taken off, as Keras's older pretrained networks want them."""
    least, largest = seen["least"], seen["largest"]
    return seen["layer"] in CAFFE and None not in (least, largest) and -130 < least < -30 and largest < 160


def _first_kind(evidence: Evidence) -> str:
    """The class of the layer that sees the inputs first; "" where it is not known."""
    layers, seen = evidence.model.get("layers", []), evidence.start.get("input") or {}
    kinds = {layer["name"]: layer["kind"] for layer in layers}
    return kinds.get(seen.get("layer", ""), layers[0]["kind"] if layers and not seen else "")


def unless_learned(evidence: Evidence) -> str:
    """An error where nothing was learned, a remark where all was."""
    return "info" if evidence.knows_training else "error" if evidence.failed or not evidence.rows else "warning"


def targets_out_of_scale(evidence: Evidence) -> Finding | None:
    """Real targets far from the size of about one at which outputs begin."""
    task = evidence.task
    mean, deviation = task.get("mean"), task.get("deviation")
    if not evidence.regression or None in (mean, deviation) or not deviation or _scales_itself(evidence):
        return None
    size = math.hypot(mean, deviation)
    if deviation >= SMALL and size <= LARGE:
        return None
    case = "" if size > LARGE else "small"
    figures = {"target_size": measured(size, 0.1, 3.0), "target_deviation": measured(deviation, 0.1, 3.0)}
    values = {"least": task.get("least"), "largest": task.get("largest"), "size": size, "deviation": deviation}
    severity = "info" if evidence.settled else unless_learned(evidence)
    return finding("targets_out_of_scale", severity, figures, {}, case, **values)


def _scales_itself(evidence: Evidence) -> bool:
    """Whether outputs began at the targets' own size already: a layer rescales them, or weights are from before."""
    outputs, deviation = evidence.start.get("outputs") or {}, evidence.task["deviation"]
    if outputs.get("deviation") is None or outputs.get("mean") is None:
        return False
    near = abs(outputs["mean"] - evidence.task["mean"]) < 2 * deviation
    return near and deviation / LARGE < outputs["deviation"] < deviation * LARGE


def validation_scale(evidence: Evidence) -> Finding | None:
    """Validation inputs in another scale than training inputs: prepared by other code."""
    parts = evidence.data.get("validation_scale") or {}
    training, validation = (parts.get(name) or {} for name in ("training", "validation"))
    figures = [part.get(key) for part in (training, validation) for key in ("mean", "deviation")]
    if None in figures or not training["deviation"]:
        return None
    ratio = validation["deviation"] / training["deviation"]
    moved = abs(validation["mean"] - training["mean"]) / max(training["deviation"], validation["deviation"])
    rescaled = not 1 / RESCALED <= ratio <= RESCALED
    if not rescaled and moved <= MOVED:
        return None
    evidence_of = {"validation_ratio": measured(ratio, 0.5, 2.0), "validation_moved": measured(moved, 0, 0.5)}
    values = {"training": training["deviation"], "validation": validation["deviation"], "apart": moved}
    severity, case = (
        ("error" if rescaled else "warning") if _harmed(evidence) else "info",
        "scale" if rescaled else "moved",
    )
    return finding("validation_unlike_training", severity, evidence_of, {}, case, **values)


def _harmed(evidence: Evidence) -> bool:
    """Whether validation came out worse than training, as far as that is known."""
    if not evidence.held_out:
        return True
    last = evidence.held_out[-1]
    margin = 0.1 * evidence.chance_loss if evidence.chance_known else 0.0
    return last["val_loss"] > HARMED * last["loss"] + margin


SCALES = (columns_out_of_scale, targets_out_of_scale, validation_scale)
