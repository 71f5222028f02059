"""A process that computes on one of several devices of torch, for a run that shares its batches: `python -m` this.

What it is to do comes as pickles on its standard input, tensors by `torch.distributed`. It keeps nothing that anybody
would miss, and ends when the run does, however that ends.
"""

import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from vgglab.engines.torch_task import READY, Task
from vgglab.keras_tools.backend import configure_backend, import_keras


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
