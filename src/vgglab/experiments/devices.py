"""What there is to compute on, how fast it is, and what of that a step of a network reaches."""

import os
from typing import Any

import keras

from vgglab.config.schema import RunConfig
from vgglab.datasets.load import published_for
from vgglab.experiments.estimate import FORWARD_SHARE, time_network
from vgglab.keras_tools.devices import copy_rate, host_rate, list_devices, product_flops
from vgglab.runs.environment import memory_gib, package_version, processor_name

PRODUCTS = ("float32", "bfloat16")


def look_at_devices(config: RunConfig | None = None) -> dict[str, Any]:
    """The devices of the backend, and what the first of them, which is computed on, was measured to do.

    Args:
        config: of a run whose step is to be timed; None for none.

    Returns:
        `backend`, `version`, `processor`, `cores`, `memory_gib` (of the host) and `devices` (`kind`, `name`,
        `memory_gib`, `used`); `product_tflops` by precision, `copy_gb_per_second` (read and written, on the device),
        `host_gb_per_second` (from the host to it; None on a CPU); with a config `step`, as of `time_step`.
    """
    backend, devices = keras.backend.backend(), list_devices()
    kind = devices[0].kind
    rates = {precision: product_flops(kind, precision) for precision in PRODUCTS}
    from_host = host_rate(kind)
    found = {
        "backend": backend,
        "version": package_version(backend) or package_version(f"{backend}-cpu"),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "memory_gib": memory_gib(),
        "devices": [{**each._asdict(), "used": place == 0} for place, each in enumerate(devices)],
        "product_tflops": {precision: _short(rate / 1e12) for precision, rate in rates.items()},
        "copy_gb_per_second": _short(copy_rate(kind) / 1e9),
        "host_gb_per_second": from_host and _short(from_host / 1e9),
    }
    return found | {"step": time_step(config, rates)} if config else found


def time_step(config: RunConfig, rates: dict[str, float]) -> dict[str, Any]:
    """A training step of a run's network on noise, one after the other, its batch copied to the device each time.

    Returns:
        `precision`, `batch_size`, `images_per_second`, `tflops` (that the network's operations need, by their count)
        and `share` of what a matrix product reaches in that precision; in float16 that of bfloat16.
    """
    network = time_network(config, published_for(config))
    precision, rate = config.train.precision, network["images_per_second"]
    needed = rate * network["flops"] / FORWARD_SHARE
    return {
        "precision": precision,
        "batch_size": config.train.batch_size,
        "images_per_second": rate,
        "tflops": _short(needed / 1e12),
        "share": _short(needed / rates[precision if precision in rates else "bfloat16"]),
    }


def devices_table(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and cells for a person to read."""
    rows = [
        [
            "used" if each["used"] else "",
            each["kind"],
            each["name"] or found["processor"],
            _known(each["memory_gib"] or (found["memory_gib"] if each["kind"] == "cpu" else None)),
        ]
        for each in found["devices"]
    ]
    return ["", "kind", "name", "memory GiB"], rows


def devices_text(found: dict[str, Any]) -> str:
    """What was measured, a line a thing."""
    lines = [f"matrix product, {precision}: {rate:,.3g} TFLOP/s" for precision, rate in found["product_tflops"].items()]
    lines.append(f"copy on the device: {found['copy_gb_per_second']:,.4g} GB/s, read and written")
    if found["host_gb_per_second"]:
        lines.append(f"copy from the host: {found['host_gb_per_second']:,.3g} GB/s")
    if step := found.get("step"):
        lines.append(
            f"a step of {step['batch_size']} images in {step['precision']}: {step['images_per_second']:,.0f} images/s, "
            f"{step['tflops']:,.3g} TFLOP/s, {step['share']:.1%} of the matrix product"
        )
    return "\n".join(lines)


def backend_text(found: dict[str, Any]) -> str:
    """Backend, and the host beside it."""
    host = f"{found['processor']}, {found['cores']} cores, {_known(found['memory_gib'])} GiB"
    return f"{found['backend']} {found['version']}, on a host with {host}"


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _known(value: float | None) -> str:
    return "not told" if value is None else f"{value:,}"
