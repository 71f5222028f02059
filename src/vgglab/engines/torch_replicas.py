"""The engine for several devices of torch: Keras's `fit`, whose training steps processes share, one on each device.

The run's own process computes on the first device and is what it is without others: callbacks, validation, metrics,
checkpoints and the optimizer's step are its own. So the others have no state that could come to differ: they are given
the weights before each step, and give their part of the gradient back.

`keras.distribution.DataParallel` has each process run the whole program, and averages what equally large parts of a
batch give; torch's DistributedDataParallel, which it uses, leaves BatchNormalization the part's own statistics.
"""

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, Self

import keras
import torch
import torch.distributed as dist
from keras import ops

from vgglab.engines.keras_fit import fit_by_keras
from vgglab.engines.torch_step import FIRST, give_values, hand_in, hand_out, part_of_step, parted, sizes_of
from vgglab.engines.torch_worker import READY, Step, Task
from vgglab.engines.work import Work
from vgglab.errors import VgglabError
from vgglab.keras_tools.graph import inner_layers
from vgglab.keras_tools.threads import cores, on_threads
from vgglab.training.batches import Batches
from vgglab.training.part import TrainedPart

PATIENCE = 10  # seconds until a process whose end was felt has ended


def fit_replicated(work: Work, devices: int) -> None:
    """Compute epochs with `Model.fit`, each training step on several devices."""
    model = work.part.model
    with Replicas(work.part, work.train, devices) as replicas, taking_steps(model, replicas.train_step):
        fit_by_keras(work)


@contextmanager
def taking_steps(model: keras.Model, train_step: Callable[[Any], Any]) -> Iterator[None]:
    """Have a model take its training steps otherwise inside the block."""
    object.__setattr__(model, "train_step", train_step)
    try:
        yield
    finally:
        object.__delattr__(model, "train_step")


class LostDevice(VgglabError):
    """A process that computed on one of the devices is no more."""

    def __init__(self, device: int, why: str):
        super().__init__(f"the process that computes on device {device} died ({why}); the run goes on with --resume")


class Replicas:
    """The processes that compute on all devices but the first; they end with the block.

    Args:
        part: what is trained.
        batches: that it is trained on, told their epoch.
        devices: in all.

    Raises:
        LostDevice: one of the processes died.
    """

    def __init__(self, part: TrainedPart, batches: Batches, devices: int):
        self.model, self.batches, self.size = part.model, batches, devices
        self.own_step = part.model.train_step
        self.folder = tempfile.TemporaryDirectory(prefix="vgglab-devices-")
        self.task = task_of(part, batches.seed, devices, str(Path(self.folder.name) / "meeting"))
        self.processes: list[subprocess.Popen] = []

    def __enter__(self) -> Self:
        try:
            environment = os.environ | on_threads(max(1, cores() // self.size))
            for _ in range(1, self.size):
                self.processes.append(started(environment))
            for rank, process in enumerate(self.processes, 1):
                self.tell(process, replace(self.task, rank=rank))
            self.meet()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
            process.stdin.close()
            process.stdout.close()
        if dist.is_initialized():
            dist.destroy_process_group()
        self.folder.cleanup()

    def meet(self) -> None:
        """Wait until all processes are there, and give them the values of all weights."""
        if any(heard(process) != READY for process in self.processes):
            self.explain_loss()
        store = dist.FileStore(self.task.meeting, self.size)
        dist.init_process_group(self.task.backend, store=store, rank=FIRST, world_size=self.size)
        give_values([variable.value for variable in self.model.weights])

    def train_step(self, data: Any) -> dict[str, Any]:
        """Take a step on a batch and update the metrics; what Keras's `train_step` does.

        A batch of fewer images than there are devices is left to the first.
        """
        batch = [ops.convert_to_tensor(each) for each in data]
        if len(batch[0]) < self.size:
            return self.own_step(data)
        try:
            loss, gradients, outputs = self.shared(batch)
        except (RuntimeError, OSError) as error:
            self.explain_loss(error)
        images, labels, weights = (*batch, None)[:3]
        self.model._loss_tracker.update_state(loss, sample_weight=len(images))
        with torch.no_grad():
            self.model.optimizer.apply(gradients, self.model.trainable_variables)
        return self.model.compute_metrics(images, labels, outputs, sample_weight=weights)

    def shared(self, batch: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
        """Loss, gradients (scaled as the optimizer wants them) and outputs of a batch, computed on all devices."""
        sizes = sizes_of(len(batch[0]), self.size)
        arrays = [(tuple(each.shape[1:]), str(each.dtype).removeprefix("torch.")) for each in batch]
        for process in self.processes:
            self.tell(process, Step(self.batches.epoch, sizes, arrays))
        scale = self.model.optimizer.scale_loss(ops.ones(()))
        values = [variable.value for variable in self.model.trainable_variables]
        give_values(values, [scale])
        part = [hand_out(each, sizes) for each in batch]
        outputs, found = part_of_step(self.model, (*part, None)[:3], sizes[FIRST] / sum(sizes), scale)
        dist.reduce(found, FIRST)
        *gradients, loss = parted(found, [*values, scale])
        return loss, gradients, hand_in(outputs, sizes)

    def tell(self, process: subprocess.Popen, message: Any) -> None:
        """Send a process a message."""
        pickle.dump(message, process.stdin)
        process.stdin.flush()

    def explain_loss(self, error: Exception | None = None) -> NoReturn:
        """Raise what is known of a process that ended; an error that has another reason is raised as it is."""
        for rank, process in enumerate(self.processes, 1):
            if why := end_of(process):
                raise LostDevice(rank, why) from error
        raise error or LostDevice(1, "it said nothing")


def started(environment: dict[str, str]) -> subprocess.Popen:
    """A process that computes; Ctrl-C in a terminal is not for it, as the run ends it."""
    command = [sys.executable, "-P", "-m", "vgglab.engines.torch_worker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=environment, start_new_session=True, **pipes)


def heard(process: subprocess.Popen) -> str:
    """What a process says; nothing if it has ended."""
    try:
        return pickle.load(process.stdout)
    except (EOFError, pickle.UnpicklingError):
        return ""


def end_of(process: subprocess.Popen) -> str:
    """Why a process ended; nothing if it goes on."""
    try:
        code = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return ""
    return heard(process) or f"code {code}"


def task_of(part: TrainedPart, seed: int, devices: int, meeting: str) -> Task:
    """What the processes are told, but for their number."""
    known = {layer.name for layer in inner_layers(part.model)}
    noisy = {number: layer.name for number, layer in enumerate(part.noisy) if layer.name in known}
    resting = [layer.name for layer in part.resting]
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    return Task(0, devices, backend, meeting, architecture(part.model), part.model.loss, seed, noisy, resting)


def architecture(model: keras.Model) -> dict[str, Any]:
    """A network as Keras writes it, without weights, optimizer and loss."""
    config = keras.saving.serialize_keras_object(model)
    return {name: value for name, value in config.items() if name != "compile_config"}
