"""The network of a run once more, on another device: it takes its part of each step."""

import keras
import torch
import torch.distributed as dist
from keras import ops

from vgglab.engines.torch_step import FIRST, give_values, hand_in, part_of_step, take_part
from vgglab.engines.torch_task import Step, Task
from vgglab.keras_tools.graph import inner_layers
from vgglab.keras_tools.steps import outputs_of
from vgglab.training.batches import seed_noise
from vgglab.training.freezing import at_rest


class Replica:
    """A network that is given its values before each step.

    Args:
        task: what is to be computed.
    """

    def __init__(self, task: Task):
        self.task, self.epoch = task, None
        keras.config.set_floatx(task.floatx)
        self.model = keras.saving.deserialize_keras_object(task.model, safe_mode=True)
        self.model.compile(loss=task.loss, jit_compile=False)
        named = {layer.name: layer for layer in inner_layers(self.model)}
        self.noisy = {number: named[name] for number, name in task.noisy.items()}
        self.resting = [named[name] for name in task.resting]
        self.device = ops.convert_to_tensor(0.0).device

    def meet(self) -> None:
        """Find the other processes, and take the values of all weights from the first one."""
        store = dist.FileStore(self.task.meeting, self.task.size)
        dist.init_process_group(self.task.backend, store=store, rank=self.task.rank, world_size=self.task.size)
        self.trained = [variable.value for variable in self.model.trainable_variables]
        self.values()

    def values(self, _: Step | None = None) -> None:
        """Take the values of all weights."""
        give_values([variable.value for variable in self.model.weights])

    def train(self, step: Step) -> None:
        """Take part in a training step."""
        self.model.train()
        if step.epoch != self.epoch:
            self.epoch = step.epoch
            seed_noise(self.noisy, self.task.seed, step.epoch, self.task.rank)
        (scale,) = give_values(self.trained, [torch.ones((), device=self.device)])
        batch = (*self.part(step), None)[:3]
        with at_rest(self.resting):
            outputs, found = part_of_step(self.model, batch, step.sizes[self.task.rank] / sum(step.sizes), scale)
        dist.reduce(found, FIRST)
        hand_in(outputs, step.sizes)

    def test(self, step: Step) -> None:
        """Take part in a step of a validation."""
        self.model.eval()
        with torch.no_grad():
            hand_in(outputs_of(self.model, self.part(step)[0], training=False), step.sizes)

    def part(self, step: Step) -> list[torch.Tensor]:
        """What this process has of a batch."""
        return [take_part(shape, getattr(torch, dtype), self.device, step.sizes) for shape, dtype in step.arrays]
