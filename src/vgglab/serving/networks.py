"""A network that is served: what computes it, what it says of pictures, and how good it is known to be."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.config.names import clean_name
from vgglab.datasets.decode import decode_content
from vgglab.datasets.parallel import Worker
from vgglab.errors import UsageError, VgglabError
from vgglab.exporting.exported import PREPROCESSING
from vgglab.exporting.kept import is_kept, open_kept
from vgglab.exporting.opening import Asked, can_write, installed, open_network
from vgglab.runs.store import Run, find_folder

KERAS = "keras"


@dataclass(frozen=True)
class Network:
    """A network that is served.

    Attributes:
        name: that requests name it by.
        path: run folder, model file or exported folder; never told to those who ask.
        engine: what computes it: `keras`, or one of `config.export.FORMATS`.
        classifier: a `vgglab.Classifier` or an `exporting.exported.Exported`.
        metrics: test figures as a run's `metrics.json` has them; None where they are not known.
    """

    name: str
    path: Path
    engine: str
    classifier: Any
    metrics: dict[str, Any] | None = None

    @cached_property
    def side(self) -> int:
        """Side in pixels of the squares that it sees."""
        return self.classifier.picture_side

    @property
    def bins(self) -> list[dict[str, Any]]:
        """How often it was right in its test, by how sure it was, see `evaluation.calibration`; empty if not known."""
        return ((self.metrics or {}).get("calibration") or {}).get("bins", [])

    @property
    def parallel(self) -> bool:
        """Whether several threads compute faster than one: Keras's backends take all cores for one call."""
        return self.engine != KERAS

    @property
    def explainable(self) -> bool:
        """Whether there is a Keras model to ask where it looked."""
        return not (self.path / PREPROCESSING).exists()

    @property
    def parity(self) -> dict[str, Any] | None:
        """How far its engine agrees with the network itself, see `exporting.parity.Parity`; None for the network."""
        return getattr(self.classifier, "parity", None)

    def answer(self, contents: list[bytes], pixels: int) -> list[np.ndarray | str]:
        """Of the content of each picture file the probabilities (classes,), or what is wrong with it.

        Args:
            contents: of the files.
            pixels: a picture that has more is not decoded.
        """
        decoded = [decode_content(content, self.side, self.classifier.levels, pixels) for content in contents]
        pictures = [picture for picture in decoded if not isinstance(picture, str)]
        rows = iter(self.classifier.predict(np.stack(pictures)) if pictures else ())
        return [picture if isinstance(picture, str) else next(rows) for picture in decoded]

    def warm_up(self) -> None:
        """Compute once: the first time takes longer."""
        self.classifier.predict(np.zeros((1, self.side, self.side, 3), np.uint8))


def open_networks(paths: list[Path], engine: str, tell: Callable[[str], None]) -> list[Network]:
    """The networks at some paths, ready to answer.

    Args:
        paths: run folders, runs' names below `./runs`, `.keras` files, or folders that `vgglab export` wrote.
        engine: `onnx`, `keras`, or `auto`: ONNX Runtime where it is installed, else Keras.
        tell: called with a line on what takes a while.

    Raises:
        RunError: there is no such network.
        UsageError: two of them have one name, or there is no such engine.
    """
    networks: list[Network] = []
    for path in paths:
        network = open_served(path, engine, tell)
        if taken := [each for each in networks if each.name == network.name]:
            raise UsageError(f"{path}: has the name {network.name}, and so has {taken[0].path}; copy or rename one")
        network.warm_up()
        networks.append(network)
    return networks


def open_served(path: Path, engine: str, tell: Callable[[str], None]) -> Network:
    """One of them; see `open_networks`."""
    asked = Asked(find_folder(path))
    path, run = asked.model, None
    if not asked.exported:
        run = Run(path) if path.is_dir() else None
        keep(asked, engine, tell)
    classifier = open_network(asked, engine, False, tell)
    name = clean_name(run.name if run else path.absolute().name.removesuffix(".keras"))
    return Network(name, path, getattr(classifier, "format", KERAS), classifier, run and run.metrics)


def keep(asked: Asked, engine: str, tell: Callable[[str], None]) -> None:
    """Have a network written as ONNX where that is to be, by a process of its own, as it loads TensorFlow."""
    if engine != KERAS and installed() and can_write() and not is_kept(asked.model):
        tell(f"{asked.model}: is written as ONNX once, and compared")
        with Worker(try_keep) as writer:
            (problem,) = writer.ask([asked.model])
        if problem:
            tell(f"vgglab: {problem}")


def try_keep(path: Path) -> str | None:
    """Write a network as ONNX into the cache; what went wrong, if anything did."""
    try:
        open_kept(path)
    except VgglabError as error:
        return str(error)
    return None
