"""How many devices of the backend share each batch of a run."""

import os

import keras

from vgglab.errors import ConfigError

SIMULATED = "VGGLAB_TORCH_DEVICES"  # how many devices torch's CPU is to be, as XLA_FLAGS tells JAX


def count_devices(asked: int | str) -> int:
    """How many devices a run is to use.

    Args:
        asked: a number, or `all`.

    Raises:
        ConfigError: there are fewer, or the backend is TensorFlow.
    """
    if asked == 1:
        return 1
    backend = keras.backend.backend()
    if backend not in _FOUND:
        raise ConfigError(
            f"train.devices is {asked}; only JAX and torch share a batch among devices here, and the backend is "
            f"{backend}; set KERAS_BACKEND=jax or torch, or use 1"
        )
    there, kind = _FOUND[backend]()
    if asked != "all" and asked > there:
        raise ConfigError(f"train.devices is {asked}; {backend} finds {there} ({kind}); use all, or fewer")
    return there if asked == "all" else asked


def _found_by_jax() -> tuple[int, str]:
    import jax

    return len(jax.devices()), jax.default_backend()


def _found_by_torch() -> tuple[int, str]:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.device_count(), "gpu"
    told = os.environ.get(SIMULATED, "")
    return int(told) if told.isdigit() and int(told) else 1, "cpu"


_FOUND = {"jax": _found_by_jax, "torch": _found_by_torch}
