"""A process that computes on one of several devices of torch, for a run that shares its batches: `python -m` this.

What it is to do comes as pickles on its standard input, tensors by `torch.distributed`. It keeps nothing that anybody
would miss, and ends when the run does, however that ends.
"""

import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from vgglab.keras_tools.backend import configure_backend, import_keras

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


def serve() -> None:
    """Be such a process, until there is nothing more to do or nobody to do it for."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    try:
        configure_backend()
        compute(pickle.load(questions), questions, lambda answer: _say(answer, answers))
    except EOFError:
        os._exit(0)
    except BaseException as error:  # whatever it is, the run has to know why this process is no more
        with suppress(OSError):
            _say(f"{type(error).__name__}: {error}", answers)
        os._exit(1)


def compute(task: Task, questions: BinaryIO, say: Callable[[str], None]) -> None:
    """Take the steps that are asked for."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_device(task.rank)
    import_keras()
    from vgglab.engines.torch_replica import Replica

    replica = Replica(task)
    say(READY)
    replica.meet()
    while True:
        step = pickle.load(questions)
        getattr(replica, step.what)(step)


def _say(answer: str, answers: BinaryIO) -> None:
    pickle.dump(answer, answers)
    answers.flush()


if __name__ == "__main__":
    serve()
