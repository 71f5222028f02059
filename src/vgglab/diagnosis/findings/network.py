"""Findings about how a network is put together: what trains, and how outputs and loss fit each other."""

from vgglab.diagnosis.findings.evidence import Evidence, Finding, finding, listed, measured

STILL = 1e-9  # relative change; less is no movement at all
MOVING = 1e-5  # of a moving mean, in moving deviations
SUM_TOLERANCE = 0.02  # of probabilities that sum to one


def nothing_trainable(evidence: Evidence) -> Finding | None:
    """A network of which nothing is trained."""
    if evidence.model.get("trainable", 1):
        return None
    figures = {"trainable": measured(0, 1)}
    return finding("nothing_trainable", "error", figures, {"train.freeze": "none"})


def layers_frozen(evidence: Evidence) -> Finding | None:
    """Frozen layers that never learned anything: their weights are random."""
    layers = [layer for layer in evidence.model.get("layers", []) if layer["kind"] != "BatchNormalization"]
    frozen = [layer["name"] for layer in layers if not layer["trainable"]]
    if not evidence.pretrained and evidence.frozen_backbone:
        return _random_features(evidence)
    if not frozen or evidence.pretrained or len(frozen) == len(layers):
        return None
    severity = "error" if evidence.failed else "warning"
    figures = {"frozen_layers": measured(len(frozen), 0, 0), "layers": measured(len(layers))}
    return finding(
        "layers_frozen", severity, figures, {"train.freeze": "none"}, layers=listed(frozen), count=len(frozen)
    )


def _random_features(evidence: Evidence) -> Finding:
    """A frozen network without weights: its layers may not be recorded, as what they give is computed once."""
    severity, name = "error" if evidence.failed else "warning", evidence.frozen_backbone
    return finding("layers_frozen", severity, {}, {"train.freeze": "none"}, "backbone", backbone=name)


def layer_never_moves(evidence: Evidence) -> Finding | None:
    """Trainable layers whose weights stay exactly as they were, while others change and units are alive."""
    updates = [line["update"] for line in evidence.lines if line.get("update")]
    if not updates or evidence.dead_layers or evidence.start.get("gradient") is None:
        return None
    still = [name for name in updates[0] if all((line.get(name) or 0) < STILL for line in updates)]
    reached = {name: norm or 0 for name, norm in evidence.start["gradient"].items()}
    still = [name for name in still if reached.get(name, 0) == 0]
    if not still or len(still) == len(updates[0]):
        return None
    severity = "error" if evidence.failed else "warning"
    figures = {"update": measured(0.0, 1e-4), "gradient": measured(0.0, 1e-4)}
    return finding("layer_never_moves", severity, figures, layers=listed(still), count=len(still))


def frozen_batch_norm_trains(evidence: Evidence) -> Finding | None:
    """BatchNormalization that goes on adapting to batches although the layer it belongs to is frozen."""
    moving = next((line["moving_update"] for line in evidence.lines if line.get("moving_update")), {})
    found, belongs_to_frozen = [], False
    for layer in evidence.model.get("layers", []):
        if layer["kind"] != "BatchNormalization":
            belongs_to_frozen = not layer["trainable"]
        elif belongs_to_frozen and (moving.get(layer["name"]) or 0) > MOVING:
            found.append(layer["name"])
    if not found:
        return None
    largest = max(moving[name] for name in found)
    figures = {"moving_update": measured(largest, 0, 0)}
    return finding("frozen_batch_norm_trains", "warning", figures, layers=listed(found), count=len(found))


def loss_mismatch(evidence: Evidence) -> Finding | None:
    """A softmax too many or too few for the loss."""
    model, sums = evidence.model, evidence.start.get("row_sum")
    if not model or "crossentropy" not in model["loss"] or model["loss"].startswith("binary"):
        return None
    case = _mismatch(model["softmaxes"], model["from_logits"], sums)
    known = bool(evidence.task and model.get("activation"))  # then `fitting` says all but this
    if not case or (known and case != "twice") or evidence.kind not in ("classes", "binary"):
        return None
    figures = {"softmaxes": measured(model["softmaxes"] + (case == "logits"), 1, 1)}
    if sums and None not in sums:
        figures["row_sum_least"], figures["row_sum_largest"] = (measured(value, 0.98, 1.02) for value in sums)
    return finding("loss_mismatch", "error", figures, case=case, loss=model["loss"])


def _mismatch(softmaxes: int, from_logits: bool, sums: list[float | None] | None) -> str:
    """`twice`, `logits` (softmax within loss and network) or `probabilities` (in neither); "" where they fit."""
    if from_logits:
        return "logits" if softmaxes else ""
    if softmaxes > 1:
        return "twice"
    off = bool(sums) and None not in sums and max(abs(value - 1) for value in sums) > SUM_TOLERANCE
    return "probabilities" if off and not softmaxes else ""


def wrong_outputs(evidence: Evidence) -> Finding | None:
    """As many outputs as classes, or something is off."""
    outputs = evidence.model.get("outputs", evidence.classes)
    if outputs == evidence.classes or evidence.task:  # of a task, `fitting` says it
        return None
    severity = "warning" if outputs > evidence.classes and evidence.knows_training else "error"
    figures = {"outputs": measured(outputs, evidence.classes, evidence.classes)}
    return finding("wrong_outputs", severity, figures, outputs=outputs, classes=evidence.classes)


NETWORK = (
    nothing_trainable,
    wrong_outputs,
    loss_mismatch,
    layers_frozen,
    layer_never_moves,
    frozen_batch_norm_trains,
)
