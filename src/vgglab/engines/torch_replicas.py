"""The engine for several devices of torch: Keras's `fit`, whose steps processes share, one on each device.

The run's own process computes on the first device and is what it is without others: callbacks, metrics, checkpoints and
the optimizer's step are its own. So the others have no state that could come to differ: they are given the weights
before each step, and give outputs and their part of the gradient back.

torch's own DistributedDataParallel has each process run the whole program, averages what parts of a batch give as if
these were equally large, and leaves BatchNormalization the statistics of a part.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import keras
import torch
import torch.distributed as dist
from keras import ops

from vgglab.engines.keras_fit import fit_by_keras
from vgglab.engines.torch_step import FIRST, give_values, hand_in, hand_out, part_of_step, parted, sizes_of
from vgglab.engines.torch_task import READY, Step, Task
from vgglab.engines.work import Work
from vgglab.errors import VgglabError
from vgglab.keras_tools.graph import inner_layers
from vgglab.keras_tools.steps import loss_of, metrics_after, outputs_of
from vgglab.keras_tools.threads import cores, on_threads
from vgglab.training.batches import Batches
from vgglab.training.part import TrainedPart

PATIENCE = 5  # seconds until a process whose end was felt has ended


def fit_replicated(work: Work, devices: int) -> None:
    """Compute epochs with `Model.fit`, each step on several devices."""
    with Replicas(work.part, work.train, devices) as replicas, taking_steps(work.part.model, replicas):
        judged = keras.callbacks.LambdaCallback(on_test_begin=lambda _: replicas.give_all())
        fit_by_keras(replace(work, callbacks=[*work.callbacks, judged]))  # after those that lend other values for it


@contextmanager
def taking_steps(model: keras.Model, replicas: "Replicas") -> Iterator[None]:
    """Have replicas take a model's steps inside the block."""
    steps = ("train_step", "test_step")
    for name in steps:
        object.__setattr__(model, name, getattr(replicas, name))
    try:
        yield
    finally:
        for name in steps:
            object.__delattr__(model, name)


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
        self.own_train_step, self.own_test_step = part.model.train_step, part.model.test_step
        self.folder = tempfile.TemporaryDirectory(prefix="vgglab-devices-")
        self.task = task_of(part, batches.seed, devices, str(Path(self.folder.name) / "meeting"))
        self.processes: list[subprocess.Popen] = []

    def __enter__(self) -> Self:
        try:
            environment = os.environ | {"KERAS_BACKEND": "torch"} | on_threads(max(1, cores() // self.size))
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
        for rank, process in enumerate(self.processes, 1):
            if (said := heard(process)) != READY:
                raise LostDevice(rank, said or end_of(process))
        store = dist.FileStore(self.task.meeting, self.size)
        dist.init_process_group(self.task.backend, store=store, rank=FIRST, world_size=self.size)
        give_values([variable.value for variable in self.model.weights])

    def train_step(self, data: Any) -> dict[str, Any]:
        """Take a step on a batch and update the metrics; what Keras's `train_step` does.

        A batch of fewer images than there are devices is left to the first.
        """
        batch = [ops.convert_to_tensor(each) for each in data]
        if len(batch[0]) < self.size:
            return self.own_train_step(data)
        with self.explained():
            loss, gradients, outputs = self.trained(batch)
        with torch.no_grad():
            self.model.optimizer.apply(gradients, self.model.trainable_variables)
        return metrics_after(self.model, (*batch, None)[:3], outputs, loss)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Judge a batch and update the metrics; what Keras's `test_step` does, but for a batch of very few images."""
        batch = [ops.convert_to_tensor(each) for each in data]
        if len(batch[0]) < self.size:
            return self.own_test_step(data)
        with self.explained():
            part, sizes = self.ask("test", batch[:1])
            outputs = hand_in(outputs_of(self.model, part[0], training=False), sizes)
        images, labels, weights = (*batch, None)[:3]
        loss = loss_of(self.model, images, labels, outputs, weights, training=False)
        return metrics_after(self.model, (images, labels, weights), outputs, loss)

    def give_all(self) -> None:
        """Give all processes the values of all weights, as they are now."""
        with self.explained():
            for process in self.processes:
                self.tell(process, Step("values"))
            give_values([variable.value for variable in self.model.weights])

    def trained(self, batch: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
        """Loss, gradients (scaled as the optimizer wants them) and outputs of a batch, computed on all devices."""
        scale = self.model.optimizer.scale_loss(ops.ones(()))
        values = [variable.value for variable in self.model.trainable_variables]
        part, sizes = self.ask("train", batch, [*values, scale])
        outputs, found = part_of_step(self.model, (*part, None)[:3], sizes[FIRST] / sum(sizes), scale)
        dist.reduce(found, FIRST)
        *gradients, loss = parted(found, [*values, scale])
        return loss, gradients, hand_in(outputs, sizes)

    def ask(
        self, what: str, batch: list[torch.Tensor], values: Sequence[torch.Tensor] = ()
    ) -> tuple[list[torch.Tensor], list[int]]:
        """Have all processes take a step, with these values; the part of a batch of this one, and how many all have."""
        sizes = sizes_of(len(batch[0]), self.size)
        arrays = [(tuple(each.shape[1:]), str(each.dtype).removeprefix("torch.")) for each in batch]
        for process in self.processes:
            self.tell(process, Step(what, self.batches.epoch, sizes, arrays))
        if values:
            give_values(values)
        return [hand_out(each, sizes) for each in batch], sizes

    def tell(self, process: subprocess.Popen, message: Any) -> None:
        """Send a process a message."""
        pickle.dump(message, process.stdin)
        process.stdin.flush()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Say of an error in the block that a process ended, where that is the reason."""
        try:
            yield
        except (RuntimeError, OSError):
            self.explain_loss()
            raise

    def explain_loss(self) -> None:
        """Raise what is known of a process that ended; nothing where all go on."""
        patient_until = time.monotonic() + PATIENCE
        while not (ended := [rank for rank, each in enumerate(self.processes, 1) if each.poll() is not None]):
            if time.monotonic() > patient_until:
                return
            time.sleep(0.05)
        reasons = [(rank, end_of(self.processes[rank - 1])) for rank in ended]
        raise LostDevice(*min(reasons, key=lambda reason: "peer" in reason[1])) from None  # others end by its end


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
    """Why a process ended."""
    return heard(process) or f"code {process.wait()}"


def task_of(part: TrainedPart, seed: int, devices: int, meeting: str) -> Task:
    """What the processes are told, but for their number."""
    known = {layer.name for layer in inner_layers(part.model)}
    noisy = {number: layer.name for number, layer in enumerate(part.noisy) if layer.name in known}
    resting = [layer.name for layer in part.resting]
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    network = architecture(part.model), part.model.loss, keras.config.floatx()
    return Task(0, devices, backend, meeting, *network, seed, noisy, resting)


def architecture(model: keras.Model) -> dict[str, Any]:
    """A network as Keras writes it, without weights, optimizer and loss."""
    config = keras.saving.serialize_keras_object(model)
    return {name: value for name, value in config.items() if name != "compile_config"}
