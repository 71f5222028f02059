"""What the processes of several devices are told, and what they say when they can begin."""

from dataclasses import dataclass, field
from typing import Any

READY = "ready"


@dataclass(frozen=True)
class Task:
    """What such a process is told before its first step.

    Attributes:
        rank: its number, from 1, and that of its device.
        size: processes in all.
        backend: of `torch.distributed`.
        meeting: a file by which they find each other.
        model: the network as Keras writes it, without its weights.
        loss: that it is trained by.
        floatx: Keras's default type.
        seed: of the run.
        noisy: names of its layers that draw random numbers, by their number among those of the whole network.
        resting: names of those of them that keep still.
    """

    rank: int
    size: int
    backend: str
    meeting: str
    model: dict[str, Any]
    loss: Any
    floatx: str
    seed: int
    noisy: dict[int, str]
    resting: list[str]


@dataclass(frozen=True)
class Step:
    """Something to do.

    Attributes:
        what: `train` or `test` on a part of a batch, or take the `values` of all weights.
        epoch: from 0.
        sizes: images that each process has.
        arrays: shape of a row and name of the type, of images, labels and perhaps weights.
    """

    what: str
    epoch: int = 0
    sizes: list[int] = field(default_factory=list)
    arrays: list[tuple[tuple[int, ...], str]] = field(default_factory=list)
