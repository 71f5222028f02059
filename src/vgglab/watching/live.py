"""What is said while a training goes on, and what ends it: only what is certain already, once."""

import sys
from typing import Any

from vgglab.diagnosis.catalog import TEXTS
from vgglab.diagnosis.findings import Evidence, Finding, findings_of
from vgglab.diagnosis.reading import one_line
from vgglab.errors import UsageError

# Made out from data, network and loss as they were when training began: the course can soften them, not take them back.
# What a network has to fail for is not among them: labels that nothing is learned from, weights, rare classes.
STAYS = {
    "activation_mismatch",
    "labels_mismatch",
    "loss_mismatch",
    "wrong_outputs",
    "labels_outside",
    "images_constant",
    "inputs_out_of_scale",
    "targets_out_of_scale",
    "validation_unlike_training",
    "duplicates",
    "batches_of_one_class",
    "nothing_trainable",
    "layers_frozen",
    "frozen_batch_norm_trains",
}


def check_codes(codes: tuple[str, ...]) -> None:
    """Make sure that a training is to be stopped on findings that there are.

    Raises:
        UsageError: there is no such finding.
    """
    known = sorted({key.partition(".")[0] for key in TEXTS})
    if unknown := [code for code in codes if code not in known]:
        raise UsageError(f"stop_on names {unknown[0]!r}, which is no finding; expected some of {', '.join(known)}")


class Live:
    """Says on stderr what has become certain.

    Args:
        language: of the texts.
    """

    def __init__(self, language: str):
        self.language = language
        self.said: set[tuple[str, str]] = set()

    def update(self, evidence: Evidence, epoch: int) -> None:
        """Say what is certain now and was not said yet.

        Args:
            evidence: of the training so far.
            epoch: that goes on or has just ended, from 1; 0 before the first step.
        """
        for found in certain(evidence):
            if (key := (found["code"], found["case"])) not in self.said:
                self.said.add(key)
                say(f"epoch {epoch}: {one_line(found, self.language)}" if epoch else one_line(found, self.language))


def certain(evidence: Evidence) -> list[Finding]:
    """Findings that no later epoch can take back."""
    found = [one for one in findings_of(evidence) if one["severity"] != "info"]
    return [one for one in found if one["code"] in STAYS or has_happened(one["code"], evidence)]


def has_happened(code: str, evidence: Evidence) -> bool:
    """Whether a finding is of steps that no later one makes good: a loss, or outputs that no gradient changes."""
    return code == "diverged" or (code == "learning_rate_too_large" and evidence.stuck)


def say(text: Any) -> None:
    """A line for a person."""
    print(f"vgglab: {text}", file=sys.stderr, flush=True)
