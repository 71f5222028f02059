"""Export a network: written in other formats, held against itself there, and handed over in a folder for each."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vgglab.config.export import CALIBRATION_IMAGES, TOLERANCE, ExportSettings
from vgglab.config.names import clean_name
from vgglab.config.schema import DATASETS
from vgglab.datasets.dataset import DataSet
from vgglab.datasets.load import load_data
from vgglab.errors import RunError, UsageError
from vgglab.experiments.evaluation import given_data, own_data
from vgglab.exporting.card import card_text
from vgglab.exporting.formats import Format, choose_formats, open_quietly, size_of, write_format
from vgglab.exporting.handover import digests, write_tools
from vgglab.exporting.parity import Sample, compare, latency
from vgglab.exporting.quantize import write_quantized
from vgglab.runs.environment import installed_versions, package_version, processor_name
from vgglab.runs.files import write_folder, write_text
from vgglab.runs.find import find_classifier
from vgglab.runs.remote.names import here
from vgglab.runs.saved_model import Classifier
from vgglab.runs.store import Run, find_folder

VERSIONS = ("vgglab", "keras", "tensorflow-cpu", "tensorflow", "numpy", "pillow")


def export(
    model: Path | str,
    to: str,
    *,
    out: Path | str = "exported",
    data: Path | str | None = None,
    data_dir: Path | str | None = None,
    classes: Path | str | None = None,
    **settings: Any,
) -> list[dict[str, Any]]:
    """Write a network in other formats, each into a folder of its own, once it is known how far it answers alike.

    Args:
        model: a run folder, a run's name below `./runs`, or a `.keras` file.
        to: formats of `config.export.FORMATS`, comma-separated.
        out: folder that theirs are made in, named `<run>-<format>`, with `-differs` where it does not answer alike.
        data: where a run's pictures are now; of a file the data set to compare on: a name, or a folder of pictures.
        data_dir: where the data sets lie; None for VGGLAB_DATA, then Keras's cache.
        classes: a text file with a class name a line, for a `.keras` file that has none inside; None numbers them.
        **settings: `quantize` (`int8` or `float16`; else float32), `images` (how many are compared, 200) and `at_most`
            (accuracy that quantization may cost, 0.01): see `config.export.ExportSettings`.

    Returns:
        For each format `name`, `format`, `quantized`, `status` (`exported`; `differs`; `refused`: quantization costs
        too much, nothing is written), `folder`, `size` (bytes), `parity` (see `exporting.parity.Parity`), `cost` (of
        accuracy, or the share of other answers), `latency` (see `exporting.parity.latency`), `before` (`size`,
        `latency` of float32; None where that is what it is), `processor` and `cores`.

    Raises:
        UsageError: there is no such format, or nothing to compare on.
        RunError: there is no such model, a package is missing, a folder exists, or a format cannot hold the model.
        DataError: the data is missing, or is not what the run was trained on.
    """
    wanted = ExportSettings(**settings)
    formats = choose_formats(to, wanted.quantize)
    path = find_folder(model)
    run = None if path.suffix == ".keras" else Run(path)
    name = clean_name(run.name if run else path.stem)
    folders = [here(out, "--out") / "-".join([name, each.name, *filter(None, [wanted.quantize])]) for each in formats]
    for folder in (each for made in folders for each in (made, differing(made))):
        if folder.exists():
            raise RunError(f"{folder}: exists already; choose another --out, or remove it")
    classifier = find_classifier(path, classes)
    dataset, told = test_data(run, classifier, data, data_dir)
    with tempfile.TemporaryDirectory() as work:
        sample = draw_sample(classifier, dataset, wanted.images, Path(work) / "pictures")
        common = {"name": name, "quantized": wanted.quantize, "run": told, **describe(classifier)}
        return [
            export_one(each, folder, classifier, sample, common, wanted.at_most, spread(dataset.train.images))
            for each, folder in zip(formats, folders, strict=True)
        ]


def differing(folder: Path) -> Path:
    """The folder's name where its model answers otherwise."""
    return folder.with_name(f"{folder.name}-differs")


def test_data(
    run: Run | None, classifier: Classifier, data: Path | str | None, data_dir: Path | str | None
) -> tuple[DataSet, dict[str, Any] | None]:
    """The data set to compare on, and what the card tells of a run."""
    if run:
        dataset = own_data(run, given_data(data, None, None), data_dir)
        if dataset is None:
            raise UsageError(f"--data {data}: holds other pictures than the run was trained on; name its own folder")
        split = run.split
        counts = {part: len(split[part]) for part in ("train", "validation", "test")}
        return dataset, {"data": dataset.name, "images": counts, "split": split.get("sha256"), "metrics": run.metrics}
    if data is None:
        raise UsageError("a model file knows no images to compare on; name a data set or a folder of pictures, --data")
    side = None if str(data) in DATASETS else classifier.picture_side
    dataset = load_data(str(data), image_size=side, data_dir=data_dir)
    if dataset.image_shape[0] != classifier.picture_side:
        sizes = f"{dataset.image_shape[0]} pixels wide, the model takes {classifier.picture_side}"
        raise UsageError(f"--data {data}: its images are {sizes}; name a folder of pictures")
    return dataset, None


def draw_sample(classifier: Classifier, dataset: DataSet, count: int, place: Path) -> Sample:
    """Test images spread over the whole test part, a picture file of each, and the network's answers."""
    rows = spread_rows(len(dataset.test), count)
    images = np.asarray(dataset.test.images[rows])
    place.mkdir()
    files = [picture_file(dataset, row, place) for row in rows]
    labels = dataset.test.labels[rows] if list(dataset.classes) == classifier.classes else None
    return Sample(images, labels, files, classifier.predict(images))


def picture_file(dataset: DataSet, row: int, place: Path) -> Path:
    """The file that a test image is from; of a data set without files one that is made below `place`."""
    if dataset.files:
        path = Path(dataset.name).expanduser() / dataset.files[dataset.test.indices[row]]
        if path.exists():
            return path
    path = place / f"{row}.png"
    Image.fromarray(dataset.test.images[row]).save(path)
    return path


def spread_rows(total: int, count: int) -> np.ndarray:
    """At most `count` of `total` positions, from the first to the last."""
    return np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int))


def spread(images: np.ndarray) -> np.ndarray:
    """The images that int8 takes its ranges from."""
    return np.asarray(images[spread_rows(len(images), CALIBRATION_IMAGES)])


def describe(classifier: Classifier) -> dict[str, Any]:
    """What a card tells of the network and of where it was measured."""
    return {
        "classes": classifier.classes,
        "side": classifier.picture_side,
        "versions": {name: installed_versions()[name] for name in VERSIONS if name in installed_versions()},
        "processor": processor_name(),
        "cores": os.cpu_count(),
    }


def export_one(
    format_: Format,
    folder: Path,
    classifier: Classifier,
    sample: Sample,
    common: Mapping[str, Any],
    at_most: float,
    training: np.ndarray,
) -> dict[str, Any]:
    """One format: written aside, compared, and only then put where it belongs."""
    with tempfile.TemporaryDirectory() as work:
        stage, whole = Path(work) / "stage", Path(work) / format_.file
        stage.mkdir()
        written, before = stage / format_.file, None
        write_format(classifier.model, format_, whole if common["quantized"] else written)
        if common["quantized"]:
            before = {"name": "float32", "size": size_of(whole)}
            before["latency"] = latency(open_quietly(format_, whole), sample.images)
            write_quantized(classifier.model, format_, whole, written, common["quantized"], training)
        load, engine = write_tools(stage, format_, classifier), open_quietly(format_, written)
        parity = compare(sample, engine, load)
        told = {**common, "format": format_.name, "parity": parity.as_dict(), "before": before}
        told |= {"size": size_of(written), "latency": latency(engine, sample.images)}
        told["versions"] = told["versions"] | {format_.runtime[0]: package_version(format_.runtime[0])}
        cost = 1 - parity.same if parity.cost is None else parity.cost
        if common["quantized"]:
            status = "exported" if cost <= at_most and np.isfinite(parity.largest) else "refused"
        else:
            status = "exported" if parity.holds(TOLERANCE) else "differs"
        write_text(stage / "README.md", card_text(format_, told, digests(stage)))
        target = place(stage, folder, status)
    left_out = ("run", "classes", "versions", "side")
    row = {key: value for key, value in told.items() if key not in left_out}
    return row | {"status": status, "folder": target and str(target), "cost": cost}


def place(stage: Path, folder: Path, status: str) -> Path | None:
    """Put what was made where it belongs, whole; None where it is refused."""
    if status == "refused":
        return None
    target = folder if status == "exported" else differing(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_folder(target, lambda temporary: shutil.copytree(stage, temporary, dirs_exist_ok=True))
    except FileExistsError:
        raise RunError(f"{target}: exists already; choose another --out, or remove it") from None
    return target
