"""What the runs of a study read, as Ray holds it for its machines."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from vgglab.config.schema import RunConfig
from vgglab.experiments.grid.freight import Freight, Ticket
from vgglab.experiments.outside import Outside, outside


class Cargo:
    """A freight that is read once, by the thread that is first; others that want it wait for that one.

    Args:
        find: the freight.
    """

    def __init__(self, find: Callable[[], Freight]):
        self.find, self.lock = find, threading.Lock()
        self.freight: Freight | None = None
        self.parts: list[Any] = []

    def ticket(self) -> Ticket:
        """What a machine is told of it first.

        Raises:
            DataError: there is no such data.
        """
        with self.lock:
            self.freight = self.freight or self.find()
            return self.freight.ticket

    def held(self) -> list[Any]:
        """Its parts, held by Ray until the study ends; the ticket was asked for before."""
        import ray

        with self.lock:
            if not self.parts:
                self.parts = [ray.put(part) for part in self.freight.parts()]
            return self.parts


class Hold:
    """The cargo of all runs; one that several runs read is there once.

    Args:
        find: the freight of what `outside` tells of.
    """

    def __init__(self, find: Callable[[Outside], Freight]):
        self.find, self.lock = find, threading.Lock()
        self.loaded: dict[Outside, Cargo] = {}

    def bring(self, there: Any, config: RunConfig) -> None:
        """Have what a run reads where the run is: a `There`. It travels to a machine once.

        Raises:
            DataError: the data is missing, or the machine has no room for it.
        """
        import ray

        for field, what in outside(config).items():
            with self.lock:
                cargo = self.loaded.setdefault(what, Cargo(partial(self.find, what)))
            ticket = cargo.ticket()
            if not ray.get(there.bring.remote(field, ticket)):
                ray.get(there.bring.remote(field, ticket, cargo.held()))
