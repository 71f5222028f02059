"""Checks of what is computed: whether gradients arrive, examples stay apart, and both modes agree."""

from typing import Any

import keras
import numpy as np
from keras import ops, tree

from vgglab.diagnosis.findings.evidence import Finding, finding, listed, measured
from vgglab.keras_tools.stateless import INFERENCE, QUIET, STILL
from vgglab.watching.subject import NotApplicable, Row, Subject, numbers_of

ROUNDING = {"float16": 1e-2, "bfloat16": 5e-2}  # of an output's size, in which two ways of computing it may differ
ROUNDING_FLOAT32 = 1e-3
MIXED = 1e-3  # of the change of an example's own output, that others' may show
UNMOVED = 1e-6  # of an output's size; less is no change
SHAKE = 0.01  # added to weights at random, to tell weights of zero from a way that is cut
ZERO_OUT = ("ReLU", "Activation", "Dense", "Conv")  # in the names of layers whose units can be dead


def gradient_arrives(subject: Subject, about: list[Finding]) -> Row:
    """Every trainable weight gets a gradient, and a finite one."""
    if not subject.network.trainable:
        if about:
            return Row("gradient", "failed", "untrained", {}, tuple(about))
        raise NotApplicable("untrained")
    if subject.begun.slopes is None:
        raise NotApplicable("no_loss")
    slopes = [np.asarray(ops.convert_to_numpy(each), "float32") for each in subject.first.slopes]
    broken = _named(subject, [not np.isfinite(each).all() for each in slopes])
    missed = [] if broken else _missed(subject, slopes)
    found = [*about, *_lost(broken, missed, len(slopes), _dead(subject) if missed else [])]
    values = {"count": len(slopes), "missed": len(missed or broken)}
    said = "gradient_lost" if missed or broken else "gradient"
    return Row("gradient", "failed" if found else "passed", said, values, tuple(found))


def _lost(broken: list[str], missed: list[str], count: int, dead: list[str]) -> list[Finding]:
    if broken:
        figures = {"weights_unreached": measured(len(broken), 0, 0), "trained_weights": measured(count)}
        return [finding("gradient_not_finite", "error", figures, layers=listed(broken), count=len(broken))]
    if missed and dead:
        return [finding("dead_units", "error", {"dead": measured(1.0, 0, 0.99)}, case="start", layers=listed(dead))]
    if missed:
        severity = "error" if 2 * len(missed) >= count else "warning"
        figures = {"weights_unreached": measured(len(missed), 0, 0), "trained_weights": measured(count)}
        values = {"layers": listed(missed), "count": len(missed)}
        return [finding("layer_never_moves", severity, figures, case="unreached", **values)]
    return []


def _missed(subject: Subject, slopes: list[np.ndarray]) -> list[str]:
    """Weights whose gradient is exactly zero, and is so with other weights too."""
    missed = [not each.any() for each in slopes]
    if any(missed):
        passed = subject.network.slopes(_shaken(subject.values), subject.fixed, *subject.fed)
        again = [not np.asarray(ops.convert_to_numpy(each)).any() for each in passed[1]]
        missed = [before and after for before, after in zip(missed, again, strict=True)]
    return _named(subject, missed)


def _shaken(values: list[Any]) -> list[Any]:
    """Values with a little noise, always the same."""
    random = np.random.default_rng(0)
    noise = (SHAKE * random.standard_normal(tuple(each.shape)).astype("float32") for each in values)
    return [each + ops.cast(ops.convert_to_tensor(more), each.dtype) for each, more in zip(values, noise, strict=True)]


def _named(subject: Subject, chosen: list[bool]) -> list[str]:
    return [each.path for each, wanted in zip(subject.network.trainable, chosen, strict=True) if wanted]


def _dead(subject: Subject) -> list[str]:
    """Layers of which every unit is zero for every example, though what they take is not."""
    sizes = [float(ops.convert_to_numpy(each)) for each in subject.first.passed.sizes]
    calls = zip(subject.network.calls, sizes, strict=False)
    names = [call.layer.name for call, size in calls if size == 0 and _can_die(call.layer)]
    return list(dict.fromkeys(names))[:1]  # what follows it has nothing to take


def _can_die(layer: keras.layers.Layer) -> bool:
    return any(word in type(layer).__name__ for word in ZERO_OUT)


def examples_stay_apart(subject: Subject, about: list[Finding]) -> Row:
    """The output of an example follows from its own input, and from no other of the batch."""
    x, outputs, count = subject.fed[0], subject.outputs, len(subject.rows)
    if any(len(each) != count for each in outputs):
        rows = next(len(each) for each in outputs if len(each) != count)
        figures = {"output_rows": measured(rows, count, count)}
        wrong = finding("examples_mixed", "error", figures, case="rows", rows=rows, count=count)
        return Row("apart", "failed", "rows", {"rows": rows, "count": count}, (wrong,))
    if not all(np.isfinite(each).all() for each in outputs):
        raise NotApplicable("not_finite")
    other = swapped(x, count)
    changed = _changes(
        outputs, numbers_of(subject.network.run(INFERENCE, subject.values, subject.settled, other).outputs)
    )
    own, others = float(changed[0]), float(changed[1:].max())
    size = max(float(np.abs(each).max()) for each in outputs)
    figures = {"changed_own": measured(own), "changed_others": measured(others, 0, max(MIXED * own, UNMOVED * size))}
    if others > max(MIXED * own, UNMOVED * size):
        mixed = int((changed[1:] > max(MIXED * own, UNMOVED * size)).sum())
        wrong = finding("examples_mixed", "error", figures, count=mixed, of=count - 1)
        return Row("apart", "failed", "mixed", {"count": mixed, "of": count - 1}, (wrong,))
    if own <= UNMOVED * size and not _moves_when_shaken(subject, other, size):
        wrong = finding("output_constant", "error", {"changed_own": measured(own, UNMOVED * size)})
        return Row("apart", "failed", "constant", {}, (wrong,))
    return Row("apart", "passed", "apart", {"own": own, "others": others})


def swapped(x: Any, count: int) -> Any:
    """Inputs in which the first example is another one: the one of the batch that is least like it."""
    arrays = [np.asarray(ops.convert_to_numpy(each)) for each in tree.flatten(x)]
    if any(array.dtype.kind not in "fiub" for array in arrays):
        raise NotApplicable("text")
    apart = sum(np.abs(a.astype("float64") - a[:1].astype("float64")).reshape(count, -1).sum(axis=1) for a in arrays)
    if not np.nanmax(apart):
        raise NotApplicable("alike")
    place = int(np.nanargmax(apart))
    made = [np.concatenate([array[place : place + 1], array[1:]]) for array in arrays]
    return tree.pack_sequence_as(x, [ops.convert_to_tensor(array) for array in made])


def _changes(before: list[np.ndarray], after: list[np.ndarray]) -> np.ndarray:
    """Largest change of each example's outputs (N,)."""
    return np.max([np.abs(old - new).max(axis=1) for old, new in zip(before, after, strict=True)], axis=0)


def _moves_when_shaken(subject: Subject, other: Any, size: float) -> bool:
    """Whether the first output follows its input once weights of zero are zero no more."""
    values = _shaken(subject.values)
    given = [numbers_of(subject.network.run(QUIET, values, subject.fixed, x).outputs) for x in (subject.fed[0], other)]
    return float(_changes(*given)[0]) > UNMOVED * size


def modes_agree(subject: Subject, about: list[Finding]) -> Row:
    """Inference gives the same twice, and the same as training once what differs by design is at rest."""
    network, x = subject.network, subject.fed[0]
    inferred, calls = subject.inferred, [call.layer.name for call in network.calls]
    sizes = _sizes(inferred.sizes)
    tolerance = ROUNDING.get(str(subject.model.compute_dtype), ROUNDING_FLOAT32)
    for case, mode, fixed in (("random", INFERENCE, inferred.fixed), ("", STILL, subject.settled)):
        passed = network.run(mode, subject.values, fixed, x)
        apart = _apart(subject.outputs, numbers_of(passed.outputs))
        if apart > tolerance:
            layer = _first_apart(calls, sizes, _sizes(passed.sizes), tolerance)
            figures = {"modes_apart": measured(apart, 0, tolerance)}
            wrong = finding("modes_differ", "error", figures, case=case, layer=layer, apart=apart)
            return Row(
                "modes", "failed", "random" if case else "modes_differ", {"layer": layer, "apart": apart}, (wrong,)
            )
    return Row("modes", "passed", "modes", {"apart": apart})


def _sizes(sizes: list[Any]) -> list[float]:
    return [float(ops.convert_to_numpy(each)) for each in sizes]


def _apart(before: list[np.ndarray], after: list[np.ndarray]) -> float:
    """Largest difference of outputs, relative to their size; none of what is not finite in both."""
    scale = max(float(np.nanmax(np.abs(each), initial=1e-12)) for each in before)
    if not np.isfinite(scale):
        raise NotApplicable("not_finite")
    return float(np.max(_changes(before, after)) / scale)


def _first_apart(calls: list[str], before: list[float], after: list[float], tolerance: float) -> str:
    """The first layer that gave something else."""
    if len(calls) != len(before) or len(before) != len(after):
        return "?"
    pairs = zip(calls, before, after, strict=True)
    return next((name for name, old, new in pairs if abs(old - new) > tolerance * max(old, 1e-12)), "?")
