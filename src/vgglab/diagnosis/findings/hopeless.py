"""What one epoch tells for certain of a training: that no later one makes it good."""

from vgglab.diagnosis.findings import Evidence, Finding, findings_of
from vgglab.diagnosis.findings.steps import LARGE_UPDATE


def hopeless(evidence: Evidence) -> Finding | None:
    """A learning rate that overthrew the network in its first steps, so that its output no longer depends on the image.

    A loss that exploded without such a step is not it: of those networks some recover.
    """
    if not evidence.stuck or evidence.largest_update[1] < LARGE_UPDATE:
        return None
    errors = (one for one in findings_of(evidence) if one["severity"] == "error")
    return next((one for one in errors if one["code"] == "learning_rate_too_large"), None)
