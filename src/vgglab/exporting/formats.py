"""The formats that a network leaves in: what each needs installed, what its file is called, how it is written."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vgglab.errors import ExportError, RunError, UsageError, first_line
from vgglab.exporting import engines


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        name: as `--to` has it, and the extra that installs it.
        keras: Keras's name of it.
        file: name of the file, or folder, of a model.
        runtime: package that its user installs, and what is imported of it.
        writers: what writing needs imported besides.
        open: the engine that runs a file of it.
        quantized: what it can be quantized to.
    """

    name: str
    keras: str
    file: str
    runtime: tuple[str, str]
    writers: tuple[str, ...]
    open: Callable[[Path], engines.Engine]
    quantized: tuple[str, ...] = ()


_BOTH = ("int8", "float16")
_TABLE = (
    Format("onnx", "onnx", "model.onnx", ("onnxruntime",) * 2, ("onnx", "tf2onnx"), engines.open_onnx, _BOTH),
    Format("litert", "litert", "model.tflite", ("ai-edge-litert", "ai_edge_litert"), (), engines.open_litert, _BOTH),
    Format("savedmodel", "tf_saved_model", "saved_model", ("tensorflow",) * 2, (), engines.open_savedmodel),
    Format("openvino", "openvino", "model.xml", ("openvino",) * 2, (), engines.open_openvino, ("float16",)),
)
FORMATS = {each.name: each for each in _TABLE}


def choose_formats(names: str, quantize: str | None) -> list[Format]:
    """The formats that a comma-separated list names, each once, with all they need installed.

    Raises:
        UsageError: there is no such format, it is not quantized so, or Keras runs on a backend that writes none.
        RunError: a package is missing.
    """
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",")))
    if unknown := [name for name in wanted if name not in FORMATS]:
        raise UsageError(f"--to {unknown[0]}: no such format; expected one or more of {', '.join(FORMATS)}")
    chosen = [FORMATS[name] for name in wanted]
    if quantize and (unable := [each for each in chosen if quantize not in each.quantized]):
        able = ", ".join(name for name, each in FORMATS.items() if quantize in each.quantized) or "none"
        raise UsageError(f"--quantize {quantize}: {unable[0].name} is not written so; expected --to of {able}")
    if (backend := os.environ.get("KERAS_BACKEND", "tensorflow")) != "tensorflow":
        raise UsageError(f"export needs TensorFlow, and KERAS_BACKEND is {backend}; unset it, a .keras file fits any")
    for each in chosen:
        check_runtime(each)
        _check_installed(each, each.writers)
    return chosen


def check_runtime(format_: Format) -> None:
    """Make sure that the runtime of a format is there.

    Raises:
        RunError: it is missing.
    """
    _check_installed(format_, format_.runtime[1:])


def _check_installed(format_: Format, modules: tuple[str, ...]) -> None:
    for name in modules:
        if find_spec(name) is None:
            raise RunError(f"{format_.name} needs the package {name}; pip install 'vgglab[{format_.name}]'")


def write_format(model: Any, format_: Format, path: Path, **settings: Any) -> None:
    """Write a Keras model in a format, for batches of any size.

    Args:
        model: a `keras.Model`.
        format_: which.
        path: where to; ends as `format_.file` does.
        **settings: Keras's, of the format.

    Raises:
        ExportError: the model holds something that the format lacks.
    """
    import warnings

    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy, TensorFlow and tf2onnx about each other
            model.export(str(path), format=format_.keras, verbose=False, **settings)
    except Exception as error:  # what the converters raise is no closed list
        raise ExportError(f"Keras cannot write this model as {format_.name} ({first_line(error)})") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that converters and runtimes print, in whatever language they are written, reaches stdout or stderr."""
    kept = {number: os.dup(number) for number in (1, 2)}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for number in kept:
            os.dup2(nowhere, number)
        yield
    finally:
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)


def open_quietly(format_: Format, path: Path) -> engines.Engine:
    """The engine that runs a file; runtimes greet on stderr."""
    with quiet():
        return format_.open(path)


def size_of(path: Path) -> int:
    """Bytes of a model: of its file and the one beside it that holds its weights, or of its folder."""
    files = path.rglob("*") if path.is_dir() else path.parent.glob(f"{path.stem}.*")
    return sum(file.stat().st_size for file in files if file.is_file())
