"""What one epoch tells for certain of a training: that no later one makes it good."""

from vgglab.diagnosis.findings import Evidence, Finding, findings_of


def hopeless(evidence: Evidence) -> Finding | None:
    """A learning rate that overthrew the network in its first steps, so that its output no longer depends on the image.

    A loss that exploded alone is not it: of such networks some recover.
    """
    found = [one for one in findings_of(evidence) if one["code"] == "learning_rate_too_large"]
    certain = evidence.stuck and found and found[0]["severity"] == "error" and found[0]["case"] != "exploded"
    return found[0] if certain else None
