"""A study of six runs on a Ray cluster of three machines, one of which is killed in mid-run; then the same on one.

    python benchmarks/ray_killed.py [--limit 500] [--width 0.1] [--epochs 6] [--keep FOLDER]

The machines are Ray's nodes on this one (`ray.cluster_utils.Cluster`), with a core each; run folders travel as they
do between machines. When the second epoch of a run has come back that is not on the head, its machine is killed.
Prints what was said, and how the files of the runs differ from those of the same study without a cluster; code 1 where
they do.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from same_runs import differences

from vgglab.config.study_file import Study, plan_runs
from vgglab.experiments.study import run_study
from vgglab.runs.environment import describe_environment

ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
QUICK = {"worker_niceness": 0}  # they wait for nothing else that this machine does
EPOCH = 2  # after which the machine of a run is killed


def six_runs(limit: int, width: float, epochs: int) -> Study:
    """VGG-16 with BatchNormalization on the digits, with three rates and two seeds."""
    defaults = {"data": {"limit": limit}, "model": {"width": width, "batch_norm": True}, "train": {"epochs": epochs}}
    matrix = {"train.learning_rate": [0.02, 0.05, 0.1], "train.seed": [0, 1]}
    return Study.model_validate({"name": "six", "defaults": defaults, "runs": [{"name": "r", "matrix": matrix}]})


class Killer:
    """Kills the machine of the first run, but those on the head, that has come so far.

    Args:
        cluster: whose machine it is.
        say: told of it.
    """

    def __init__(self, cluster: Any, say: Any):
        self.cluster, self.say, self.done = cluster, say, False

    def __call__(self, run: Any, place: Any) -> None:
        """Told of a run after each of its epochs."""
        self.say(f"  {run.record.name}: {run.status}, epoch {run.record.epochs_done}, on node {place.node[:4]}")
        if self.done or run.record.epochs_done != EPOCH or place.node == self.cluster.head_node.node_id:
            return
        self.done = True
        self.say(f"  --- node {place.node[:4]} is killed")
        nodes = [node for node in self.cluster.worker_nodes if node.node_id == place.node]
        self.cluster.remove_node(nodes[0], allow_graceful=False)


def on_a_cluster(study: Study, folder: Path, say: Any) -> dict[str, str]:
    """Do the study on three machines, of which one dies; what failed."""
    from ray.cluster_utils import Cluster

    from vgglab.experiments.grid.ray import Rays

    cluster = Cluster(True, head_node_args={"num_cpus": 1, "include_dashboard": False, "_system_config": QUICK})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    planned = plan_runs(study, {})
    try:
        with Rays(cluster.address, say, Killer(cluster, say), sharing=False) as train:
            return run_study(study, planned, folder, True, say, train, len(planned))
    finally:
        cluster.shutdown()


def main() -> None:
    """Do both and print how they differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--width", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--keep", type=Path, help="folder for the runs")
    given = parser.parse_args()
    os.environ.update(ONE_THREAD)
    study, started = six_runs(given.limit, given.width, given.epochs), time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:4.0f} s  {line}", flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).absolute()
        failed = on_a_cluster(study, folder / "cluster", say)
        say("the same on one machine")
        failed |= run_study(study, plan_runs(study, {}), folder / "one", True, say)
        wrong = differences(folder / "one", folder / "cluster")
    print("failed:", failed or "none", "\nfiles that differ:", *(wrong or ["none"]))
    print(describe_environment(0, 0, "tensorflow"))
    sys.exit(bool(failed or wrong))


if __name__ == "__main__":
    main()
