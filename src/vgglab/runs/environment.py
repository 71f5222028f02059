"""The machine and the versions that a run was made with."""

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vgglab.keras_tools.threads import threads_of

PACKAGES = ("vgglab", "keras", "tensorflow-cpu", "tensorflow", "jax", "torch", "numpy", "scikit-learn", "pillow")


def describe_environment(seed: int | None, split_seed: int | None, backend: str) -> dict[str, Any]:
    """What `environment.json` holds: versions, hardware, seeds where they are known, git revision of the directory."""
    return {
        "schema": 1,
        "python": platform.python_version(),
        "packages": installed_versions(),
        "backend": backend,
        "platform": platform.platform(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads": threads_of(backend),
        "memory_gib": memory_gib(),
        "seeds": {"train": seed, "split": split_seed},
        "git_revision": _git("rev-parse", "HEAD"),
        "git_changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


@cache
def installed_versions() -> dict[str, str]:
    """The version of each of PACKAGES that is installed."""
    return {name: found for name in PACKAGES if (found := package_version(name))}


def processor_name() -> str:
    """The processor's model name, as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_gib() -> float | None:
    """The machine's memory in GiB, where the system tells."""
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None


def package_version(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
