"""A Ray cluster: reaching it, what its machines have, and what a run needs of one."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from vgglab.config.schema import DATASETS, RunConfig
from vgglab.datasets.load import published_for
from vgglab.errors import RunError, VgglabError, explain, first_line

LOCAL, AUTO = "local", "auto"
PATIENCE = 10  # seconds that a cluster has to answer
GIB = 2**30
BACKEND = 1 * GIB  # what a process takes with a backend in it
NETWORK = 2 * GIB  # VGG-16 at full width, with gradients, optimizer and a batch
ADVICE = "start a cluster with ray start --head, or one for this command with --ray local"


def connect(address: str) -> None:
    """Join a cluster, or start one here.

    Raises:
        RunError: Ray is not installed, or no cluster answers.
    """
    if find_spec("ray") is None:
        raise RunError("--ray needs Ray; pip install 'vgglab[ray]'")
    if address not in (LOCAL, AUTO):
        _knock(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault(
        "RAY_DEDUP_LOGS_SKIP_REGEX", ".*"
    )  # else it says of a machine that dies on stdout, among data
    import ray

    options = {"include_dashboard": False} if address == LOCAL else {}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **options)
    except Exception as error:  # of many kinds, by what is there instead
        raise RunError(f"--ray {address}: {first_line(error)}; {ADVICE}") from None
    finally:
        with contextlib.suppress(ValueError):  # not in the main thread, where Ray leaves signals alone too
            signal.signal(signal.SIGTERM, handler)


def disconnect() -> None:
    """Leave the cluster; one that was started here ends."""
    import ray

    ray.shutdown()


def own_address() -> str:
    """The address by which other machines of the cluster reach this one."""
    import ray

    return ray.util.get_node_ip_address()


def alive() -> list[dict[str, float]]:
    """What each machine of the cluster has that takes runs: `CPU`, `GPU`, `memory` in bytes.

    Raises:
        RunError: none takes any.
    """
    import ray

    found = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
    if not found:
        raise RunError("no machine of the cluster has a core for a run; add one with ray start --address HOST:PORT")
    return found


def everywhere(call: Callable[..., Any], *arguments: Any) -> None:
    """Call a function on every machine of the cluster, beside whatever they do.

    Raises:
        RunError: as the function does; or vgglab is not installed there.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    called = []
    for node in ray.nodes():
        if node["Alive"]:
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            task = ray.remote(call).options(num_cpus=0, scheduling_strategy=there)
            called.append((node["NodeManagerHostname"], task.remote(*arguments)))
    for host, result in called:
        try:
            ray.get(result)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, VgglabError):
                raise error.cause from None
            raise RunError(f"{host}: {first_line(error.cause)}; install vgglab there as it is here") from None
        except lost():  # it went just now
            continue


def as_raised(error: Any) -> VgglabError:
    """An error as it was raised on another machine; Ray's own is a traceback."""
    known = isinstance(error.cause, VgglabError)
    return error.cause if known else RunError(f"a machine of the cluster: {explain(error.cause)}")


def lost() -> tuple[type[Exception], ...]:
    """What Ray raises where a machine, or the process on it, is gone."""
    from ray.exceptions import (
        NodeDiedError,
        ObjectLostError,
        RayActorError,
        TaskUnschedulableError,
        WorkerCrashedError,
    )

    return NodeDiedError, ObjectLostError, RayActorError, TaskUnschedulableError, WorkerCrashedError


def needs(config: RunConfig, machines: Sequence[dict[str, float]]) -> dict[str, Any]:
    """What a run needs of its machine, as Ray has it: a GPU where there are any, cores, memory in bytes.

    Cores are shared out by GPU; without GPUs a run has those of the smallest machine, so that each takes one.
    """
    fitting = [machine for machine in machines if machine.get("GPU", 0) >= 1] or machines
    most = int(max(machine.get("GPU", 0) for machine in fitting))
    gpus = most if config.train.devices == "all" else min(most, config.train.devices)
    cores = min(machine["CPU"] * gpus / machine["GPU"] if gpus else machine["CPU"] for machine in fitting)
    memory = min(memory_of(config), int(max(machine.get("memory", 0) for machine in fitting)))
    return {"num_gpus": gpus, "num_cpus": max(1, int(cores)), "memory": memory}


def memory_of(config: RunConfig) -> int:
    """Bytes that a run takes, roughly: backend, network, and the images, where these are not mapped from the disk."""
    network = NETWORK * min(1.0, config.model.width**2)
    if config.data.name not in DATASETS:
        return int(BACKEND + network)
    data = published_for(config)
    height, width, channels = data.image_shape
    return int(BACKEND + network + (data.training + data.test) * height * width * channels)


def _knock(address: str) -> None:
    """Make sure that something listens at an address: Ray would wait for minutes, or end the process.

    Raises:
        RunError: nothing does, or it is no address.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not host or not port.isdigit():
        raise RunError(f"--ray {address}: expected {AUTO}, {LOCAL}, HOST:PORT or ray://HOST:PORT")
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise RunError(f"--ray {address}: no cluster answers there ({error}); {ADVICE}") from None
