"""How many runs have room at once, for an estimate: on the workers of this machine, or on a cluster's machines."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

Machine = dict[str, float]  # what it has, by Ray's names
NAMES = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}  # what a run needs -> what a machine has
TRIAL = "trial"  # of a search: any of them
WORKER = {"num_cpus": 1}  # of which each of this machine's workers is one


class Room:
    """Machines, and the runs that are on them.

    Args:
        machines: what each has.
        needs: run's name -> what it needs, as `cluster.needs` tells; one of no name here takes a core.
        told: where that is, for the end of a sentence.
    """

    def __init__(self, machines: Sequence[Machine], needs: Mapping[str, dict[str, Any]], told: str):
        self.free, self.needs, self.told = deepcopy(list(machines)), needs, told
        self.taken: dict[str, Machine] = {}

    def take(self, name: str) -> bool:
        """Whether there is a machine with room for a run, which is on it from now on."""
        need = self._need(name)
        machine = next((each for each in self.free if all(each.get(what, 0) >= need[what] for what in need)), None)
        if machine is None:
            return False
        for what in need:
            machine[what] = machine.get(what, 0) - need[what]
        self.taken[name] = machine
        return True

    def give(self, name: str) -> None:
        """A run has ended."""
        machine = self.taken.pop(name)
        for what, amount in self._need(name).items():
            machine[what] += amount

    def at_once(self, name: str) -> int:
        """How many runs like one have room, where there are no others."""
        need = {what: amount for what, amount in self._need(name).items() if amount}
        return sum(int(min(machine.get(what, 0) // need[what] for what in need)) for machine in self.free)

    def _need(self, name: str) -> Machine:
        return {NAMES[what]: amount for what, amount in self.needs.get(name, WORKER).items()}


def room_of_workers(count: int) -> Room:
    """The room of so many workers on this machine."""
    return Room(
        [{"CPU": count}],
        {},
        "on this machine" + (f" with {count} workers, each on a share of it" if count > 1 else ""),
    )


def room_of_cluster(machines: Sequence[Machine], needs: Mapping[str, dict[str, Any]]) -> Room:
    """The room of a cluster."""
    count = "1 machine" if len(machines) == 1 else f"{len(machines)} machines"
    like = "taken to be as fast as this one and to do as many runs at once as find cores, GPUs and memory"
    return Room(machines, needs, f"on the cluster's {count}, {like}")
