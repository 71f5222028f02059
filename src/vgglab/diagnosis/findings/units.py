"""Findings about units that saturate, and about the weights that a training began with."""

import math
from typing import Any

from vgglab.diagnosis.findings.evidence import Evidence, Finding, finding, listed, measured

SATURATED = 0.5  # share of a layer's values at the limits; half of them pass on no gradient
TOO_LARGE, TOO_SMALL = 5.0, 0.1  # initial deviation, relative to the usual ones
ALIKE = 1e-6  # deviation of a kernel's weights, of their usual one; no more than rounding
NO_KERNELS = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "Embedding")
SQUASHING = ("sigmoid", "hard_sigmoid", "tanh", "hard_tanh", "softsign")
VANISHED = 0.01  # gradient of the first kernel, relative to that of the last one
DEEP = 3  # squashing layers; each passes on at most a quarter (sigmoid) of the gradient


def saturated_units(evidence: Evidence) -> Finding | None:
    """Hidden tanh or sigmoid layers whose values lie at the limits, where the slope is next to nothing."""
    found = {name: share for name, share in _saturated(evidence, evidence.last).items() if share >= SATURATED}
    if not found or not evidence.well_probed or evidence.knows_training:
        return None
    worst, before = max(found, key=found.__getitem__), _saturated(evidence, evidence.start)
    start = max((before.get(name, 0.0) for name in found), default=0.0) >= SATURATED
    figures = {f"saturated {name}": measured(share, 0, 0.2) for name, share in found.items()}
    values = {"layers": listed(found), "layer": worst, "share": found[worst]}
    severity = "error" if evidence.failed else "warning"
    return finding("saturated_units", severity, figures, {}, "start" if start else "", **values)


def _saturated(evidence: Evidence, line: dict[str, Any]) -> dict[str, float]:
    """Share of saturated values of each layer but the last, which should be sure in the end."""
    layers = evidence.model.get("layers", [])
    last = layers[-1]["name"] if layers else ""
    return {name: share for name, share in line.get("saturated", {}).items() if name != last}


def squashing_layers(evidence: Evidence) -> int:
    """How many hidden layers end in a sigmoid or a tanh."""
    return sum(layer.get("activation") in SQUASHING for layer in evidence.model.get("layers", [])[:-1])


def gradient_vanishes(evidence: Evidence) -> Finding | None:
    """A row of squashing layers of which the first gets next to nothing of the gradient that the last one gets."""
    values = [value for value in (evidence.start.get("gradient") or {}).values() if value is not None]
    if not evidence.watched or not evidence.at_chance or squashing_layers(evidence) < DEEP or len(values) < DEEP:
        return None
    share = values[0] / max(values[-1], 1e-12)
    if share >= VANISHED:
        return None
    figures = {"gradient_first": measured(share, 0.1)}
    return finding("signal_lost", "error", figures, {}, "squashed", spread=evidence.last.get("spread") or 0.0)


def initial_weights(evidence: Evidence) -> Finding | None:
    """Kernels that began far larger or smaller than their layer's size asks for, or all alike."""
    if evidence.knows_training:
        return None
    ratios = _relative_deviations(evidence)
    for case, chosen in (
        ("alike", [name for name, ratio in ratios.items() if ratio < ALIKE]),
        ("large", [name for name, ratio in ratios.items() if ratio > TOO_LARGE]),
        ("small", [name for name, ratio in ratios.items() if ratio < TOO_SMALL] if evidence.failed else []),
    ):
        if chosen and not _only_last(evidence, chosen, case):
            return _weights(evidence, ratios, chosen, case)
    return None


def _only_last(evidence: Evidence, chosen: list[str], case: str) -> bool:
    """Whether it is the last layer alone, which may begin small or at zero: its units get gradients of their own."""
    layers = evidence.model["layers"]
    return case != "large" and len(layers) > 1 and chosen == [layers[-1]["name"]]


def _weights(evidence: Evidence, ratios: dict[str, float], chosen: list[str], case: str) -> Finding:
    worst = (max if case == "large" else min)(chosen, key=ratios.__getitem__)
    figures = {f"weight_ratio {worst}": measured(ratios[worst], 0.3, 2.0)}
    values = {"layers": listed(chosen), "count": len(chosen), "layer": worst, "ratio": ratios[worst]}
    severity = "error" if evidence.failed or not evidence.rows else "warning"
    return finding("initial_weights", severity, figures, {}, case, **values)


def _relative_deviations(evidence: Evidence) -> dict[str, float]:
    """Deviation of each trained kernel before training, relative to the usual one that is nearest."""
    found = {}
    for layer in evidence.model.get("layers", []):
        deviation, fan_in, shape = (layer.get(key) for key in ("kernel_deviation", "fan_in", "shape"))
        if not layer["trainable"] or deviation is None or not fan_in or not shape or layer["kind"] in NO_KERNELS:
            continue
        if math.prod(shape) > 1:
            found[layer["name"]] = deviation / _usual(fan_in, shape, deviation)
    return found


def _usual(fan_in: int, shape: list[int], deviation: float) -> float:
    """Of the deviations after Glorot, He and LeCun, the one that is nearest to this one."""
    fan_out = fan_in * shape[-1] / max(shape[-2], 1) if len(shape) > 1 else 1
    usual = (math.sqrt(2 / (fan_in + fan_out)), math.sqrt(2 / fan_in), math.sqrt(1 / fan_in))
    return min(usual, key=lambda one: abs(math.log((deviation or 1e-12) / one)))
