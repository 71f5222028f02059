"""What runs an exported file: one function for each runtime, and a classifier around it that needs no Keras.

Each `open_...` stands alone: its text becomes part of the `predict.py` that is handed over.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vgglab.errors import RunError, first_line

Engine = Callable[[np.ndarray], np.ndarray]  # float32 images (N, side, side, 3), 0 to 255 -> probabilities (N, classes)
BATCH = 64  # images that are computed together


def open_onnx(path):
    """ONNX Runtime on the processor."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]


def open_litert(path):
    """LiteRT, which was TensorFlow Lite; on as many threads as the machine has cores."""
    import os

    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=os.cpu_count())
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner()
    (name,) = run.get_input_details()
    return lambda images: next(iter(run(**{name: images}).values()))


def open_savedmodel(path):
    """TensorFlow's own format; Keras is not needed."""
    import tensorflow as tf

    run = tf.saved_model.load(str(path)).signatures["serving_default"]
    (name,) = run.structured_input_signature[1]
    return lambda images: next(iter(run(**{name: tf.constant(images)}).values())).numpy()


def open_openvino(path):
    """OpenVINO, told to compute in float32: of itself it takes bfloat16 where the processor has it."""
    import openvino

    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: compiled(images)[0]


@dataclass(frozen=True)
class Exported:
    """A folder that `vgglab export` wrote, ready to predict; it can stand where a `vgglab.Classifier` does.

    Attributes:
        engine: from float32 images to probabilities.
        classes: the class names, in the order of the outputs.
        picture_side: side in pixels of the squares that pictures are decoded to.
        levels: grey levels that pictures are stretched by, by bits; empty without.
    """

    engine: Engine
    classes: list[str]
    picture_side: int
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities, float32 (N, classes), of raw images (N, side, side, 3), 0 to 255; N at least 1."""
        return run_engine(self.engine, images)


def run_engine(engine: Engine, images: np.ndarray) -> np.ndarray:
    """Class probabilities (N, classes) of raw images (N, side, side, 3), 0 to 255, a few at a time; N at least 1."""
    batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
    return np.concatenate([engine(np.ascontiguousarray(batch, dtype=np.float32)) for batch in batches])


def open_exported(folder: Path) -> Exported:
    """The network in a folder that `vgglab export` wrote.

    Raises:
        RunError: it is no such folder, or its runtime is not installed.
    """
    from vgglab.exporting.formats import FORMATS, check_runtime, open_quietly

    try:
        told = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))
        format_, file, side, levels = FORMATS[told["format"]], told["file"], told["side"], told["levels"]
        labels = (folder / "labels.txt").read_text(encoding="utf-8").split("\n")[:-1]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{folder}: is no folder that vgglab export wrote ({first_line(error)})") from None
    check_runtime(format_)
    try:
        engine = open_quietly(format_, folder / file)
    except Exception as error:  # what a runtime raises for a damaged file is its own
        raise RunError(f"{folder / file}: cannot be loaded ({first_line(error)}); export it again") from None
    return Exported(engine, labels, side, {bits: tuple(ends) for bits, ends in levels.items()})
