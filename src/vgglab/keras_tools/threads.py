"""On how many threads a backend computes on a CPU: on all cores, but where the environment says otherwise."""

import os

# Read by each backend when it starts its threads. TensorFlow does what does not wait for each other on others again.
VARIABLES = {"tensorflow": "TF_NUM_INTRAOP_THREADS", "torch": "OMP_NUM_THREADS", "jax": "NPROC"}
BESIDE = "TF_NUM_INTEROP_THREADS"


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_of(backend: str) -> int:
    """The threads that a backend computes on in this process: bits follow from it, as the order of sums does."""
    told = os.environ.get(VARIABLES.get(backend, ""), "")
    return int(told) if told.isdigit() and int(told) else cores()


def on_threads(count: int) -> dict[str, str]:
    """Environment variables that have each backend compute on so many threads; what the user has set stays."""
    return {name: os.environ.get(name, str(count)) for name in (*VARIABLES.values(), BESIDE)}
