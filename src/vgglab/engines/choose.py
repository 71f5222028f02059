"""Which engine computes the epochs of a run."""

from functools import partial

import keras

from vgglab.config.schema import TrainConfig
from vgglab.datasets.dataset import are_kept
from vgglab.engines.counting import count_devices
from vgglab.engines.keras_fit import fit_by_keras
from vgglab.engines.placing import Placing, bytes_free
from vgglab.engines.resident import fit_resident
from vgglab.engines.work import Engine
from vgglab.errors import ConfigError
from vgglab.keras_tools.accelerator import accelerated
from vgglab.runs.saved_model import own_names
from vgglab.training.part import TrainedPart

SHARE = 0.5  # of the free memory of a device, that images may take: the rest is for the network


def choose_engine(part: TrainedPart, resident: str, devices: int) -> Engine:
    """The engine for a part of a model.

    Args:
        part: what is trained, on what.
        resident: `auto`: images lie on the device where that is an accelerator and they fit; `on`, `off`.
        devices: that share each batch; more than one of JAX want images on each of them.

    Raises:
        ConfigError: images are to lie on the device and cannot.
    """
    if shared_by_torch(resident, devices):
        from vgglab.engines.torch_replicas import fit_replicated

        return partial(fit_replicated, devices=devices)
    asked = resident == "on" or devices > 1
    if not asked and (resident == "off" or not accelerated()):
        return fit_by_keras
    why_not = never_resident(part.model) or never_there(part) or too_large(part, devices)
    if why_not and asked:
        raise ConfigError(f"train.resident is {resident}, train.devices {devices}, but {why_not}")
    return fit_by_keras if why_not else partial(fit_resident, placing=Placing(devices))


def engine_name(engine: Engine) -> str:
    """What the record of a run calls an engine: its module."""
    return getattr(engine, "func", engine).__module__.rpartition(".")[2]


def check_engine(model: keras.Model, settings: TrainConfig) -> None:
    """Make sure that a run can be computed as it asks to, as far as that is known before it begins.

    Raises:
        ConfigError: images are to lie on the device, or devices to share each batch, and cannot.
    """
    devices = count_devices(settings.devices)
    if shared_by_torch(settings.resident, devices):
        if why_not := never_shared(model):
            raise ConfigError(f"train.devices is {settings.devices}, but {why_not}")
        return
    if (settings.resident == "on" or devices > 1) and (why_not := never_resident(model)):
        raise ConfigError(f"train.resident is {settings.resident}, train.devices {settings.devices}, but {why_not}")


def shared_by_torch(resident: str, devices: int) -> bool:
    """Whether processes of torch, one a device, share each batch."""
    return devices > 1 and keras.backend.backend() == "torch" and resident != "on"


def never_shared(model: keras.Model) -> str:
    """Why processes cannot share the batches of a model; empty if they can."""
    own = sorted(own_names(keras.saving.serialize_keras_object(model)))
    return f"{model.name} has a layer of its own code, {own[0]}, which one process alone knows; use 1" if own else ""


def never_resident(model: keras.Model) -> str:
    """Why a model, whatever it is trained on, cannot be trained on images that lie on the device; empty if it can."""
    if keras.backend.backend() != "jax":
        return f"only JAX has images on the device, and the backend is {keras.backend.backend()}; set KERAS_BACKEND=jax"
    if not model.jit_compile:
        return f"{model.name} has a layer that JAX cannot compile; leave train.resident and train.devices out"
    return ""


def never_there(part: TrainedPart) -> str:
    """Why what a part is trained on cannot lie on a device, however large that is; empty if it can."""
    if all(are_kept(images) for images, _ in (part.train, part.validation)):
        return ""
    return "its images are decoded each time they are needed; leave them out, or set data.stream off"


def too_large(part: TrainedPart, devices: int) -> str:
    """Why what a part is trained and validated on cannot lie on a device; empty if it can."""
    wanted, free = part.train[0].nbytes + part.validation[0].nbytes, bytes_free(devices)
    if free is None or wanted <= SHARE * free:
        return ""
    return (
        f"its images take {wanted / 2**30:.1f} GiB, more than {SHARE:.0%} of the {free / 2**30:.1f} GiB that are free "
        "on the device; use fewer or smaller ones (data.limit, model.image_size), or train.resident off"
    )
