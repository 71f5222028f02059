"""The network that a person names, and what computes it: ONNX Runtime, Keras, or what an exported folder needs."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vgglab.config.export import ENGINES
from vgglab.errors import DataError, ExportError, UsageError
from vgglab.exporting.exported import PREPROCESSING, open_exported
from vgglab.exporting.formats import FORMATS
from vgglab.exporting.kept import file_digest, is_kept, model_digest, open_kept
from vgglab.runs.find import find_averaged, find_classifier, find_models
from vgglab.runs.source import execute_file
from vgglab.runs.store import find_folder

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """A network as a person names it.

    Attributes:
        model: a run folder, a run's name below `./runs`, a `.keras` file, or a folder that `vgglab export` wrote.
        classes: a text file with a class name a line, for a file without.
        code: a Python file that registers the network's own layers.
        ensemble: whether it is the mean over all seeds or folds of the run in the folder `model`.
        tta: one of `runs.ensemble.TTA`, ways to look at an image several times; None looks once.
    """

    model: Path
    classes: Path | None = None
    code: Path | None = None
    ensemble: bool = False
    tta: str | None = None

    @property
    def exported(self) -> bool:
        """Whether it is a folder that `vgglab export` wrote."""
        return (self.model / PREPROCESSING).is_file()

    @property
    def averaged(self) -> bool:
        """Whether it is a mean over several networks, or over several views of an image."""
        return self.ensemble or self.tta is not None

    def digest(self) -> str:
        """A hash of it, the same wherever its files lie.

        Raises:
            RunError: there is no such model.
            UsageError: the class names do not fit.
        """
        if self.averaged:
            files = find_models(self.model, self.ensemble, self.classes)
            each = [model_digest(file, self.classes, self.code) for file in files]
            return hashlib.sha256(" ".join([str(self.tta), *each]).encode()).hexdigest()
        if not self.exported:
            return model_digest(self.model, self.classes, self.code)
        files = sorted(path for path in self.model.rglob("*") if path.is_file())
        return hashlib.sha256(b"".join(map(file_digest, files))).hexdigest()


def open_network(asked: Asked, engine: str, many: bool, tell: Tell) -> Any:
    """A network, ready to predict; TensorFlow is loaded where Keras computes, or where ONNX is to be written first.

    Args:
        asked: which.
        engine: one of `config.export.ENGINES`; `auto` is ONNX Runtime where it is installed and the network was written
            as ONNX before, or will be asked often enough for that to pay.
        many: whether it will be.
        tell: called with a line for a person.

    Returns:
        A `vgglab.Classifier`, or an `exporting.exported.Exported`.

    Raises:
        UsageError: there is no such engine, or it is not that of the exported folder.
        RunError: there is no such model, or the engine cannot run it.
    """
    if engine not in ENGINES:
        raise UsageError(f"--engine {engine}: expected {', '.join(ENGINES)}")
    if asked.averaged:
        return _open_averaged(asked, engine)
    if asked.exported:
        return _open_folder(asked, engine)
    named = (find_folder(asked.model), asked.classes, asked.code)
    if engine == "onnx":
        return open_kept(*named, tell)
    if engine == "auto" and installed() and (is_kept(*named) or (many and can_write())):
        try:
            return open_kept(*named, tell)
        except (ExportError, DataError) as error:
            tell(f"vgglab: {error}; Keras computes")
    if asked.code is not None:
        execute_file(asked.code)
    return find_classifier(asked.model, asked.classes)


def _open_folder(asked: Asked, engine: str) -> Any:
    if asked.classes:
        raise UsageError(f"--classes {asked.classes}: {asked.model} has its class names inside; leave --classes out")
    exported = open_exported(asked.model)
    if engine not in ("auto", exported.format):
        raise UsageError(f"--engine {engine}: {asked.model} is {exported.format}; leave --engine out")
    return exported


def _open_averaged(asked: Asked, engine: str) -> Any:
    if engine == "onnx":
        raise UsageError(
            "--engine onnx computes what is in one file, not what --ensemble or --tta average; save that with vgglab "
            "ensemble, and name the file"
        )
    if asked.code is not None:
        execute_file(asked.code)
    return find_averaged(asked.model, asked.ensemble, asked.tta, asked.classes)


def installed() -> bool:
    """Whether ONNX Runtime is."""
    return find_spec(FORMATS["onnx"].runtime[1]) is not None


def can_write() -> bool:
    """Whether a network can be written as ONNX here."""
    return all(map(find_spec, FORMATS["onnx"].writers)) and os.environ.get("KERAS_BACKEND") in (None, "", "tensorflow")
