"""Where arrays lie: on one device of JAX, or on several that share each batch.

`keras.distribution.DataParallel` refuses a batch that the devices cannot share evenly, the last one of a validation
too. Here the network is on each device, and the compiler divides the work on a batch, whatever its size: what is
computed is what one device would compute, but for the order of its sums.
"""

from collections.abc import Callable
from typing import Any

import keras


class Placing:
    """Some of JAX's devices, the first ones.

    Args:
        devices: how many.
    """

    def __init__(self, devices: int = 1):
        import jax

        self.devices = jax.devices()[:devices]
        mesh = jax.sharding.Mesh(self.devices, ("batch",))
        self.everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
        self.divided = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))

    def put(self, arrays: Any) -> Any:
        """Arrays, in any structure, on each of the devices."""
        import jax

        return jax.device_put(arrays, self.everywhere if len(self.devices) > 1 else None)

    def compiled(self, function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
        """A function as JAX compiles it, whose results are on each of the devices."""
        import jax

        everywhere = {"out_shardings": self.everywhere} if len(self.devices) > 1 else {}
        return jax.jit(function, **everywhere, **options)

    def shared(self, array: Any) -> Any:
        """Inside a compiled function: an array of which each device takes its share of the rows."""
        import jax

        return jax.lax.with_sharding_constraint(array, self.divided) if len(self.devices) > 1 else array

    def spread(self, variables: list[keras.Variable]) -> None:
        """Have the values of variables on each of the devices, whoever looks at them."""
        for variable in variables if len(self.devices) > 1 else ():
            variable._value = self.put(variable._value)

    def bring_back(self, variables: list[keras.Variable]) -> None:
        """Have the values of variables on the first device alone, where all else is; those that were not used up."""
        for variable in variables if len(self.devices) > 1 else ():
            if variable._value is not None:
                variable._value = variable._value.addressable_data(0)


def bytes_free(devices: int = 1) -> int | None:
    """Memory of a device that nothing is in; None where the device does not say, as a CPU."""
    import jax

    told = [device.memory_stats() for device in jax.devices()[:devices]]
    return min((each["bytes_limit"] - each["bytes_in_use"] for each in told if each), default=None)
