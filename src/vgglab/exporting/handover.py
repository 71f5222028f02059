"""What goes out beside a model: class names, how pictures are decoded, a program that predicts, a model card."""

import hashlib
import importlib.util
import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vgglab.config.shown import one_line
from vgglab.exporting import standalone
from vgglab.exporting.formats import Format
from vgglab.runs.files import write_json, write_text
from vgglab.runs.saved_model import Classifier

ENGINE_LINE = "from vgglab.exporting.engines import open_onnx as open_model"


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
            "grey levels of 16 bits to 8, or those in `levels` to 0 and 255",
            "shorter side scaled to `side` (bilinear, averaging where it shrinks), middle square kept",
        ],
        "levels": {bits: list(ends) for bits, ends in (classifier.levels or {}).items()},
    }


def program(format_: Format) -> str:
    """The text of `predict.py`, which needs Pillow, NumPy and the format's runtime alone."""
    engine = textwrap.dedent(inspect.getsource(format_.open)).strip().replace(format_.open.__name__, "open_model")
    before, after = inspect.getsource(standalone).split(f"{ENGINE_LINE}\n")
    return f"{before}\n{engine}\n{after}"


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
