"""What a study would cost, from a short timing on this machine."""

import heapq
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vgglab.config.schema import RunConfig
from vgglab.config.study_file import PlannedRun
from vgglab.datasets.load import Published, published_for
from vgglab.errors import RunError
from vgglab.experiments.grid.beside import Order
from vgglab.experiments.grid.local import DONE
from vgglab.experiments.grid.room import Room
from vgglab.keras_tools.precision import computing_in
from vgglab.models.build import build_model
from vgglab.models.describe import count_flops, count_parameters
from vgglab.models.preprocessing import UNIFORM
from vgglab.models.pretrained import undownloaded
from vgglab.runs.store import load
from vgglab.training.batches import one_hot
from vgglab.training.compiling import compile_model
from vgglab.training.cut import cut_model
from vgglab.training.part import computes_once
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
    networks: dict[str, dict[str, Any]] = {}
    rows = []
    for plan in planned:
        config, data = plan.config, published_for(plan.config)
        network = config.model.model_dump_json()
        key = (network, config.backbone, config.augment, *_step(config), data)
        if not plan.candidates and key not in timed:
            timed[key] = time_network(config, data)
        network = max((networks[name] for name in plan.candidates), key=_cost) if plan.candidates else timed[key]
        networks[plan.group] = network
        status = load(folder / plan.name).status if (folder / plan.name / "run.json").exists() else "to do"
        row = {
            "run": plan.name,
            "status": status,
            "epochs": config.train.epochs,
            "images": data.part_sizes(config.data.validation, config.data.limit)[0],
            "seconds": 0.0 if status in DONE else round(estimate_seconds(config, data, network), 1),
        }
        rows.append(row | network)
    return rows


def estimate_seconds(config: RunConfig, data: Published, network: dict[str, Any]) -> float:
    """Seconds of a run: its epochs, and one pass through what is frozen and computed once."""
    train, validation, test = data.part_sizes(config.data.validation, config.data.limit)
    epochs = config.train.epochs * (train + FORWARD_SHARE * validation) / network["images_per_second"]
    if network["frozen_images_per_second"] is None:
        return epochs + FORWARD_SHARE * test / network["images_per_second"]
    once = train * (config.augment.views or 1) + validation + test
    return epochs + once / network["frozen_images_per_second"]


def time_network(config: RunConfig, data: Published) -> dict[str, Any]:
    """Parameters, FLOPs, and images a second on this machine: in training, and through what is computed once."""
    model = build_model(undownloaded(config), data.image_shape, data.classes, UNIFORM)
    begin_phase(model, config, config.phases[0], config.train.batch_size)
    cut = cut_model(model) if computes_once(config) else None
    generator = np.random.default_rng(0)
    inputs = generator.integers(0, 256, (config.train.batch_size, *data.image_shape), dtype="uint8")
    labels = generator.integers(0, data.classes, config.train.batch_size)
    labels = one_hot(labels, data.classes) if config.soft_labels else labels
    trained, frozen_rate = model, None
    if cut:
        frozen_rate = _rate(lambda: cut.frozen.predict_on_batch(inputs), len(inputs))
        trained, inputs = cut.trained, cut.frozen.predict_on_batch(inputs)
        compile_model(trained, model.optimizer, config.soft_labels)
    with computing_in(model, config.train.precision):
        rate = _rate(lambda: trained.train_on_batch(inputs, labels), len(labels))
    figures = {"parameters": count_parameters(model)["total"], "flops": count_flops(model)}
    keras.utils.clear_session()
    return figures | {"images_per_second": rate, "frozen_images_per_second": frozen_rate}


def _step(config: RunConfig) -> tuple[Any, ...]:
    """Of how a run is trained, what the time of a step depends on."""
    return config.train.freeze, config.train.batch_size, config.train.precision


def _rate(step: Callable[[], Any], images: int) -> float:
    """Images a second of a step, its tracing apart."""
    step()
    started = time.perf_counter()
    for _ in range(TIMED_STEPS):
        step()
    return round(TIMED_STEPS * images / (time.perf_counter() - started), 1)


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


def place(rows: list[dict[str, Any]], order: Order, room: Room) -> None:
    """Add to each row in which second it `begins`, where as many runs are done beside each other as have room.

    Args:
        rows: as of `estimate_runs`, timed on what a run has of a machine.
        order: of the same runs.
        room: where they are done.

    Raises:
        RunError: a run has no room though no other is there.
    """
    of, now, running, waiting = {row["run"]: row for row in rows}, 0.0, [], []
    while True:
        waiting += iter(order.ready, None)
        for name in [name for name in waiting if room.take(name)]:
            waiting.remove(name)
            of[name]["begins"] = round(now, 1)
            heapq.heappush(running, (now + of[name]["seconds"], name))
        if not running:
            break
        now, name = heapq.heappop(running)
        room.give(name)
        order.over(name)
    for name in waiting:
        raise RunError(
            f"{name}: no machine has the cores, GPUs and memory together that it needs; add one, or ask for less"
        )


def estimates_text(rows: list[dict[str, Any]], room: Room) -> str:
    """The whole, in a sentence."""
    end = max(row["begins"] + row["seconds"] for row in rows)
    return f"about {format_seconds(end)} {room.told}, from {TIMED_STEPS} timed steps of each network"


def _cost(network: dict[str, Any]) -> float:
    return -network["images_per_second"]
