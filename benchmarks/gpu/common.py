"""What the scripts for a GPU share: their options, a training that is clocked, tables, and a file of JSON each."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import vgglab
from vgglab.config.schema import FOR_VGG16, config_fields, is_own
from vgglab.report.tables import text_table
from vgglab.runs.environment import describe_environment

Row = dict[str, Any]


class Clock:
    """Seconds that are left of those that a script has."""

    def __init__(self, seconds: float):
        self.ends = time.perf_counter() + seconds

    def left(self) -> float:
        """Seconds until the end."""
        return self.ends - time.perf_counter()

    def allows(self, seconds: float) -> bool:
        """Whether something that takes so long can still be begun."""
        return self.left() > seconds


def parse(text: str, arguments: Sequence[str] | None, **more: Any) -> argparse.Namespace:
    """The options that all scripts have, for small settings on a CPU too, and a script's own ones.

    Args:
        text: what the script measures.
        arguments: None for those of the command line.
        **more: name -> default of an option of the script's own.
    """
    quietly()
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--seconds", type=float, default=230.0, help="nothing is begun that would take longer")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder of the JSON")
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="of every run")
    for name, default in more.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    return parser.parse_args(arguments)


def settings(given: argparse.Namespace) -> dict[str, Any]:
    """Dotted fields of the config that the options ask for in every run."""
    from vgglab.config.resolve import parse_assignments

    return {"data.name": given.data} | parse_assignments(given.set)


def train(tree: dict[str, Any]) -> Row:
    """Train a run in a folder that goes away, and clock it.

    Args:
        tree: dotted fields of its config.

    Returns:
        `whole` (seconds of `vgglab.run`), `first` (of the first epoch, in which is compiled), `epoch` (median of the
        others), `epochs` (their sum), `images_per_second` (trained, in the median epoch), `accuracy` (test), `status`,
        and `weights`, the best model's, which `written` leaves out.
    """
    from vgglab.config.resolve import make_config

    config = make_config({}, known(tree), "benchmark")
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = vgglab.run(config, out=folder, progress="none")
        whole = time.perf_counter() - started
        seconds = [row["seconds"] for row in run.history]
        epoch = median(seconds[1:] or seconds)
        return {
            "whole": round(whole, 2),
            "first": seconds[0],
            "epoch": round(epoch, 3),
            "epochs": round(sum(seconds), 2),
            "images_per_second": round(len(run.split["train"]) / epoch),
            "accuracy": run.metrics["accuracy"] if run.status == "finished" else None,
            "status": run.status,
            "weights": run.classifier.model.get_weights(),
        }


def known(tree: dict[str, Any]) -> dict[str, Any]:
    """Those settings that this version and the network have: scripts ask for an engine that an older one lacks."""
    own = is_own(tree.get("model.name", "vgg16"))
    fields = set(config_fields()) - {f"model.{name}" for name in FOR_VGG16 if own}
    return {field: value for field, value in tree.items() if field in fields}


def written(rows: list[Row]) -> list[Row]:
    """Rows without arrays."""
    return [{name: value for name, value in row.items() if name != "weights"} for row in rows]


def quietly() -> None:
    """Import Keras without its greetings, and have JAX keep its programs: before anything else imports it."""
    from vgglab.keras_tools.backend import import_keras

    import_keras()


def keep(given: argparse.Namespace, name: str, rows: list[Row], **more: Any) -> None:
    """Write what there is so far as `NAME.json`: a script that is stopped leaves that.

    Args:
        given: the options.
        name: of the file.
        rows: so far.
        **more: what else to tell; `devices` where this process is to take none for itself.
    """
    environment = describe_environment(None, None, backend())
    devices = more.pop("devices", None) or devices_here()
    told = {"command": sys.argv, "environment": environment, "devices": devices, **more, "rows": written(rows)}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / f"{name}.json").write_text(json.dumps(told, indent=1, default=str))


def devices_here() -> list[Row]:
    """What the backend sees; JAX takes most of the memory of a GPU for the process that asks."""
    from vgglab.keras_tools.devices import list_devices

    return [each._asdict() for each in list_devices()]


def backend() -> str:
    """The name of Keras's backend."""
    import keras

    return keras.backend.backend()


def show(rows: list[Row]) -> None:
    """Rows as a table, columns as in the first."""
    columns = list(dict.fromkeys(name for row in written(rows) for name in row))
    print(text_table(columns, [[_cell(row.get(name)) for name in columns] for row in rows]), flush=True)


def say(text: str) -> None:
    """A line about what goes on."""
    print(text, file=sys.stderr, flush=True)


def _cell(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
