"""A network as ONNX, written once into the cache and held against itself: next time it opens without TensorFlow."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock
from PIL import Image

from vgglab.config.export import TOLERANCE
from vgglab.datasets.kept import Entry, Store, mark_used, size_of
from vgglab.errors import DataError, ExportError, RunError
from vgglab.exporting.exported import Exported, open_exported
from vgglab.exporting.formats import FORMATS, check_runtime, choose_formats, open_quietly, write_format
from vgglab.keras_tools.backend import import_keras
from vgglab.keras_tools.programs import cache_home
from vgglab.runs.environment import package_version
from vgglab.runs.files import LEFT, write_folder, write_json
from vgglab.runs.find import find_classifier, find_model
from vgglab.runs.remote.names import shown
from vgglab.runs.source import execute_file, kept_source

FORMAT = FORMATS["onnx"]
VERSION = 1  # of the entries: another one writes every network anew
PACKAGES = ("keras", "tf2onnx", "onnxruntime")  # whose versions an entry is good for
RECORD = "kept.json"
TRIALS = 48  # pictures that both answer


class ExportStore(Store):
    """Networks as ONNX: a folder an entry."""

    kind = "exported"

    def __init__(self, folder: Path | None = None, limit: int | None = None):
        super().__init__(folder or cache_home() / "exported", limit)

    def lock(self, key: str) -> Path:
        """The file that a process holds while it makes an entry."""
        return self.folder / f".{key}.lock"

    def find(self) -> Iterator[Entry]:
        """What is kept, in any order."""
        for path in self.folder.glob(f"[!.]*/{RECORD}"):
            with suppress(OSError, ValueError, KeyError):  # another process has just taken it away
                about, entry = json.loads(path.read_text(encoding="utf-8"))["about"], path.parent
                used = entry.stat().st_mtime
                yield Entry(entry.name, (entry,), self.lock(entry.name), size_of(entry), used, about)

    def left_overs(self) -> Iterator[Entry]:
        """What is just being made, and what killed processes left."""
        for path in self.folder.glob(".*"):
            if (made := LEFT.fullmatch(path.name)) and path.is_dir():
                with suppress(OSError):
                    key = made[3].removeprefix("old-")
                    yield Entry(key, (path,), self.lock(key), size_of(path))


def open_kept(
    model: Path | str,
    classes: Path | str | None = None,
    code: Path | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Exported:
    """A run's best model, or any classifier's `.keras` file, by ONNX Runtime; `parity` says how far they agree.

    Args:
        model: a run folder, a run's name below `./runs`, or a `.keras` file.
        classes: a text file with a class name a line, for a file without.
        code: a Python file that registers the network's own layers.
        tell: called with a line before it is written, which loads TensorFlow and takes seconds.

    Raises:
        RunError: there is no such model, or a package is missing.
        ExportError: it cannot be written, or what is written answers otherwise than the network.
        UsageError: the class names do not fit, or Keras runs on a backend that writes no ONNX.
        DataError: the cache cannot be written.
    """
    check_runtime(FORMAT)
    store, key = ExportStore(), entry_key(model, classes, code)
    entry = store.folder / key
    kept = _open(entry)
    if kept is None:
        try:
            store.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(store.lock(key)):
                kept = _open(entry)  # by another process, while this one waited
                if kept is None:
                    tell(f"{shown(model)}: is written as ONNX once, and compared")
                    choose_formats(FORMAT.name, None)
                    store.make_room(find_model(model).stat().st_size, key)
                    write_folder(entry, lambda folder: _make(folder, model, classes, code), replace=True)
                    kept = _open(entry)
        except OSError as error:
            reason = error.strerror or error
            raise DataError(f"{store.folder}: cannot keep the network ({reason}); name another VGGLAB_CACHE") from None
    if kept is None:
        raise ExportError(f"{model}: what was written as ONNX cannot be read again; predict with Keras")
    largest = kept.parity["largest"]
    if largest is None or not max(largest, kept.parity["largest_of_files"]) <= TOLERANCE:
        raise ExportError(f"{model}: as ONNX a probability differs by {largest or np.inf:.1g}; predict with Keras")
    return kept


def is_kept(model: Path | str, classes: Path | str | None = None, code: Path | None = None) -> bool:
    """Whether `open_kept` finds the network in the cache."""
    return (ExportStore().folder / entry_key(model, classes, code) / RECORD).exists()


def entry_key(model: Path | str, classes: Path | str | None, code: Path | None) -> str:
    """The name of an entry: a hash of all that it depends on."""
    versions = [VERSION, *map(package_version, PACKAGES)]
    return hashlib.sha256(f"{versions} {model_digest(model, classes, code)}".encode()).hexdigest()[:32]


def model_digest(model: Path | str, classes: Path | str | None = None, code: Path | None = None) -> str:
    """A hash of a network: of its file, its code and its class names."""
    path = find_model(model, classes)
    source = kept_source(path.absolute().parent)
    files = (path, classes and Path(classes), code, source and source.path)
    return hashlib.sha256(b"".join(file_digest(file) if file else b"-" for file in files)).hexdigest()


def file_digest(file: Path) -> bytes:
    """SHA-256 of a file; of none where it cannot be read: who opens it says what is wrong."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").digest()
    except OSError:
        return hashlib.sha256().digest()


def _open(entry: Path) -> Exported | None:
    """What an entry holds; None where it is missing or damaged."""
    try:
        told = json.loads((entry / RECORD).read_text(encoding="utf-8"))
        exported = open_exported(entry)
        mark_used(entry)
        return replace(exported, classes=told["classes"], named=told["named"], parity=told["parity"])
    except (OSError, ValueError, KeyError, TypeError, RunError):
        return None


def _make(folder: Path, model: Path | str, classes: Path | str | None, code: Path | None) -> None:
    """Fill an entry; what loads TensorFlow is imported here."""
    import_keras()
    from vgglab.exporting.handover import write_tools
    from vgglab.exporting.parity import Sample, compare

    if code is not None:
        execute_file(code)
    classifier = find_classifier(model, classes)
    load = write_tools(folder, FORMAT, classifier)
    images = trial_images(classifier.picture_side)
    files = [folder / f"{number}.png" for number in range(len(images))]
    for file, image in zip(files, images, strict=True):
        Image.fromarray(image).save(file, compress_level=1)
    sample = Sample(images, None, files, classifier.predict(images))
    write_format(classifier.model, FORMAT, folder / FORMAT.file)
    parity = compare(sample, open_quietly(FORMAT, folder / FORMAT.file), load).as_dict()
    for file in files:
        file.unlink()
    told = {"classes": classifier.classes, "named": classifier.named, "parity": parity}
    write_json(folder / RECORD, told | {"about": f"{classifier.model.name}, {len(classifier.classes)} classes"})


def trial_images(side: int) -> np.ndarray:
    """Pictures that any network can be asked about: patches of colour from two a side to one a pixel.

    Returns:
        uint8 (TRIALS, side, side, 3).
    """
    random, scales = np.random.default_rng(0), np.unique(np.geomspace(2, side, 6).astype(int))
    patches = (random.integers(0, 256, (scales[number % len(scales)],) * 2 + (3,)) for number in range(TRIALS))
    drawn = (Image.fromarray(each.astype(np.uint8)) for each in patches)
    return np.stack([np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)) for image in drawn])
