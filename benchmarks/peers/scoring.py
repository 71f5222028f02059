"""When a published program counts as diagnosed: what is said of it, and which types of faults that would mend."""

from typing import Any

TOLD = ("status", "message", "history", "signals", "classes", "config")  # of an Evidence
# The types that the advice of a finding would mend; a case of its own where that differs. What is not here, or has no
# type, is no diagnosis of any of them. `dead_units` also names another activation, but of hidden layers.
MENDS = {
    "activation_mismatch": "act",
    "batches_of_one_class": "prep",
    "collapsed": "lr",
    "collapsed.quiet": "",
    "collapsed.start": "init prep",
    "constant_outputs": "lr",
    "constant_outputs.quiet": "",
    "dead_units": "lr",
    "dead_units.start": "init",
    "diverged": "lr",
    "diverged.start": "init prep",
    "initial_weights": "init",
    "inputs_out_of_scale": "prep",
    "labels_mismatch": "loss",
    "labels_mismatch.numbers_binary": "act loss layers",
    "learning_rate_too_large": "lr",
    "learning_rate_too_small": "lr",
    "loss_mismatch": "loss",
    "not_learned_yet": "epoch",
    "saturated_units": "act",
    "saturated_units.start": "act prep",
    "signal_lost": "layers",
    "signal_lost.squashed": "act layers",
    "statistics_unsettled": "epoch batch",
    "targets_out_of_scale": "prep",
    "training_too_short": "epoch",
    "training_too_short.batch": "batch epoch",
    "underfitting": "layers",
    "validation_unlike_training": "prep",
    "validation_unsettled": "lr",
    "wrong_outputs": "layers",
}

# Advice that would not mend what is wrong there: a unit for each class, where numbers are predicted; more units in the
# last layer, where a layer before it is missing.
MISLEADS = {
    (46642627, "labels_mismatch.numbers_binary"),
    (41600519, "wrong_outputs"),
    (46995209, "wrong_outputs"),
}


def said(record: dict[str, Any]) -> list[str]:
    """What the rules say of a recorded training, the most severe first: `code` or `code.case`; remarks are left out."""
    from vgglab.diagnosis.findings import Evidence, findings_of

    found = findings_of(Evidence(*(record[name] for name in TOLD), {}, watched=True))
    return [".".join(filter(None, (one["code"], one["case"]))) for one in found if one["severity"] != "info"]


def place(codes: list[str], post: int, types: tuple[str, ...]) -> int | None:
    """Which of the findings is the first that would mend one of the published types of faults, from 1."""
    for number, code in enumerate(codes, 1):
        mends = MENDS.get(code, MENDS.get(code.partition(".")[0], ""))
        if set(mends.split()) & set(types) and (post, code) not in MISLEADS:
            return number
    return None
