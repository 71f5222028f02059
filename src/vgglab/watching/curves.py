"""`vgglab.diagnose`: what the curves of a training say, for whoever has nothing else. Loads no backend."""

import math
from pathlib import Path
from typing import Any

from vgglab.diagnosis.catalog import TEXTS
from vgglab.diagnosis.findings import Evidence, Finding, findings_of
from vgglab.diagnosis.findings.evidence import finding
from vgglab.diagnosis.findings.in_keras import in_keras
from vgglab.diagnosis.reading import check_language, watched_evidence
from vgglab.errors import UsageError
from vgglab.report.findings import Findings
from vgglab.watching.losses import read_losses

# Losses whose value for guessing evenly follows from the number of outputs alone.
EVEN = {"categorical_crossentropy": 0, "sparse_categorical_crossentropy": 0, "binary_crossentropy": 2}


def diagnose(history: Any, model: Any = None, *, language: str = "en") -> Findings:
    """Say what the curves of a training tell, and that they do not tell why.

    What the size of steps, units, gradients, inputs or targets would tell cannot be seen in curves: for that, give
    `vgglab.Watch()` to `fit`.

    Args:
        history: what `fit` returned, a dict of lists, a list of dicts, a pandas frame, or the path of a CSV file such
            as Keras's `CSVLogger` writes; a column `loss` (or `train_loss`), and perhaps `val_loss`, `accuracy` (or
            `acc`), `val_accuracy` and `learning_rate`.
        model: the compiled model, to judge whether its last activation and its loss fit each other as well; guessing
            evenly is then what a cross-entropy is measured by.
        language: of the texts, `en` or `fr`.

    Returns:
        Findings, the most severe first: a list that prints as text, in a notebook as tables. The last one says what was
        not looked at.

    Raises:
        DataError: there is no such file, no loss in it, no epoch, or a loss that is no number.
        UsageError: the history is none, the model is not compiled, or there is no such language.

    Example:
        >>> import vgglab
        >>> found = vgglab.diagnose({"loss": [1.0, 0.5, 0.2, 0.1, 0.05], "val_loss": [1.0, 0.8, 0.9, 1.2, 1.6]})
        >>> [finding["code"] for finding in found]
        ['overfitting', 'curves_alone']
    """
    check_language(language)
    curves = read_losses(history)
    signals = [] if model is None else [line_of(model)]
    status, message = "finished", ""
    if curves.lost:
        epoch, loss = curves.lost
        status, message = "diverged", f"the loss is {loss:g} in epoch {epoch}"
    rate = {"train.learning_rate": next((row["learning_rate"] for row in curves.rows), None)}
    evidence = watched_evidence(status, message, curves.rows, signals, rate)
    only = finding("curves_alone", "info", {}, case="" if model is None else "model")
    return Findings(
        [*(of_curves(found, evidence) for found in findings_of(evidence)), in_keras(only)], language=language
    )


def of_curves(found: Finding, evidence: Evidence) -> Finding:
    """A finding that claims no more than curves tell; where all is well, how the losses went."""
    if found["code"] == "learned" and evidence.chance_known:
        rows = evidence.rows
        values = {"first_loss": rows[0]["loss"], "loss": rows[-1]["loss"], "val_loss": rows[-1]["val_loss"]}
        case = "curves" if evidence.held_out else "curves_alone"
        return {**found, "case": case, "values": values | {"chance": evidence.chance_loss}}
    known = not found["case"] and f"{found['code']}.curves" in TEXTS
    return {**found, "case": "curves"} if known else found


def line_of(model: Any) -> dict[str, Any]:
    """What a compiled model tells of its task without data, as line 0 of signals.

    Raises:
        UsageError: it is not compiled, or not built.
    """
    if not getattr(model, "compiled", False) or not model.built:
        problem = "built" if getattr(model, "compiled", False) else "compiled"
        raise UsageError(f"the model is not {problem}; give the one that was trained, or leave it out")
    from vgglab.diagnosis.probe import describe_model
    from vgglab.diagnosis.task import describe_task, last_activation

    task, told = describe_task(model, None), {"activation": last_activation(model), **describe_model(model)}
    return {"epoch": 0, "task": task | {"guess_loss": even_guess(model, told)}, "model": told}


def even_guess(model: Any, told: dict[str, Any]) -> float | None:
    """The loss of guessing evenly; None where it is no cross-entropy, or other terms are added to it."""
    ways = EVEN.get(told["loss"], 1) or told["outputs"] or 1
    return None if ways < 2 or model.losses else math.log(ways)


def is_table(path: Path) -> bool:
    """Whether a path is a file of losses and no run."""
    return path.is_file() or path.suffix.lower() in (".csv", ".tsv")
