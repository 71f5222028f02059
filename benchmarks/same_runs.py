"""How two folders of runs differ in what was computed: times, paths and left-overs of kills are no difference."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

LEFT_BEHIND = re.compile(r"^\.(\d+-|[^.]+\.npy)")  # names under which files are written before they are renamed
# What is another in each process: times, the command's paths, and addresses in memory that Keras names objects by.
UNLIKE = {"seconds", "created", "command", "shared_object_id"}
ONLY_PRESENT = {"report.html"}  # it tells times in its text


def differences(whole: Path, got: Path) -> list[str]:
    """A line for each file that only one of two folders has, and for each that differs."""
    one, other = files_of(whole), files_of(got)
    lines = [f"missing: {name}" for name in sorted(one - other)] + [f"extra: {name}" for name in sorted(other - one)]
    return lines + [f"differs: {name}" for name in sorted(one & other) if not same(whole / name, got / name)]


def left_behind(folder: Path) -> list[str]:
    """Files and folders below a folder that were being written when a process was killed."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if LEFT_BEHIND.match(path.name)]


def files_of(folder: Path) -> set[str]:
    """Paths below a folder of all files but left-overs and locks."""
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {
        str(path)
        for path in paths
        if not path.name.endswith(".lock") and not any(LEFT_BEHIND.match(part) for part in path.parts)
    }


def same(one: Path, other: Path) -> bool:
    """Whether two files hold the same, but for times."""
    if one.name in ONLY_PRESENT or one.read_bytes() == other.read_bytes():
        return True
    return content(one) == content(other)


def content(path: Path) -> Any:
    """What a file holds, without times; arrays as their bytes."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            weights = arrays(io.BytesIO(archive.read("model.weights.h5")))
            return weights, *(alike(json.loads(archive.read(name))) for name in ("config.json", "vgglab.json"))
    if path.suffix == ".h5":
        return arrays(path)
    if path.suffix == ".json":
        return alike(json.loads(path.read_text()))
    if path.suffix == ".jsonl":
        return [alike(json.loads(line)) for line in path.read_text().splitlines()]
    if path.name == "history.csv":
        with path.open(newline="") as lines:
            return [alike(row) for row in csv.DictReader(lines)]
    return path.read_bytes()


def arrays(file: Any) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Every array of an HDF5 file: type, shape and bytes."""
    import h5py

    found: dict[str, Any] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = (str(item.dtype), item.shape, item[()].tobytes())

    with h5py.File(file) as opened:
        opened.visititems(keep)
    return found


def alike(tree: Any) -> Any:
    """JSON without what is another in each process."""
    if isinstance(tree, dict):
        return {key: alike(value) for key, value in tree.items() if key not in UNLIKE}
    return [alike(value) for value in tree] if isinstance(tree, list) else tree
