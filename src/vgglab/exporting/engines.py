"""What runs an exported file: one function for each runtime.

Each `open_...` stands alone: its lines become part of the `predict.py` that is handed over, which is one page.
"""

from collections.abc import Callable

import numpy as np

Engine = Callable[[np.ndarray], np.ndarray]  # float32 images (N, side, side, 3), 0 to 255 -> probabilities (N, classes)
BATCH = 64  # images that are computed together


def open_onnx(path):
    """ONNX Runtime on the processor."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {session.get_inputs()[0].name: images})[0]


def open_onnx_beside(path):
    """The same beside other work: a thread that waits sleeps, and leaves its core to who decodes pictures."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {session.get_inputs()[0].name: images})[0]


def open_litert(path):
    """LiteRT, which was TensorFlow Lite; on as many threads as the machine has cores."""
    import os

    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_path=str(path), num_threads=os.cpu_count()).get_signature_runner()
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


def run_engine(engine: Engine, images: np.ndarray) -> np.ndarray:
    """Class probabilities (N, classes) of raw images (N, side, side, 3), 0 to 255, a few at a time; N at least 1."""
    batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
    return np.concatenate([engine(np.ascontiguousarray(batch, dtype=np.float32)) for batch in batches])
