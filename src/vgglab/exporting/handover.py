"""What goes out beside a model: class names, how pictures are decoded, a program that predicts, a model card."""

import hashlib
import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vgglab.config.shown import one_line
from vgglab.datasets.levels import HIGHEST
from vgglab.exporting import standalone
from vgglab.exporting.formats import Format
from vgglab.runs.files import write_json, write_text
from vgglab.runs.saved_model import Classifier

FILE = 'here / how["file"]'
IMPORT_LINE, ENGINE_LINE = "from vgglab.exporting.engines import open_onnx", f"model = open_onnx({FILE})"


def write_tools(folder: Path, format_: Format, classifier: Classifier) -> Callable[[Path], Any]:
    """Write `labels.txt`, `preprocessing.json` and `predict.py`; returns how that program decodes a file.

    Args:
        folder: where to.
        format_: of the model in it.
        classifier: the network.
    """
    write_text(folder / "labels.txt", "".join(f"{one_line(name)}\n" for name in classifier.classes))
    how = preprocessing(format_, classifier)
    write_json(folder / "preprocessing.json", how)
    write_text(folder / "predict.py", program(format_))
    load = _import(folder / "predict.py").load
    return lambda path: load(path, how["side"], how["levels"])


def preprocessing(format_: Format, classifier: Classifier) -> dict[str, Any]:
    """What `preprocessing.json` holds: the model's file, and what it takes; scaling is inside the model."""
    return {
        "schema": 1,
        "format": format_.name,
        "file": format_.file,
        "input": "float32 (N, side, side, 3), RGB, 0 to 255: scaling and normalization are inside the model",
        "output": "float32 (N, classes), probabilities, in the order of labels.txt",
        "side": classifier.picture_side,
        "picture": [
            "turned upright as EXIF says",
            "transparency laid on white",
            "grey levels that are in `levels` by their bits, to 0 and 255",
            "shorter side scaled to `side` (bilinear, averaging where it shrinks), middle square kept",
        ],
        "levels": {"16": [0, HIGHEST["16"]]} | {bits: list(ends) for bits, ends in (classifier.levels or {}).items()},
    }


def program(format_: Format) -> str:
    """The text of `predict.py`, which needs Pillow, NumPy and the format's runtime alone."""
    lines = [line.strip() for line in inspect.getsource(format_.open).splitlines()[2:] if line.strip()]
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    opening = [line.replace("return ", "model = ").replace("path)", f"{FILE})") for line in lines[len(imports) :]]
    text = inspect.getsource(standalone).replace(f"\n{IMPORT_LINE}\n", "\n".join(imports) + "\n")
    return text.replace(f"    {ENGINE_LINE}\n", "".join(f"    {line}\n" for line in opening))


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below a folder, by its path there, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _import(path: Path) -> Any:
    """The program as a module, not run: no bytecode is left beside it."""
    spec = importlib.util.spec_from_loader("handed_over", loader=None, origin=str(path))
    module = importlib.util.module_from_spec(spec)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    return module
