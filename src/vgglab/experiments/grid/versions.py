"""Machines that share a study have the same versions of what decides its bits."""

import platform
from collections.abc import Mapping

from vgglab.errors import RunError
from vgglab.runs.environment import installed_versions

ALIKE = ("vgglab", "keras", "tensorflow", "tensorflow-cpu", "jax", "torch")


def own_versions() -> dict[str, str]:
    """The versions here of what has to be the same everywhere."""
    return {name: version for name, version in installed_versions().items() if name in ALIKE}


def check_versions(wanted: Mapping[str, str]) -> None:
    """Make sure that this machine has the versions of the one where a study was started.

    Raises:
        RunError: it has others.
    """
    own = own_versions()
    told = [
        f"{name} {own.get(name, 'none')} instead of {version}"
        for name, version in wanted.items()
        if own.get(name) != version
    ]
    if told:
        raise RunError(f"{platform.node()} has {', '.join(told)}; install the same versions there")
