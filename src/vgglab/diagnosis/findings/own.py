"""What to try of a person's own network: its arguments, not the settings of a network of ours."""

from vgglab.config.schema import ARGUMENTS, FOR_VGG16, is_own
from vgglab.diagnosis.findings.evidence import Evidence
from vgglab.diagnosis.findings.phases import Changes

SETTINGS = {f"model.{field}": f"{ARGUMENTS}.{field}" for field in FOR_VGG16}


def for_own_network(changes: Changes, evidence: Evidence) -> Changes:
    """Changes of dotted config fields that a run can make: an own network has none of the settings of ours.

    Where it was given an argument of the same name, such as `dropout`, that is what changes.
    """
    if not is_own(str(evidence.config.get("model.name") or "")):
        return changes
    renamed = {SETTINGS.get(field, field): value for field, value in changes.items()}
    return {field: value for field, value in renamed.items() if field in changes or field in evidence.config}
