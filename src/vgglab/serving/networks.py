"""A network that is served: what computes it, what it says of pictures, and how good it is known to be."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.config.names import clean_name
from vgglab.datasets.decode import decode_content
from vgglab.datasets.parallel import Worker
from vgglab.errors import RunError, UsageError
from vgglab.exporting.exported import open_exported
from vgglab.exporting.kept import is_kept, open_kept
from vgglab.keras_tools.backend import import_keras
from vgglab.runs.store import Run, find_folder

HANDED_OVER = "preprocessing.json"  # in a folder that `vgglab export` wrote


@dataclass(frozen=True)
class Network:
    """A network that is served.

    Attributes:
        name: that requests name it by.
        path: run folder, model file or exported folder; never told to those who ask.
        engine: what computes it: `onnx`, `keras`, or the format of an exported folder.
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
        return self.engine != "keras"

    @property
    def explainable(self) -> bool:
        """Whether there is a Keras model to ask where it looked."""
        return not (self.path / HANDED_OVER).exists()

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
        network = open_network(path, engine, tell)
        if taken := [each for each in networks if each.name == network.name]:
            raise UsageError(f"{path}: has the name {network.name}, and so has {taken[0].path}; copy or rename one")
        network.warm_up()
        networks.append(network)
    return networks


def open_network(path: Path, engine: str, tell: Callable[[str], None]) -> Network:
    """One of them; see `open_networks`."""
    path = find_folder(path)
    if (path / HANDED_OVER).exists():
        return Network(clean_name(path.absolute().name), path, "exported", open_exported(path))
    run = Run(path) if path.is_dir() else None
    name = clean_name(run.name if run else path.stem)
    metrics = run and run.metrics
    return Network(name, path, *_open(path, engine, tell), metrics)


def _open(path: Path, engine: str, tell: Callable[[str], None]) -> tuple[str, Any]:
    """What computes a network, and the name of that."""
    if engine not in ("auto", "onnx", "keras"):
        raise UsageError(f"--engine {engine}: expected auto, onnx or keras")
    if engine == "onnx" or (engine == "auto" and find_spec("onnxruntime")):
        try:
            return "onnx", _open_onnx(path, tell)
        except (RunError, UsageError) as error:
            if engine == "onnx":
                raise
            tell(f"{path}: computed by Keras ({error})")
    from vgglab.runs.find import find_classifier

    return "keras", find_classifier(path)


def _open_onnx(path: Path, tell: Callable[[str], None]) -> Any:
    """A network as ONNX; where it is to be written first, a process of its own does, as that loads TensorFlow."""
    if not is_kept(path):
        tell(f"{path}: is written as ONNX once, and compared")
        with Worker(try_keep) as writer:
            (problem,) = writer.ask([path])
        if problem:
            raise RunError(problem)
    return open_kept(path)


def try_keep(path: Path) -> str | None:
    """Write a network as ONNX into the cache; what went wrong, if anything did."""
    import_keras()
    try:
        open_kept(path)
    except (RunError, UsageError) as error:
        return str(error)
    return None
