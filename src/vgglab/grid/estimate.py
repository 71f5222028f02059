"""What a study would cost, from a short timing on this machine."""

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgglab.config import RunConfig
from vgglab.datasets.load import Published, published
from vgglab.grid.local import DONE
from vgglab.models.build import build_model
from vgglab.models.describe import count_flops, count_parameters
from vgglab.models.preprocessing import UNIFORM
from vgglab.runs.store import load
from vgglab.study import PlannedRun
from vgglab.training.phases import begin_phase
from vgglab.training.progress import format_seconds

TIMED_STEPS = 3
FORWARD_SHARE = 1 / 3  # of a training step's time: forward, gradient to the inputs, gradient to the weights


def estimate_runs(planned: list[PlannedRun], folder: Path) -> list[dict[str, Any]]:
    """For each run what it trains and how long that would take here.

    A selection is estimated as the costliest of its candidates. Networks are timed once each, on noise.

    Returns:
        Rows with `run`, `status`, `epochs`, `images` (an epoch's), `parameters`, `flops` (of one image, forward)
        and `seconds` (0 for a run that is done).
    """
    timed: dict[Any, dict[str, Any]] = {}
    rows: dict[str, dict[str, Any]] = {}
    for plan in planned:
        data, settings = published(plan.config.data.name, plan.config.data.coarse), plan.config.train
        train, validation, test = data.part_sizes(plan.config.data.validation, plan.config.data.limit)
        key = (plan.config.model, plan.config.backbone, data, settings.batch_size)
        if not plan.candidates and key not in timed:
            timed[key] = time_network(plan.config, data)
        network = max((rows[name]["network"] for name in plan.candidates), key=_cost) if plan.candidates else timed[key]
        status = load(folder / plan.name).status if (folder / plan.name / "run.json").exists() else "to do"
        work = settings.epochs * (train + FORWARD_SHARE * validation) + FORWARD_SHARE * test
        rows[plan.name] = {
            "run": plan.name,
            "status": status,
            "epochs": settings.epochs,
            "images": train,
            "network": network,
            "seconds": 0.0 if status in DONE else round(work / network["images_per_second"], 1),
        }
    return [{**row, **row.pop("network")} for row in rows.values()]


def time_network(config: RunConfig, data: Published) -> dict[str, Any]:
    """Parameters, FLOPs, and training images a second of a network on this machine."""
    settings = config.train
    model = build_model(config, data.image_shape, data.classes, UNIFORM)
    begin_phase(model, config, config.phases[0], settings.batch_size)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (settings.batch_size, *data.image_shape), dtype="uint8")
    labels = generator.integers(0, data.classes, settings.batch_size)
    model.train_on_batch(images, labels)  # traces the graph
    started = time.perf_counter()
    for _ in range(TIMED_STEPS):
        model.train_on_batch(images, labels)
    seconds = time.perf_counter() - started
    keras.utils.clear_session()
    return {
        "parameters": count_parameters(model)["total"],
        "flops": count_flops(model),
        "images_per_second": round(TIMED_STEPS * settings.batch_size / seconds, 1),
    }


def estimates_table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Header and cells for a person to read."""
    header = ["run", "status", "epochs", "images/epoch", "parameters", "MFLOPs/image", "images/s", "time"]
    return header, [
        [
            row["run"],
            row["status"],
            str(row["epochs"]),
            f"{row['images']:,}",
            f"{row['parameters']:,}",
            f"{row['flops'] / 1e6:,.1f}",
            f"{row['images_per_second']:,.0f}",
            format_seconds(row["seconds"]),
        ]
        for row in rows
    ]


def estimates_text(rows: list[dict[str, Any]]) -> str:
    """The whole, in a sentence."""
    total = sum(row["seconds"] for row in rows)
    return f"about {format_seconds(total)} on this machine, from {TIMED_STEPS} timed steps of each network"


def _cost(network: dict[str, Any]) -> float:
    return -network["images_per_second"]
