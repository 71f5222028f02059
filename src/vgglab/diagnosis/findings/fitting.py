"""Findings about how last activation, loss and targets fit each other; `fitting_table` says what does."""

from typing import Any

from vgglab.diagnosis.findings.evidence import Evidence, Finding, finding, measured
from vgglab.diagnosis.findings.fitting_table import (
    CATEGORICAL,
    FAMILIES,
    PROBABILITIES,
    activation_verdict,
    loss_verdict,
    range_of,
)

FOR_CLASSES = "loss_mismatch.values"
TOLERANCE = 1e-3  # by which values may lie outside of a range, of its size
# Networks may learn with these all the same, if not as well: no error on their own account.
MILD = ("squared", "sigmoid_classes", "binary_softmax", "short_logits")
CLASSES = {"activation": "softmax"}
SINGLE = {"activation": "sigmoid", "loss": "binary_crossentropy"}
REAL = {"activation": "linear", "loss": "mean_squared_error"}
BY_FORM = {
    "numbers": CLASSES | {"loss": "sparse_categorical_crossentropy"},
    "one-hot": CLASSES | {"loss": "categorical_crossentropy"},
    "column": SINGLE,
    "several": SINGLE,
    "signs": {"activation": "tanh", "loss": "hinge"},
    "values": REAL,
}
# What a verdict's case asks for; what is not here is what the form of the targets asks for.
FIXES: dict[str, dict[str, Any]] = {
    "sigmoid_classes": CLASSES,
    "hinge": {"activation": "tanh"},
    "counts": {"activation": "softplus"},
    "short_logits": {"activation": "linear"},
    "logits_twice": {"from_logits": False},
    "range": {"activation": "linear"},
    "values": REAL,
    "below": {"loss": "mean_squared_error"},
    "direction": {"loss": "mean_squared_error"},
}
ENDS = ("least", "largest")
LOGARITHMS = {"poisson": 0.0, "mean_squared_logarithmic_error": -1.0}  # targets below are cut, or have no logarithm


def activation_mismatch(evidence: Evidence) -> Finding | None:
    """A last activation that the loss cannot use, or whose range the targets leave."""
    if not evidence.task or not evidence.model:
        return None
    loss, activation, form, columns = _ending(evidence)
    verdict = activation_verdict(loss, evidence.model["from_logits"], activation, form, columns)
    if not verdict and activation is None and _outputs_leave(evidence, loss):
        verdict = "activation_mismatch.outputs"
    if _loss_problem(evidence) == FOR_CLASSES and verdict != "activation_mismatch.softmax_one_unit":
        verdict = ""  # held against a loss that has to go
    real = evidence.regression and FAMILIES.get(loss) not in PROBABILITIES
    if not verdict and real and _targets_leave(evidence):
        verdict = "activation_mismatch.range"
    return _found(evidence, verdict)


def _outputs_leave(evidence: Evidence, loss: str) -> bool:
    """Whether outputs were seen that are no probabilities, where the loss takes them for such."""
    if evidence.model["from_logits"] or FAMILIES.get(loss) not in ("binary", "overlap"):
        return False
    seen = [line["outputs"] for line in [evidence.start, *evidence.lines] if line.get("outputs")]
    return any(_leaves(one, 0.0, 1.0) for one in seen)


def _targets_leave(evidence: Evidence) -> bool:
    """Whether targets lie where the last activation cannot go."""
    return _leaves(evidence.task, *range_of(evidence.model.get("activation")))


def _leaves(figures: dict[str, Any], low: float, high: float) -> bool:
    """Whether values reach out of a range by more than rounding."""
    least, largest = figures.get("least"), figures.get("largest")
    if least is None or largest is None:
        return False
    slack = TOLERANCE * max(largest - least, 1e-6)
    return least < low - slack or largest > high + slack


def loss_unfit(evidence: Evidence) -> Finding | None:
    """A loss that does not take targets as they are written, or that is made for another task."""
    return _found(evidence, _loss_problem(evidence)) if evidence.task and evidence.model else None


def _loss_problem(evidence: Evidence) -> str:
    """What is wrong with the loss, as `code.case`; "" for nothing."""
    loss, activation, form, columns = _ending(evidence)
    verdict = loss_verdict(loss, activation, form, columns)
    if verdict == "labels_mismatch.numbers_binary" and (evidence.task.get("least") or 0) > 1:
        verdict = FOR_CLASSES  # numbers of classes begin at 0 or 1
    if verdict == FOR_CLASSES and not _unusable(evidence, loss):
        verdict = ""
    if verdict == "loss_mismatch.squared" and evidence.regression:
        verdict = ""  # whole numbers that count something
    return verdict or _odd_values(evidence, loss, columns)


def _unusable(evidence: Evidence, loss: str) -> bool:
    """Whether real numbers are out of the range in which a loss for classes takes them for shares."""
    family = FAMILIES.get(loss)
    return family == "numbers" or _leaves(evidence.task, -1.0 if family == "signs" else 0.0, 1.0)


def _odd_values(evidence: Evidence, loss: str, columns: int | None) -> str:
    """What is wrong with real numbers under a loss for real numbers that is made for a kind of them."""
    if not evidence.regression:
        return ""
    if FAMILIES.get(loss) == "directions" and columns == 1:
        return "loss_mismatch.direction"
    least = evidence.task.get("least")
    return "loss_mismatch.below" if least is not None and least < LOGARITHMS.get(loss, least) else ""


def outputs_too_few(evidence: Evidence) -> Finding | None:
    """Class numbers that no output stands for: too few units, or numbers that begin at 1."""
    task, outputs = evidence.task, evidence.model.get("outputs")
    largest = task.get("largest")
    if not outputs or outputs < 2 or largest is None or FAMILIES.get(evidence.model["loss"]) != "numbers":
        return None
    if task["form"] not in ("numbers", "column") or largest < outputs:
        return None
    figures = {"outputs": measured(outputs, largest + 1), "largest_label": measured(largest, 0, outputs - 1)}
    if task.get("least") == 1 and largest == outputs:
        return finding("labels_outside", "error", figures, case="from_one", last=outputs - 1, largest=int(largest))
    classes = int(largest) + 1
    return finding("wrong_outputs", "error", figures, {"units": classes}, outputs=outputs, classes=classes)


def accuracy_of_regression(evidence: Evidence) -> Finding | None:
    """Accuracy as the metric of real numbers: it counts those that are hit exactly."""
    named = [name for name in evidence.model.get("metrics", []) if "acc" in name.lower()]
    if not evidence.regression or not named:
        return None
    tried = {"metrics": "mean_absolute_error"}
    return finding("accuracy_of_regression", "info", {"metrics": measured(named[0])}, tried, metric=named[0])


def _ending(evidence: Evidence) -> tuple[str, str | None, str, int | None]:
    """Loss, last activation, form of the targets, columns of the outputs."""
    model = evidence.model
    return model["loss"], model.get("activation"), evidence.task["form"], model.get("outputs")


def _found(evidence: Evidence, verdict: str) -> Finding | None:
    """The finding of a verdict, `code.case`."""
    if not verdict:
        return None
    (code, case), task = verdict.split("."), evidence.task
    loss, activation, form, columns = _ending(evidence)
    figures = {"activation": measured(activation), "loss_name": measured(loss), "form": measured(form)}
    figures = {name: figure for name, figure in figures.items() if figure["value"] is not None}
    if case in ("range", "values", "below", "numbers_binary", "signs"):
        low, high = _wanted(evidence, case)
        figures["targets_least"], figures["targets_largest"] = (measured(task.get(key), low, high) for key in ENDS)
    values = {"loss": loss, "activation": activation, "outputs": columns, "classes": task.get("classes")}
    values |= {key: task.get(key) for key in ENDS}
    return finding(code, _severity(evidence, case), figures, _fix(evidence, case), case, **values)


def _wanted(evidence: Evidence, case: str) -> tuple[float, float | None]:
    """Where targets have to lie."""
    loss, activation, _, _ = _ending(evidence)
    if case == "range":
        return range_of(activation)
    if case == "below":
        return LOGARITHMS[loss], None
    return (-1.0, 1.0) if FAMILIES.get(loss) == "signs" else (0.0, 1.0)


def _severity(evidence: Evidence, case: str) -> str:
    """An error, unless it is mild or the network learned all the same."""
    if case in MILD:
        return "info" if evidence.knows_training else "warning"
    return "warning" if evidence.knows_training else "error"


def _fix(evidence: Evidence, case: str) -> dict[str, Any]:
    """What to try, of what is not so already."""
    loss, activation, form, columns = _ending(evidence)
    tried = FIXES.get(case) or BY_FORM.get(form, {})
    if case in ("unbounded", "outputs"):
        tried = CLASSES if FAMILIES[loss] in CATEGORICAL else {"activation": "sigmoid"}
    if case == "softmax_one_unit" and FAMILIES.get(loss) == "binary":
        tried = {"activation": "sigmoid"}
    if case == "signs":
        return BY_FORM["signs"]
    if case == "numbers":
        tried = BY_FORM["numbers"] if FAMILIES[loss] == "one-hot" else {}
    if case == "numbers_binary" or (case == "one_unit" and form == "numbers"):
        tried = BY_FORM["numbers"] | {"units": evidence.task.get("classes")}
    now = {"loss": loss, "activation": activation, "units": columns}
    return {name: value for name, value in tried.items() if value is not None and now.get(name) != value}


FITTING = (activation_mismatch, loss_unfit, outputs_too_few)
