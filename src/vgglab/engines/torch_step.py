"""A step on a batch that devices of torch share: what each of their processes does of it.

Each has its part of the images. What it computes is weighted by its share of them, so that sums over the processes are
what one device would compute of the whole batch: loss, gradients, and BatchNormalization's statistics.
"""

from collections.abc import Sequence
from typing import Any

import keras
import torch
import torch.distributed as dist

from vgglab.keras_tools.steps import Moments, loss_of, outputs_of, replaced_moments

FIRST = 0  # the process that all is sent from and to: the run's own


def sizes_of(count: int, devices: int) -> list[int]:
    """How many of `count` images each device has: as many as any other, or one more."""
    return [count // devices + (place < count % devices) for place in range(devices)]


def part_of_step(
    model: keras.Model, batch: Sequence[torch.Tensor | None], share: float, scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What a part of a batch adds to a step.

    Args:
        model: compiled.
        batch: images, labels and weights (or None) of the part.
        share: of the part in the batch.
        scale: by which gradients are multiplied.

    Returns:
        The outputs for the part, and in one vector its gradients, flat, and its loss.
    """
    images, labels, weights = batch
    with replaced_moments(model, lambda moments: _whole_moments(moments, share)):
        outputs = outputs_of(model, images, training=True)
    model.zero_grad()
    loss = share * loss_of(model, images, labels, outputs, weights)
    (loss * scale).backward()
    values = [variable.value for variable in model.trainable_variables]
    gradients = [torch.zeros_like(value) if value.grad is None else value.grad for value in values]
    return outputs.detach(), joined([*gradients, loss.detach()])


def _whole_moments(moments: Moments, share: float) -> Moments:
    """The moments of the whole batch, of which this process has a share."""

    def of_all(inputs: Any, mask: Any) -> tuple[torch.Tensor, torch.Tensor]:
        mean, variance = moments(inputs, mask)
        mean, square = Summed.apply(share * torch.stack([mean, variance + mean**2]))
        return mean, square - mean**2

    return of_all


class Summed(torch.autograd.Function):
    """The sum of a tensor over all processes; each of their losses depends on it, and so do their gradients."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
        """The sum."""
        tensor = tensor.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(tensor)
        return tensor

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        """The sum of the gradients of all losses."""
        return Summed.apply(gradient)


def joined(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Tensors as one vector."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def parted(vector: torch.Tensor, like: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """A vector as tensors of the shapes that others have; views of it."""
    pieces = vector.split([each.numel() for each in like])
    return [piece.reshape(each.shape) for piece, each in zip(pieces, like, strict=True)]


def give_values(values: Sequence[torch.Tensor], more: Sequence[torch.Tensor] = ()) -> list[torch.Tensor]:
    """Give tensors of this process to all others, in place; those of `more` are returned as they are in the first."""
    vector = joined([*(value.detach() for value in values), *more])
    dist.broadcast(vector, FIRST)
    given = parted(vector, [*values, *more])
    if dist.get_rank() != FIRST:
        with torch.no_grad():
            for value, new in zip(values, given, strict=False):
                value.copy_(new)
    return given[len(values) :]


def filled(part: torch.Tensor, count: int) -> torch.Tensor:
    """The rows of a part and, behind them, its first one again, until there are `count`."""
    return torch.cat([part, part[:1].expand(count - len(part), *part.shape[1:])]).contiguous()


def hand_out(rows: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """Give each process its part of rows that are here; returns that of this one."""
    parts = rows.split(sizes)
    filled_parts = [filled(part, sizes[0]) for part in parts]
    dist.scatter(torch.empty_like(filled_parts[0]), filled_parts, FIRST)
    return parts[FIRST]


def take_part(shape: Sequence[int], dtype: torch.dtype, device: str, sizes: list[int]) -> torch.Tensor:
    """The part of this process of rows of a shape that the first one hands out."""
    part = torch.empty((sizes[0], *shape), dtype=dtype, device=device)
    dist.scatter(part, None, FIRST)
    return part[: sizes[dist.get_rank()]]


def hand_in(part: torch.Tensor, sizes: list[int]) -> torch.Tensor | None:
    """The rows that the processes have, in their order, in the first one; None in the others."""
    part, rank = filled(part, sizes[0]), dist.get_rank()
    parts = [torch.empty_like(part) for _ in sizes] if rank == FIRST else None
    dist.gather(part, parts, FIRST)
    return torch.cat([each[:size] for each, size in zip(parts, sizes, strict=True)]) if parts else None
