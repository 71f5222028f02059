"""A share of this machine for each of the runs beside each other: threads of the processor, and GPUs.

No backend is loaded to count GPUs, as it would take memory of each: the driver is asked.
"""

import os
import subprocess
from collections.abc import Iterable

from vgglab.config.schema import RunConfig
from vgglab.errors import UsageError
from vgglab.keras_tools.threads import cores, on_threads
from vgglab.runs.environment import package_version

MOST = 256
DRIVER = ("nvidia-smi", "--query-gpu=index", "--format=csv,noheader")
PATIENCE = 60  # seconds that the driver may take
FOR_JAX = ("jax-cuda12-plugin", "jax-cuda13-plugin")
JAX_SHARE = 0.75  # of a GPU's memory, which JAX takes as a whole where it is told nothing
Share = dict[str, str]  # environment variables


def count_workers(asked: str, configs: Iterable[RunConfig]) -> int:
    """How many runs are to be done beside each other.

    Args:
        asked: a number, or `auto`: one on each GPU that the backend can use; one where there is none, or where a run
            is to use several.
        configs: of the runs.

    Raises:
        UsageError: it is neither.
    """
    if asked == "auto":
        alone = any(config.train.devices != 1 for config in configs)
        return 1 if alone or not can_use_gpus() else max(1, len(list_gpus()))
    if not asked.isdigit() or not 1 <= int(asked) <= MOST:
        raise UsageError(f"--workers is {asked!r}; expected how many runs beside each other, from 1 to {MOST}, or auto")
    return int(asked)


def share_out(workers: int) -> list[Share]:
    """The share of each worker; one alone has the whole machine, as it is."""
    if workers == 1:
        return [{}]
    gpus, threads = list_gpus(), on_threads(max(1, cores() // workers))
    return [threads | _gpus_of(worker, workers, gpus) for worker in range(workers)]


def take_share(asked: str, configs: Iterable[RunConfig]) -> int:
    """Have this process, before it loads a backend, compute on the share of one worker; how many workers there are.

    Raises:
        UsageError: as of `count_workers`.
    """
    shares = share_out(count_workers(asked, configs))
    os.environ.update(shares[0])
    return len(shares)


def list_gpus() -> list[str]:
    """The GPUs that a backend would see here, as CUDA_VISIBLE_DEVICES names them."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    if told is None:
        told = ",".join(_ask_driver())
    named = [each.strip() for each in told.split(",")]
    return [name for name in named if name not in ("", "-1")]


def can_use_gpus() -> bool:
    """Whether the backend is installed in a form that computes on GPUs."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend == "jax":
        return os.environ.get("JAX_PLATFORMS") != "cpu" and any(map(package_version, FOR_JAX))
    return "+cpu" not in (package_version(backend) or "+cpu")


def _ask_driver() -> list[str]:
    try:
        asked = subprocess.run(DRIVER, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return asked.stdout.split() if asked.returncode == 0 else []


def _gpus_of(worker: int, workers: int, gpus: list[str]) -> Share:
    """The GPUs of a worker: some of its own where there are enough, else one that others compute on as well."""
    if not gpus:
        return {}
    if len(gpus) >= workers:
        each = len(gpus) // workers
        return {"CUDA_VISIBLE_DEVICES": ",".join(gpus[worker * each : (worker + 1) * each])}
    together = -(-workers // len(gpus))
    memory = {"XLA_PYTHON_CLIENT_MEM_FRACTION": f"{JAX_SHARE / together:.2f}", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    return {"CUDA_VISIBLE_DEVICES": gpus[worker % len(gpus)]} | memory | _told(memory)


def _told(names: Iterable[str]) -> Share:
    return {name: os.environ[name] for name in names if name in os.environ}
