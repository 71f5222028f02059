"""What to try in somebody's own script: arguments of Keras instead of fields of a config."""

from vgglab.diagnosis.findings.evidence import Finding

ARGUMENTS = {
    "train.learning_rate": "learning_rate",  # of the optimizer
    "train.optimizer": "optimizer",
    "train.batch_size": "batch_size",
    "train.epochs": "epochs",
}


def in_keras(found: Finding) -> Finding:
    """A finding that is said and tried in Keras's words; what has no equal there is left to its text."""
    tried = {ARGUMENTS.get(field, field): value for field, value in found["try"].items()}
    return {**found, "try": {name: value for name, value in tried.items() if "." not in name}, "keras": True}
